"""Micro F1 of labels over documents, against a table of all cells."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_blurb.metrics.entities import entity_scores
from spacy_blurb.metrics.labels import (
    chosen_labels,
    count_labels,
    label_scores,
    unite_by_document,
)

LABELS = "abcd"
label_sets = st.sets(st.sampled_from(LABELS))
parts = st.lists(
    st.tuples(st.sampled_from(["d1", "d2", "d3"]), st.tuples(label_sets, label_sets)), max_size=8
)


def cells(rows: list, labels: str) -> tuple[int, int, int]:
    """True positives, false positives and false negatives, by asking every cell of the table."""
    found = [0, 0, 0]
    for document in {name for name, _ in rows}:
        for label in labels:
            gold = any(label in sides[0] for name, sides in rows if name == document)
            predicted = any(label in sides[1] for name, sides in rows if name == document)
            found[0] += gold and predicted
            found[1] += predicted and not gold
            found[2] += gold and not predicted
    return found[0], found[1], found[2]


@given(parts, st.randoms())
def test_equals_the_table_in_any_order(rows: list, order: random.Random) -> None:
    order.shuffle(rows)
    documents = unite_by_document(rows).values()
    scores = entity_scores([count_labels(*sides) for sides in documents])
    tp, fp, fn = cells(rows, LABELS)
    assert (scores.correct, scores.predicted, scores.gold) == (tp, tp + fp, tp + fn)
    assert scores.f1 == pytest.approx(2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 0.0)
    per_label = label_scores(documents, LABELS)
    assert list(per_label) == list(LABELS)
    for label, found in per_label.items():
        tp, fp, fn = cells(rows, label)
        assert (found.correct, found.predicted, found.gold) == (tp, tp + fp, tp + fn)


def test_unequal_counts_by_hand() -> None:
    rows = [
        ("1", ({"a"}, {"a", "b"})),
        ("2", ({"a", "c"}, {"c"})),
        # Found in another sentence than the one that says it: right for the abstract.
        ("1", (set(), {"c"})),
        ("1", ({"c"}, set())),
    ]
    documents = unite_by_document(rows)
    assert documents == {"1": ({"a", "c"}, {"a", "b", "c"}), "2": ({"a", "c"}, {"c"})}
    scores = entity_scores([count_labels(*sides) for sides in documents.values()])
    assert (scores.precision, scores.recall) == (3 / 4, 3 / 4)
    assert {label: s.f1 for label, s in label_scores(documents.values(), "d").items()} == {
        "a": pytest.approx(2 / 3),
        "b": 0.0,
        "c": 1.0,
        "d": 0.0,
    }


def test_uniting_leaves_the_parts_as_they_are() -> None:
    first, second = {"a"}, {"b"}
    unite_by_document([("1", (first, second)), ("1", ({"c"}, {"d"}))])
    assert (first, second) == ({"a"}, {"b"})


def test_chosen_labels() -> None:
    probs = {"a": 0.5, "b": 0.49, "c": 0.9}
    assert chosen_labels(probs, 0.5, exclusive=False) == {"a", "c"}
    assert chosen_labels(probs, 0.95, exclusive=False) == set()
    assert chosen_labels(probs, 0.95, exclusive=True) == {"c"}
    assert chosen_labels({"a": 0.4, "b": 0.4}, 0.5, exclusive=True) == {"a"}
    assert chosen_labels({"a": 0.0, "b": 0.0}, 0.5, exclusive=True) == set()
    assert chosen_labels({}, 0.5, exclusive=True) == set()
