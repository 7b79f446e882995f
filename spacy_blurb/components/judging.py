"""How questions are encoded and learned, many together."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from spacy.tokens import Doc, Span
from thinc.api import Model, Ops

from ..annotations import Question, list_questions
from ..encoder.link import EncoderLink
from ..errors import BlurbError, Errors
from .answer_kinds import Kind
from .question_docs import Asked

BATCH_TOKENS = 8192
"""Tokens of the pair Docs that are encoded together; a longer one makes a batch alone."""

Judged: TypeAlias = tuple[Asked, list[Any]]
"""A question and the head's numbers for it: an array per pair Doc, float64 on the CPU."""


def pair_up(
    docs: Doc | Sequence[Doc], questions: Question | Sequence[Question]
) -> list[tuple[Doc, Question]]:
    """Pair Docs with questions, one of each for all where there is one only.

    RAISES (BlurbError): B475 not Docs, B486 not as many Docs as questions.
    """
    # A Span is a sequence too, of tokens.
    asked_of: list[Any] = [docs] if isinstance(docs, Doc | Span | str) else list(docs)
    for doc in asked_of:
        if not isinstance(doc, Doc):
            kind = type(doc).__name__
            raise BlurbError(Errors.B475.format(found=str(doc)[:40], kind=kind))
    asked = list_questions(questions)
    asked_of = asked_of * len(asked) if len(asked_of) == 1 else asked_of
    asked = asked * len(asked_of) if len(asked) == 1 else asked
    if len(asked_of) != len(asked):
        raise BlurbError(Errors.B486.format(docs=len(asked_of), questions=len(asked)))
    return list(zip(asked_of, asked, strict=True))


def judge_questions(
    model: Model, link: EncoderLink, kind: Kind, asked: Iterable[Asked]
) -> Iterator[Judged]:
    """Encode questions and let the head judge them; yields them in their order.

    model (Model): The component's, with the refs "pooling" and "head".
    """
    pooling, head = model.get_ref("pooling"), model.get_ref("head")
    for batch in _batch((item, kind.pairs(item)) for item in asked):
        pairs = [pair for _, item_pairs in batch for pair in item_pairs]
        logits: list[Any] = []
        if pairs:
            logits = _to_numpy(model.ops, head.predict(link.predict(pairs, pooling)))
        for item, item_pairs in batch:
            yield item, logits[: len(item_pairs)]
            logits = logits[len(item_pairs) :]


def compare_questions(
    ops: Ops, kind: Kind, asked: Sequence[Asked], logits: Any
) -> tuple[float, Any]:
    """Compute the mean of -log of the gold answers' probabilities, and its gradient.

    logits: Of the questions' pair Docs, from the model: an array, or a list of arrays.
    RETURNS (tuple): Loss, and the gradient in the form of the logits.
    """
    values = _to_numpy(ops, logits)
    total, gradients = 0.0, []
    for item in asked:
        count = len(item.question.options) or 1
        own, values = values[:count], values[count:]
        loss, d_own = kind.compare(item, own)
        total += loss
        gradients += [d_pair / len(asked) for d_pair in d_own]
    # Any: thinc's array types do not know numpy's.
    rows: list[Any] = [d_pair.astype("f") for d_pair in gradients]
    arrays: Any = [ops.asarray(row) for row in rows]
    return total / len(asked), arrays if isinstance(logits, list) else ops.xp.stack(arrays)


def _to_numpy(ops: Ops, logits: Any) -> list[Any]:
    return [ops.to_numpy(row).astype(np.float64) for row in logits]


def _batch(
    items: Iterable[tuple[Asked, list[Doc]]],
) -> Iterator[list[tuple[Asked, list[Doc]]]]:
    """Divide questions so that the pairs of each part have about `BATCH_TOKENS` tokens."""
    batch: list[tuple[Asked, list[Doc]]] = []
    size = 0
    for item, pairs in items:
        n_tokens = sum(len(pair) for pair in pairs)
        if batch and size + n_tokens > BATCH_TOKENS:
            yield batch
            batch, size = [], 0
        batch.append((item, pairs))
        size += n_tokens
    if batch:
        yield batch
