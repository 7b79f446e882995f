"""Sequences of tags: the best one, and sums over all of them (a linear-chain CRF).

The score of a sequence is the sum of its tags' scores and of its neighbouring pairs' scores; its
probability is exp(score) over the sum of exp(score) of all sequences (Lafferty et al. 2001). The
texts of a batch are computed together, position by position, the longest first.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .tags import Tags

Floats = NDArray[np.float64]

FORBIDDEN = -1e30
"""Score of what must not be. Finite, since the difference of two infinities is not a number."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Scores of tag pairs and of the tags at both ends.

    pairs (ndarray): Shape (tags, tags), row before, column behind.
    first, last (ndarray): Added to a text's first and last tag, shape (tags,).
    """

    pairs: Floats
    first: Floats
    last: Floats


def make_chain(tags: Tags, pairs: NDArray[np.floating] | None = None) -> Chain:
    """Combine scores of tag pairs with the scheme's rules; None for the rules alone."""
    rules = np.where(tags.allowed, 0.0, FORBIDDEN)
    return Chain(
        pairs=rules if pairs is None else np.where(tags.allowed, pairs, FORBIDDEN),
        first=np.where(tags.starts, 0.0, FORBIDDEN),
        last=np.where(tags.ends, 0.0, FORBIDDEN),
    )


def best_sequences(tables: Sequence[NDArray[np.floating]], chain: Chain) -> list[NDArray[np.intp]]:
    """Find the sequence with the highest score of each text (Viterbi).

    tables (Sequence[ndarray]): Scores of tags per text, shape (tokens, tags).
    RETURNS (list[ndarray]): Tags per text, shape (tokens,).
    """
    if not len(tables):
        return []
    batch = _Batch(tables)
    best = batch.first_scores() + chain.first
    pointers = np.zeros(batch.scores.shape, dtype=np.intp)
    for position, n in batch.steps():
        candidates = best[:n, :, None] + chain.pairs
        pointers[:n, position] = candidates.argmax(axis=1)
        best[:n] = candidates.max(axis=1) + batch.scores[:n, position]
    current = (best + chain.last).argmax(axis=1)
    found = np.zeros(batch.scores.shape[:2], dtype=np.intp)
    for position, n in reversed([(0, len(best)), *batch.steps()]):
        found[:n, position : position + 1] = current[:n, None]
        current[:n] = pointers[np.arange(n), position, current[:n]] if position else current[:n]
    return [found[row, :length] for row, length in batch.rows()]


@dataclass(frozen=True, slots=True)
class Sums:
    """What is summed up over all sequences of one text.

    ahead (ndarray): Log of the sum over all beginnings that end with a tag, its score included,
        shape (tokens, tags).
    behind (ndarray): The same over all ends that follow a tag, its score not included.
    total (float): Log of the sum over all sequences; 0 for no tokens.
    """

    ahead: Floats
    behind: Floats
    total: float

    def tag_probs(self) -> Floats:
        """Return the probability of each tag at each token, shape (tokens, tags)."""
        return np.exp(self.ahead + self.behind - self.total)


def sum_sequences(tables: Sequence[NDArray[np.floating]], chain: Chain) -> list[Sums]:
    """Sum over all sequences of each text (forward-backward).

    tables (Sequence[ndarray]): Scores of tags per text, shape (tokens, tags).
    """
    if not len(tables):
        return []
    batch = _Batch(tables)
    ahead, behind = (np.zeros(batch.scores.shape) for _ in range(2))
    if batch.scores.shape[1]:
        ahead[:, 0] = batch.first_scores() + chain.first
    behind[:] = chain.last
    for position, n in batch.steps():
        arrivals = ahead[:n, position - 1, :, None] + chain.pairs
        ahead[:n, position] = _log_sum(arrivals, axis=1) + batch.scores[:n, position]
    for position, n in reversed(list(batch.steps())):
        departures = batch.scores[:n, position] + behind[:n, position]
        behind[:n, position - 1] = _log_sum(departures[:, None] + chain.pairs, axis=2)
    sums = []
    for row, length in batch.rows():
        rows = ahead[row, :length]
        total = float(_log_sum(rows[-1] + chain.last, axis=0)) if length else 0.0
        sums.append(Sums(rows, behind[row, :length], total))
    return sums


def pair_counts(table: NDArray[np.floating], sums: Sums, chain: Chain) -> Floats:
    """Return how often each pair of tags is expected in a text, shape (tags, tags)."""
    departures = table[1:] + sums.behind[1:] - sums.total
    scores = sums.ahead[:-1, :, None] + chain.pairs + departures[:, None]
    return np.exp(scores).sum(axis=0)


def span_log_prob(
    table: NDArray[np.floating], sums: Sums, chain: Chain, start: int, tags: NDArray[np.intp]
) -> float:
    """Return the log probability that tokens from `start` on have exactly these tags."""
    end = start + len(tags)
    inside = table[np.arange(start + 1, end), tags[1:]] + chain.pairs[tags[:-1], tags[1:]]
    around = sums.ahead[start, tags[0]] + sums.behind[end - 1, tags[-1]]
    return float(around + inside.sum() - sums.total)


class _Batch:
    """Texts in one array, longest first, so that those still running are the first rows."""

    def __init__(self, tables: Sequence[NDArray[np.floating]]) -> None:
        self._lengths = np.array([len(table) for table in tables], dtype=np.intp)
        self._order = np.argsort(-self._lengths, kind="stable")
        longest = int(self._lengths.max())
        self.scores = np.zeros((len(tables), longest, tables[0].shape[1]))
        for row, i in enumerate(self._order):
            self.scores[row, : len(tables[i])] = tables[i]

    def first_scores(self) -> Floats:
        """Return the scores of the first tokens, zeros where there are no tokens at all."""
        return self.scores[:, 0].copy() if self.scores.shape[1] else self.scores.sum(axis=1)

    def steps(self) -> Iterator[tuple[int, int]]:
        """Yield the positions behind the first, and how many texts reach each."""
        for position in range(1, self.scores.shape[1]):
            yield position, int((self._lengths > position).sum())

    def rows(self) -> Iterator[tuple[int, int]]:
        """Yield the row of each text and its length, in the order of the texts."""
        for row, length in zip(np.argsort(self._order), self._lengths, strict=True):
            yield int(row), int(length)


def _log_sum(scores: Floats, axis: int) -> Floats:
    largest = scores.max(axis=axis, keepdims=True)
    summed = np.log(np.exp(scores - largest).sum(axis=axis, keepdims=True)) + largest
    return summed.squeeze(axis)
