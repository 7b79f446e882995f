"""F1 over labelled words, macro-averaged over labels: how BLURB scores EBM PICO."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .entities import CharSpan, EntityScores, entity_scores


@dataclass(frozen=True, slots=True)
class WordSpans:
    """One document.

    words (Sequence): First character of each word, and the one behind its last.
    gold, predicted (Sequence[CharSpan]): Labelled spans, which may overlap.
    """

    words: Sequence[tuple[int, int]]
    gold: Sequence[CharSpan]
    predicted: Sequence[CharSpan]


def count_words(document: WordSpans, labels: Sequence[str]) -> NDArray[np.int64]:
    """Count the words of each label; a word counts once for every label that covers a part of it.

    RETURNS (ndarray): Correct, predicted and gold words per label, shape (labels, 3).
    """
    counts = np.zeros((len(labels), 3), dtype=np.int64)
    for row, label in enumerate(labels):
        gold = _covered(document.words, document.gold, label)
        predicted = _covered(document.words, document.predicted, label)
        counts[row] = (gold & predicted).sum(), predicted.sum(), gold.sum()
    return counts


def _covered(
    words: Sequence[tuple[int, int]], spans: Iterable[CharSpan], label: str
) -> NDArray[np.bool_]:
    covered = np.zeros(len(words), dtype=bool)
    edges = np.array(words, dtype=np.int64).reshape(-1, 2)
    for start, end, span_label in spans:
        if span_label == label:
            covered |= (edges[:, 0] < end) & (start < edges[:, 1])
    return covered


def word_scores(
    counts: Sequence[NDArray[np.int64]], labels: Sequence[str]
) -> dict[str, EntityScores]:
    """Add up documents and score each label, in words.

    counts (Sequence[ndarray]): Of each document, from `count_words`.
    """
    return {
        label: entity_scores([tuple(document[row].tolist()) for document in counts])
        for row, label in enumerate(labels)
    }


def macro_word_f1(counts: Sequence[NDArray[np.int64]]) -> float:
    """Return the mean of the labels' F1 (0-1); a label without any word has 0."""
    if not counts:
        return 0.0
    return float(_macro(np.sum(counts, axis=0)))


def _macro(totals: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean F1 over labels; totals end with the dimensions (labels, 3)."""
    correct, predicted, gold = np.moveaxis(totals, -1, 0)
    return (2 * correct / np.maximum(predicted + gold, 1)).mean(axis=-1)
