"""What all components that learn have in common."""

from spacy.pipeline import TrainablePipe
from thinc.api import Model, Optimizer

from ..encoder.architecture import NAME as ENCODER


class Head(TrainablePipe):
    """A component that stays as it is where nothing is annotated for it.

    In joint training a batch is annotated for one component. The others give the encoder zeros, and
    have gradients of zero themselves; by those an optimiser would still move them, with its
    momentum and weight decay.
    """

    def finish_update(self, sgd: Optimizer) -> None:
        """Change the weights, unless nothing was learned since the last time."""
        if _has_learned(self.model):
            super().finish_update(sgd)


def _has_learned(model: Model) -> bool:
    """Tell whether some gradient is not zero.

    An encoder of the component's own may have learned without the head.
    """
    nodes = list(model.walk())
    return any(node.name == ENCODER for node in nodes) or any(
        node.get_grad(name).any()
        for node in nodes
        for name in node.param_names
        if node.has_grad(name)
    )
