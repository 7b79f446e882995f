"""Which head `blurb_qa` needs: that of the task, or of a user's own questions."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from spacy.vocab import Vocab

from ..annotations import AnswerKind, doc_questions, gold_kind
from ..data.docbin import read_docbin
from ..errors import BlurbError, Errors

_HEADS: dict[AnswerKind, tuple[str, str]] = {
    "labels": ("spacy_blurb.AnswerClassifier.v1", "spacy_blurb.SequenceVector.v1"),
    "spans": ("spacy_blurb.AnswerSpans.v1", "spacy_blurb.SequenceTokenVectors.v1"),
    "options": ("spacy_blurb.AnswerChoice.v1", "spacy_blurb.SequenceVector.v1"),
}


def question_kind(paths: Iterable[Path]) -> AnswerKind:
    """Tell how the gold questions in `.spacy` files are answered.

    RAISES (BlurbError): B544 there are none, or some of different kinds.
    """
    kinds: set[AnswerKind] = set()
    listed = list(paths)
    for path in listed:
        for doc in read_docbin(path, Vocab()):
            kinds |= {kind for q in doc_questions(doc) if (kind := gold_kind(q)) is not None}
    if len(kinds) != 1:
        names = ", ".join(map(str, listed))
        found = " and ".join(sorted(kinds)) or "nothing"
        raise BlurbError(Errors.B544.format(path=names, found=found))
    return kinds.pop()


def head_kind(model: dict[str, Any]) -> AnswerKind | None:
    """Tell how the head in a model's config answers; None of one that is not ours."""
    name = model.get("@architectures")
    return next((kind for kind, (head, _) in _HEADS.items() if head == name), None)


def set_head(model: dict[str, Any], kind: AnswerKind) -> None:
    """Put the head and the vectors that it reads into the config of a component's model."""
    model["@architectures"], model["tok2vec"]["@architectures"] = _HEADS[kind]
    if kind != "labels":
        model.pop("nO", None)
