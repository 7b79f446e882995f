"""Who annotates on a node of a cluster? An actor that holds the pipeline, the same as everywhere.

Nothing of Ray is needed here: the pool makes actors of the class.
"""

import platform
from typing import Any

import spacy

from ..errors import BlurbError, Errors, first_line
from .annotator import Annotator
from .identity import describe_computation
from .items import Annotated, Item
from .processes import Job, use_one_thread


class Worker:
    """Annotates batches; `start` comes first."""

    _annotator: Annotator

    def start(self, job: Job, expected: dict[str, Any], gpu: bool) -> str:
        """Load the pipeline.

        expected (dict): Of the run, what `describe_computation` says among others.
        gpu (bool): Compute with the GPU that was given to this process.
        RETURNS (str): The name of the node.
        RAISES (BlurbError): B767 the pipeline cannot be loaded here, B768 it is another one, or
            other versions compute it, B769 the GPU cannot be used.
        """
        node = platform.node()
        if gpu:
            _require_gpu(node)
        use_one_thread()
        try:
            nlp = spacy.load(job.pipeline)
        except Exception as error:  # the components are anybody's
            reason = first_line(error)
            message = Errors.B767.format(node=node, pipeline=job.pipeline, reason=reason)
            raise BlurbError(message) from None
        use_one_thread()
        found = describe_computation(nlp)
        for key, value in found.items():
            if value != expected[key]:
                message = Errors.B768.format(
                    node=node, key=key, found=value, expected=expected[key]
                )
                raise BlurbError(message)
        self._annotator = Annotator(nlp, job.format_name, vector=job.vector)
        # What fails here would fail on every document, and reject them all.
        self._annotator.check()
        return node

    def annotate(self, items: list[Item]) -> Annotated:
        """Annotate a batch."""
        return self._annotator(items)


def _require_gpu(node: str) -> None:
    try:
        spacy.require_gpu()
    except Exception as error:  # thinc, CuPy and the driver each raise their own
        message = Errors.B769.format(node=node, reason=first_line(error))
        raise BlurbError(message) from None
