"""Tag schemes: entities to tags, tags to entities, and which tags may follow each other."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Scheme = Literal["IO", "BIO", "BIOUL"]

OUTSIDE = 0
UNKNOWN = -1
"""Stands for the tag of a token that the gold side says nothing about."""

_PREFIXES: dict[Scheme, str] = {"IO": "I", "BIO": "BI", "BIOUL": "BILU"}

TokenSpan = tuple[int, int, int]
"""First token, token behind the last, label index."""


class Tags:
    """The tags of labels that do not overlap: O, then those of label 0, those of label 1, …

    IO: one tag per label; neighbouring entities of one label become one. BIO: the first token of an
    entity is B. BIOUL: also the last one is L, and an entity of one token is U.

    size (int): Number of tags.
    allowed (ndarray): Which tag may follow which, shape (size, size), row before, column behind.
    starts, ends (ndarray): Which tag a text may begin or end with, shape (size,).
    """

    def __init__(self, scheme: Scheme, n_labels: int) -> None:
        self._prefixes = _PREFIXES[scheme]
        self.size = 1 + n_labels * len(self._prefixes)
        kinds = np.array(["O", *self._prefixes * n_labels])
        owners = np.repeat(np.arange(-1, n_labels), [1] + n_labels * [len(self._prefixes)])
        has_begin, has_last = "B" in self._prefixes, "L" in self._prefixes
        opens = np.isin(kinds, ["B", "I"]) & has_begin
        continues = np.isin(kinds, ["I", "L"]) & has_begin
        self.starts = ~continues
        self.ends = ~(opens & has_last)
        goes_on = opens[:, None] & (owners[:, None] == owners)
        self.allowed = np.where(continues, goes_on, self.ends[:, None])

    def of_span(self, label: int, length: int) -> list[int]:
        """Return the tags of an entity of so many tokens."""
        kinds = "I" * length
        if "B" in self._prefixes:
            kinds = "B" + kinds[1:]
        if "L" in self._prefixes:
            kinds = "U" if length == 1 else kinds[:-1] + "L"
        first = 1 + label * len(self._prefixes)
        return [first + self._prefixes.index(kind) for kind in kinds]

    def to_spans(self, tags: NDArray[np.intp]) -> list[TokenSpan]:
        """Collect the entities of a valid tag sequence."""
        begins = (tags != OUTSIDE) & self.starts[tags]
        if "B" not in self._prefixes:
            begins &= tags != np.concatenate([[OUTSIDE], tags[:-1]])
        starts = np.flatnonzero(begins)
        borders = np.append(np.flatnonzero(begins | (tags == OUTSIDE)), len(tags))
        ends = borders[np.searchsorted(borders, starts, side="right")]
        labels = (tags[starts] - 1) // len(self._prefixes)
        return [(int(s), int(e), int(y)) for s, e, y in zip(starts, ends, labels, strict=True)]

    def is_valid(self, tags: NDArray[np.intp]) -> bool:
        """Say whether these tags may stand in this order as the tags of a text."""
        if not len(tags):
            return True
        edges = self.starts[tags[0]] and self.ends[tags[-1]]
        return bool(edges and self.allowed[tags[:-1], tags[1:]].all())

    def encode(self, length: int, spans: Iterable[TokenSpan]) -> NDArray[np.intp]:
        """Return the tags of a text of so many tokens with these entities."""
        tags = np.full(length, OUTSIDE, dtype=np.intp)
        for start, end, label in spans:
            tags[start:end] = self.of_span(label, end - start)
        return tags


@lru_cache(maxsize=64)
def get_tags(scheme: Scheme, n_labels: int) -> Tags:
    """Return the tags of a scheme for so many labels."""
    return Tags(scheme, n_labels)
