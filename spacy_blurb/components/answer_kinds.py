"""How questions are answered: by a label or an option here, by a span in `answer_spans.py`.

A kind says which pair Docs a question needs, which candidates the numbers of the head mean, and
what they cost. Settings are read from the component's `cfg` at every call.
"""

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..annotations import AnswerKind
from ..errors import BlurbError, Errors
from .question_docs import Asked, pair_with_context, pair_with_options

Row: TypeAlias = tuple[str, float, int, int]
"""A candidate as it is stored: label, probability, first character and the one behind the last
(-1 without a span)."""

Logits: TypeAlias = Sequence[Any]
"""What the head gives for one question: an array per pair Doc, float64 on the CPU."""


class Kind(Protocol):
    """What differs between the heads."""

    name: AnswerKind

    def teaches(self, asked: Asked) -> bool:
        """Tell whether the question's gold answer can be learned."""

    def pairs(self, asked: Asked) -> list[Any]:
        """Make the pair Docs of a question; none where there is nothing to judge."""

    def rank(self, asked: Asked, logits: Logits) -> list[Row]:
        """Return the candidates, the most probable first."""

    def compare(self, asked: Asked, logits: Logits) -> tuple[float, list[NDArray[Any]]]:
        """Return -log of the gold answer's probability, and its gradient for each pair Doc."""


def check_label(asked: Asked, labels: Sequence[str], *, name: str) -> None:
    """Refuse a gold label that the component cannot give.

    name (str): The component's, for the message.
    RAISES (BlurbError): B482 it is none of the labels.
    """
    question = asked.question
    if question.label not in labels:
        found = {"question": question.id, "label": question.label, "known": ", ".join(labels)}
        raise BlurbError(Errors.B482.format(name=name, **found))


class LabelKind:
    """One of the component's labels, by one pair of question and text."""

    name: AnswerKind = "labels"

    def __init__(self, name: str, cfg: dict[str, Any]) -> None:
        """Make the kind.

        name (str): The component's, for messages.
        cfg (dict): Its settings.
        """
        self._component = name
        self._cfg = cfg

    def teaches(self, asked: Asked) -> bool:
        """Tell whether the question has a label and no options."""
        return bool(asked.question.label) and not asked.question.options

    def pairs(self, asked: Asked) -> list[Any]:
        """Make the pair of question and text; without a text the question is judged alone."""
        return [] if asked.is_blank else [pair_with_context(asked)]

    def rank(self, asked: Asked, logits: Logits) -> list[Row]:
        """Return all labels."""
        probs = softmax(logits[0], self._cfg["temperature"])
        return _rank(self._cfg["labels"], probs)

    def compare(self, asked: Asked, logits: Logits) -> tuple[float, list[NDArray[Any]]]:
        """Compute the cross-entropy over the labels.

        RAISES (BlurbError): B482 the gold label is not one of the component's.
        """
        check_label(asked, self._cfg["labels"], name=self._component)
        gold = self._cfg["labels"].index(asked.question.label)
        loss, gradient = cross_entropy(logits[0], gold)
        return loss, [gradient]


class OptionKind:
    """One of the question's options, by a pair for each."""

    name: AnswerKind = "options"

    def __init__(self, name: str, cfg: dict[str, Any]) -> None:
        """See `LabelKind`."""
        self._component = name
        self._cfg = cfg

    def teaches(self, asked: Asked) -> bool:
        """Tell whether the question has options and says which one is right."""
        return bool(asked.question.label and asked.question.options)

    def pairs(self, asked: Asked) -> list[Any]:
        """Make a pair for each option; without a text the question stands alone in it."""
        return [] if asked.is_blank else pair_with_options(asked)

    def rank(self, asked: Asked, logits: Logits) -> list[Row]:
        """Return all options, by their indices."""
        probs = softmax(np.concatenate(logits), self._cfg["temperature"])
        return _rank([str(index) for index in range(len(probs))], probs)

    def compare(self, asked: Asked, logits: Logits) -> tuple[float, list[NDArray[Any]]]:
        """Compute the cross-entropy over the options.

        RAISES (BlurbError): B481 the gold answer is not the index of an option.
        """
        question = asked.question
        if question.label not in map(str, range(len(question.options))):
            raise BlurbError(
                Errors.B481.format(
                    name=self._component,
                    question=question.id,
                    label=question.label,
                    count=len(question.options),
                )
            )
        loss, gradient = cross_entropy(np.concatenate(logits), int(question.label))
        return loss, list(gradient[:, None])


def softmax(logits: NDArray[Any], temperature: float = 1.0) -> NDArray[Any]:
    """Return probabilities over one axis; -inf has probability 0."""
    exp = np.exp((logits - logits.max()) / temperature)
    return exp / exp.sum()


def cross_entropy(logits: NDArray[Any], gold: int) -> tuple[float, NDArray[Any]]:
    """Return -log of the gold entry's probability and its gradient, shape (entries,)."""
    probs = softmax(logits)
    loss = -float(np.log(max(probs[gold], 1e-30)))
    probs[gold] -= 1
    return loss, probs


def _rank(labels: Sequence[str], probs: NDArray[Any]) -> list[Row]:
    order = np.argsort(-probs, kind="stable")
    return [(labels[index], float(probs[index]), -1, -1) for index in order]
