"""What all components that learn have in common."""

from collections.abc import Iterable, Sequence
from math import isfinite
from numbers import Real
from typing import Any

from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from thinc.api import Model, Optimizer, set_dropout_rate

from ..encoder.listeners import give_nothing
from ..encoder.output_checks import require_output
from ..errors import BlurbError, Errors


class Head(TrainablePipe):
    """A component that stays as it is where nothing is annotated for it.

    In joint training a batch is annotated for one component. The others have gradients of zero; by
    those an optimiser would still move them, with its momentum and weight decay.
    """

    name: str
    model: Model[Any, Any]

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Learn from a batch.

        A shared encoder is backpropagated to for every batch with tokens, without a gradient where
        nothing is annotated for this component.

        drop (float): Share of the values that dropout zeroes, 0-1.
        sgd (Optimizer | None): Changes the weights; None to leave the gradients for later.
        RETURNS (dict): Losses by component, this one's mean over the batch added.
        RAISES (ValueError): The component is not initialised. The classes name what else.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, f"{type(self).__name__}.update")
        self._require_initialised()
        docs = [example.predicted for example in examples]
        # The encoder has nothing for a batch without tokens, and waits for no gradient.
        if not any(map(len, docs)):
            return losses
        if any(map(self._is_annotated, examples)):
            set_dropout_rate(self.model, drop)
            losses[self.name] += self._teach(examples)
        else:
            self._explain_nothing(examples)
            give_nothing(self.model, docs)
        if sgd is not None:
            self.finish_update(sgd)
        return losses

    def _explain_nothing(self, examples: Sequence[Example]) -> None:
        """Warn where a batch should teach something and does not; most have others to teach."""

    def _require_initialised(self) -> None:
        """Raise the component's own ValueError if it is not."""
        raise NotImplementedError

    def _size_model(self, docs: list[Doc] | None = None) -> None:
        """Initialise the model, whose listener must have been told the width of vectors.

        docs (list[Doc] | None): Some with tokens, by which layers learn their sizes.
        RAISES (BlurbError): B310 no encoder has told it.
        """
        for node in self.model.walk():
            if hasattr(node, "upstream_name") and node.has_dim("nO") is None:
                raise BlurbError(Errors.B310.format(name=self.name))
        self.model.initialize(X=docs or None)

    def _require_output(self, docs: Sequence[Doc]) -> None:
        """Refuse Docs that the encoder has not read; for all that the model is to read.

        RAISES (BlurbError): B315 there is one.
        """
        require_output(self.model, docs, name=self.name)

    def _is_annotated(self, example: Example) -> bool:
        """Tell whether there is something to learn from an example."""
        raise NotImplementedError

    def _teach(self, examples: Sequence[Example]) -> float:
        """Backpropagate once what some of the examples are annotated for; RETURNS the loss."""
        raise NotImplementedError

    def finish_update(self, sgd: Optimizer) -> None:
        """Change the weights, unless nothing was learned since the last time.

        An encoder of the component's own may have learned without the head; it knows itself.
        """
        if _has_learned(self.model):
            super().finish_update(sgd)
            return
        for node in self.model.walk():
            for shim in node.shims:
                shim.finish_update(sgd)


def is_number(value: Any) -> bool:
    """Tell whether a setting in `cfg` is a finite number; NumPy's are too, as of a fitted one."""
    return type(value) is not bool and isinstance(value, Real) and isfinite(float(value))


def _has_learned(model: Model) -> bool:
    """Tell whether some gradient of the head is not zero."""
    return any(
        node.get_grad(name).any()
        for node in model.walk()
        for name in node.param_names
        if node.has_grad(name)
    )
