"""Macro word F1 against loops over words, and examples computed by hand."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_blurb.metrics.words import (
    WordSpans,
    count_words,
    macro_word_f1,
    word_scores,
)

LABELS = ["I", "O", "P"]
# Words of one to three characters with or without a blank in between.
WORDS = st.lists(st.tuples(st.integers(1, 3), st.booleans()), max_size=6).map(
    lambda parts: [
        (start, start + length)
        for start, length in zip(
            np.cumsum([0, *(length + blank for length, blank in parts)]).tolist(),
            [length for length, _ in parts],
            strict=False,
        )
    ]
)
SPANS = st.lists(
    st.tuples(st.integers(0, 12), st.integers(1, 6), st.sampled_from("IOPX")).map(
        lambda s: (s[0], s[0] + s[1], s[2])
    ),
    max_size=5,
)
DOCUMENTS = st.lists(st.builds(WordSpans, WORDS, SPANS, SPANS), max_size=4)


def labelled(document: WordSpans, spans: Any, label: str) -> set[int]:
    """The words that share a character with a span of the label."""
    return {
        number
        for number, (start, end) in enumerate(document.words)
        for span_start, span_end, span_label in spans
        if span_label == label and set(range(start, end)) & set(range(span_start, span_end))
    }


@given(DOCUMENTS)
def test_scores_equal_sets_of_words(documents: list) -> None:
    f1 = []
    counts = [count_words(document, LABELS) for document in documents]
    scores = word_scores(counts, LABELS)
    for label in LABELS:
        correct = n_predicted = n_gold = 0
        for document in documents:
            gold = labelled(document, document.gold, label)
            predicted = labelled(document, document.predicted, label)
            correct += len(gold & predicted)
            n_predicted, n_gold = n_predicted + len(predicted), n_gold + len(gold)
        precision = correct / n_predicted if n_predicted else 0.0
        recall = correct / n_gold if n_gold else 0.0
        f1.append(2 * precision * recall / (precision + recall) if correct else 0.0)
        found = scores[label]
        assert (found.correct, found.predicted, found.gold) == (correct, n_predicted, n_gold)
        assert (found.precision, found.recall) == (precision, recall)
        assert found.f1 == pytest.approx(f1[-1])
    assert macro_word_f1(counts) == pytest.approx(sum(f1) / 3)


def test_by_hand() -> None:
    words = [(0, 3), (4, 8), (9, 12), (12, 13)]
    gold = [(0, 8, "P"), (9, 12, "O"), (0, 3, "I"), (2, 8, "P")]
    predicted = [(4, 12, "P"), (7, 9, "P"), (9, 13, "O")]
    counts = count_words(WordSpans(words, gold, predicted), ["I", "O", "P"])
    assert counts.tolist() == [[0, 0, 1], [1, 2, 1], [1, 2, 2]]
    assert macro_word_f1([counts]) == pytest.approx((0 + 2 / 3 + 1 / 2) / 3)
    # The mean of the labels, not of all words, and over documents, not of them.
    more = np.array([[8, 8, 8], [0, 0, 0], [0, 0, 0]])
    assert macro_word_f1([counts, more]) == pytest.approx((16 / 17 + 2 / 3 + 1 / 2) / 3)
    assert macro_word_f1([]) == 0.0
