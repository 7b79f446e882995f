"""Which pairs of a Doc's entities are judged: `spacy_blurb.candidates.v1`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc, Span

from ..errors import BlurbError, Errors

TypePairs: TypeAlias = Mapping[str, Sequence[Sequence[str]]]
"""Relation label → pairs of head type and tail type that it may hold between."""

HEADS_AT_ONCE = 256
"""Rows of the table of all pairs that are computed together: 300 entities have 89,700 pairs."""


class PairFinder(Protocol):
    """A function that gives the candidates of a Doc."""

    def __call__(
        self, doc: Doc, spans: Sequence[Span], types: TypePairs
    ) -> NDArray[np.integer[Any]]:
        """Return positions of heads and tails in `spans`, shape (pairs, 2).

        spans (Sequence[Span]): Entities, each span and label once, in text order.
        types (TypePairs): The component's; none where all types may have relations.
        """


@dataclass(frozen=True, slots=True)
class NearPairs:
    """Finds pairs of entities by types and distance; see `make_candidates_v1`."""

    same_sentence: bool = True
    max_tokens: int | None = None

    def __call__(
        self, doc: Doc, spans: Sequence[Span], types: TypePairs
    ) -> NDArray[np.integer[Any]]:
        """Return heads and tails in both directions, shape (pairs, 2).

        No entity with itself, also where it has two labels, which are two readings of one name.

        RAISES (BlurbError): B464 the Doc has no sentence boundaries.
        """
        if len(spans) < 2:
            return np.zeros((0, 2), dtype=np.intp)
        starts, ends = (np.array(side) for side in zip(*((s.start, s.end) for s in spans)))  # noqa: B905
        names = sorted({span.label_ for span in spans})
        kinds = np.array([names.index(span.label_) for span in spans])
        allowed = _allowed_types(names, types)
        sentences = sentence_numbers(doc)[starts] if self.same_sentence else np.zeros(len(spans))
        found = []
        for first in range(0, len(spans), HEADS_AT_ONCE):
            heads = np.arange(first, min(first + HEADS_AT_ONCE, len(spans)))
            fits = allowed[kinds[heads][:, None], kinds[None]]
            same = (starts[heads][:, None] == starts[None]) & (ends[heads][:, None] == ends[None])
            fits &= ~same
            fits &= sentences[heads][:, None] == sentences[None]
            if self.max_tokens is not None:
                later = np.maximum(starts[heads][:, None], starts[None])
                earlier = np.minimum(ends[heads][:, None], ends[None])
                fits &= later - earlier <= self.max_tokens
            rows, tails = np.nonzero(fits)
            found.append(np.stack([heads[rows], tails], axis=1))
        return np.concatenate(found)


def make_candidates_v1(same_sentence: bool = True, max_tokens: int | None = None) -> NearPairs:
    """Build `spacy_blurb.candidates.v1`: all pairs of entities of types that may be related.

    same_sentence (bool): Whether both must begin in one sentence.
    max_tokens (int | None): Most tokens between the two, 0 for neighbours and those that overlap;
        None for any distance.
    RAISES (BlurbError): B472 `max_tokens` is negative.
    """
    if max_tokens is not None and max_tokens < 0:
        raise BlurbError(Errors.B472.format(found=max_tokens))
    return NearPairs(same_sentence, max_tokens)


def sentence_numbers(doc: Doc) -> NDArray[np.integer[Any]]:
    """Return the number of each token's sentence, shape (tokens,).

    RAISES (BlurbError): B464 the Doc has no sentence boundaries.
    """
    if not doc.has_annotation("SENT_START"):
        raise BlurbError(Errors.B464.format(text=doc.text[:40]))
    return np.cumsum(doc.to_array("SENT_START").astype(np.int64) == 1)


def check_types(types: Any, *, name: str) -> None:
    """Refuse what is not label → pairs of types.

    name (str): Of the component, for messages.
    RAISES (BlurbError): B468 it is not.
    """
    if types is not None and not isinstance(types, Mapping):
        raise BlurbError(Errors.B468.format(name=name, label="", found=types))
    for label, pairs in (types or {}).items():
        if not (_is_list(pairs) and all(_is_list(pair) and len(pair) == 2 for pair in pairs)):
            raise BlurbError(Errors.B468.format(name=name, label=label, found=pairs))


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def may_hold(types: TypePairs, label: str, head: str, tail: str, *, directed: bool) -> bool:
    """Tell whether a relation may hold between entities of two types.

    A label without an entry may hold between any.
    """
    pairs = [list(pair) for pair in types.get(label, ())]
    return not pairs or [head, tail] in pairs or (not directed and [tail, head] in pairs)


def may_hold_any(
    found: Mapping[str, Sequence[Sequence[str]]], types: TypePairs, *, directed: bool
) -> bool:
    """Tell whether one of the relations that were found may hold; true where none was found.

    found (Mapping): Label → pairs of head and tail type.
    """
    pairs = [(label, head, tail) for label, ends in found.items() for head, tail in ends]
    return not pairs or any(may_hold(types, *pair, directed=directed) for pair in pairs)


def _allowed_types(names: Sequence[str], types: TypePairs) -> NDArray[np.bool_]:
    """Return a table, shape (types, types): heads in rows, tails in columns."""
    # A label without an entry may hold between any.
    if not types or not all(types.values()):
        return np.ones((len(names), len(names)), dtype=bool)
    pairs = {(head, tail) for label in types for head, tail in types[label]}
    return np.array([[(head, tail) in pairs for tail in names] for head in names], dtype=bool)
