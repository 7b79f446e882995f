"""How a Doc finds the component that answers its questions: `doc._.ask`.

As with `comparing.py`: a Doc cannot carry its component, so the components that are alive are
known here, weakly, and the one that serves the Doc's vocab is taken. In pipelines that have none,
too, the attribute is there, and says so.
"""

import weakref
from collections.abc import Sequence
from typing import Protocol

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..errors import BlurbError, Errors
from .questions import Answer, AnswerKind, Question


class Answerer(Protocol):
    """A component that answers questions."""

    name: str

    @property
    def kind(self) -> AnswerKind:
        """How it answers."""

    def serves(self, vocab: Vocab) -> bool:
        """Tell whether it belongs to a pipeline with this vocab."""

    def ask(self, docs: Doc | Sequence[Doc], questions: Sequence[Question]) -> list[Answer]:
        """Answer questions on Docs."""


_answerers: "weakref.WeakSet[Answerer]" = weakref.WeakSet()


def offer_answers(component: Answerer) -> None:
    """Make a component findable."""
    _answerers.add(component)


def ask_doc(
    doc: Doc,
    question: str,
    options: Sequence[str] | None = None,
    *,
    kind: AnswerKind | None = None,
) -> Answer:
    """Answer a question on a Doc; this is `doc._.ask`.

    options (Sequence[str] | None): The choices of a multiple-choice question.
    kind (AnswerKind | None): "labels", "spans" or "options" where a pipeline answers in more than
        one way; with options it is "options".
    RAISES (BlurbError): B488 not one such component in the Doc's pipeline, and what the component's
        `ask` raises.
    """
    kind = "options" if options is not None and kind is None else kind
    found = [
        component
        for component in _answerers
        if component.serves(doc.vocab) and kind in (None, component.kind)
    ]
    if len(found) != 1:
        wanted = "questions" if kind is None else f"questions by {kind}"
        listed = ", ".join(sorted(component.name for component in found))
        names = f" ({listed})" if found else ""
        raise BlurbError(Errors.B488.format(count=len(found) or "No", wanted=wanted, names=names))
    asked = question if options is None else (question, options)
    (answer,) = found[0].ask(doc, [asked])
    return answer
