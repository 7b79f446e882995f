"""Entity F1 against a brute-force twin and examples computed by hand."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_blurb.metrics.entities import (
    EntityScores,
    as_spacy_scores,
    count_matches,
    entity_scores,
    scores_per_label,
)

MENTIONS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(3, 4), st.sampled_from("XYZ")), max_size=6
)
PAIRS = st.lists(st.tuples(MENTIONS, MENTIONS), max_size=4)


def brute_force(pairs: list, label: str | None = None) -> EntityScores:
    """Loops, lists and the textbook formula 2PR / (P + R)."""
    correct = n_predicted = n_gold = 0
    for gold, predicted in pairs:
        seen: list = []
        for mention in predicted:
            if mention not in seen and label in (None, mention[2]):
                seen.append(mention)
                n_predicted += 1
                correct += any(mention == other for other in gold)
        n_gold += len(
            [m for i, m in enumerate(gold) if m not in gold[:i] and label in (None, m[2])]
        )
    precision = correct / n_predicted if n_predicted else 0.0
    recall = correct / n_gold if n_gold else 0.0
    f1 = 2 * precision * recall / (precision + recall) if correct else 0.0
    return EntityScores(precision, recall, f1, correct, n_predicted, n_gold)


def assert_equal(found: EntityScores, expected: EntityScores) -> None:
    assert (found.correct, found.predicted, found.gold) == (
        expected.correct,
        expected.predicted,
        expected.gold,
    )
    assert (found.precision, found.recall) == (expected.precision, expected.recall)
    assert found.f1 == pytest.approx(expected.f1)


@given(PAIRS)
def test_micro_scores_equal_brute_force(pairs: list) -> None:
    assert_equal(entity_scores([count_matches(*pair) for pair in pairs]), brute_force(pairs))


@given(PAIRS)
def test_scores_per_label_equal_brute_force(pairs: list) -> None:
    found = scores_per_label(iter(pairs))
    labels = {m[2] for pair in pairs for side in pair for m in side}
    assert list(found) == sorted(labels)
    for label in labels:
        assert_equal(found[label], brute_force(pairs, label))


@given(MENTIONS, MENTIONS)
def test_sides_swap_precision_and_recall(gold: list, predicted: list) -> None:
    one = entity_scores([count_matches(gold, predicted)])
    other = entity_scores([count_matches(predicted, gold)])
    assert (one.precision, one.recall, one.f1) == (other.recall, other.precision, other.f1)


def test_order_of_mentions_and_documents_does_not_matter() -> None:
    pairs = [
        ([(0, 1, "X"), (2, 3, "Y")], [(2, 3, "Y")]),
        ([], [(0, 1, "X")]),
        ([(5, 6, "X")], [(5, 6, "X"), (5, 6, "Y")]),
    ]
    expected = as_spacy_scores(pairs)
    for shuffled in permutations(pairs):
        backwards = [(gold[::-1], predicted[::-1]) for gold, predicted in shuffled]
        assert as_spacy_scores(backwards) == expected


@pytest.mark.parametrize(
    ("gold", "predicted", "counts"),
    [
        ([(0, 5, "X")], [(0, 5, "X")], (1, 1, 1)),
        ([(0, 5, "X")], [(0, 5, "Y")], (0, 1, 1)),
        ([(0, 5, "X")], [(0, 4, "X"), (1, 5, "X")], (0, 2, 1)),
        ([(0, 5, "X"), (0, 5, "X")], [(0, 5, "X")] * 3, (1, 1, 1)),
        ([(0, 5, "X"), (0, 5, "Y")], [(0, 5, "X")], (1, 1, 2)),
        ([], [], (0, 0, 0)),
    ],
)
def test_only_start_end_and_label_together_match(
    gold: list, predicted: list, counts: tuple
) -> None:
    assert count_matches(gold, predicted) == counts


def test_hand_computed_scores() -> None:
    # 3 of 4 predictions are right and 3 of 6 gold mentions are found: 2·3 / (4 + 6).
    scores = entity_scores([(2, 2, 2), (1, 2, 2), (0, 0, 2)])
    assert scores == EntityScores(0.75, 0.5, 0.6, correct=3, predicted=4, gold=6)
    assert entity_scores([]) == EntityScores(0.0, 0.0, 0.0, 0, 0, 0)
    assert entity_scores([(0, 3, 0)]) == EntityScores(0.0, 0.0, 0.0, 0, 3, 0)


def test_names_are_those_of_spacys_scorer() -> None:
    pairs: list[Any] = [([(0, 1, "X"), (2, 3, "Y"), (4, 5, "Y")], [(0, 1, "X"), (2, 4, "Y")])]
    assert as_spacy_scores(pairs) == {
        "ents_p": 1 / 2,
        "ents_r": 1 / 3,
        "ents_f": 2 / 5,
        "ents_per_type": {
            "X": {"p": 1.0, "r": 1.0, "f": 1.0},
            "Y": {"p": 0.0, "r": 0.0, "f": 0.0},
        },
    }
    assert set(as_spacy_scores([]).values()) == {None}
    assert as_spacy_scores([([], [])])["ents_f"] == 0.0
