"""F1 of relations against brute-force twins."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from spacy_blurb.metrics.relations import (
    count_candidates,
    count_relations,
    each_once,
    link_to_concepts,
    relation_scores_per_label,
    undirected,
)

A, B, C = (0, 7, "Chemical"), (15, 20, "Disease"), (24, 28, "Disease")
ENDS = st.sampled_from([A, B, C])
ROWS = st.lists(st.tuples(ENDS, ENDS, st.sampled_from("xy")), max_size=6)


def matched(gold: list, predicted: list, same) -> int:
    """The most predictions that can each be given a gold row of its own: take them one by one."""
    left, right = list(gold), 0
    for row in predicted:
        hit = next((other for other in left if same(row, other)), None)
        if hit is not None:
            left.remove(hit)
            right += 1
    return right


@given(ROWS, ROWS, st.booleans())
def test_counts_equal_matching_row_by_row(gold: list, predicted: list, directed: bool) -> None:
    def same(one: tuple, other: tuple) -> bool:
        mirrored = not directed and (one[1], one[0]) == other[:2]
        return one[2] == other[2] and (one[:2] == other[:2] or mirrored)

    expected = (matched(gold, predicted, same), len(predicted), len(gold))
    assert count_relations(gold, predicted, directed=directed) == expected
    per_label = relation_scores_per_label([(gold, predicted)], "xyz", directed=directed)
    assert sum(s.correct for s in per_label.values()) == expected[0]
    assert set(per_label) == set("xyz")
    assert (per_label["z"].f1, per_label["z"].gold) == (0.0, 0)


def test_a_missed_relation_lowers_recall_whatever_was_judged() -> None:
    """Two gold relations, one found, the other no candidate: recall is a half."""
    assert count_relations([(A, B, "x"), (A, C, "x")], [(A, B, "x")]) == (1, 1, 2)
    assert count_candidates([(A, B, "x"), (A, C, "x")], {(A, B)}) == (1, 2)


def test_ends_direction_and_label_must_be_right() -> None:
    assert count_relations([(A, B, "x")], [(B, A, "x")]) == (0, 1, 1)
    assert count_relations([(A, B, "x")], [(B, A, "x")], directed=False) == (1, 1, 1)
    assert count_relations([(A, B, "x")], [(A, B, "y")]) == (0, 1, 1)
    assert count_relations([(A, B, "x")], [((0, 6, "Chemical"), B, "x")]) == (0, 1, 1)
    assert count_relations([(A, B, "x")], [((0, 7, "Disease"), B, "x")]) == (0, 1, 1)


def test_rows_of_the_same_spans_are_rows_of_their_own() -> None:
    """As in BLURB, whose instances can have the same offsets: one is positive, the other is not."""
    assert count_relations([(A, B, "x")], [(A, B, "x"), (A, B, "x")]) == (1, 2, 1)
    assert count_relations([(A, B, "x"), (A, B, "x")], [(A, B, "x")]) == (1, 1, 2)


def test_labels_with_unequal_counts_are_not_mixed() -> None:
    documents = [([(A, B, "x"), (A, C, "x"), (B, C, "y")], [(A, B, "x"), (B, C, "x")])]
    scores = relation_scores_per_label(documents)
    rows = {label: (s.correct, s.predicted, s.gold) for label, s in scores.items()}
    assert rows == {"x": (1, 2, 2), "y": (0, 0, 1)}


def test_mirrored_candidates_are_one_where_there_is_no_direction() -> None:
    assert count_candidates([(A, B, "x")], {(B, A)}) == (0, 1)
    assert count_candidates([(A, B, "x")], {(B, A)}, directed=False) == (1, 1)
    assert undirected((B, A)) == (A, B)


def test_entities_stand_for_concepts() -> None:
    text = "aspirin causes fever in rats"
    concepts = {A: ["C1"], B: ["D1", "D2"]}
    rows = [(A, B, "CID"), (A, B, "CID"), (A, (24, 28, "Disease"), "CID"), ((0, 6, "X"), B, "CID")]
    assert link_to_concepts(rows, concepts, text) == [
        ("C1", "D1", "CID"),
        ("C1", "D2", "CID"),
        ("C1", "? Disease rats", "CID"),
        ("? X aspiri", "D1", "CID"),
        ("? X aspiri", "D2", "CID"),
    ]


@given(ROWS)
def test_concepts_of_all_mentions_give_all_pairs_once(rows: list) -> None:
    concepts = {A: ["a"], B: ["b", "c"], C: ["c"]}
    expected = {
        (head, tail, label)
        for first, second, label in rows
        for head, tail in itertools.product(concepts[first], concepts[second])
    }
    found = link_to_concepts(rows, concepts, "")
    assert set(found) == expected
    assert len(found) == len(expected)


def test_each_relation_once() -> None:
    rows = [(A, B, "x"), (A, B, "x"), (B, A, "x"), (A, B, "y")]
    assert each_once(rows) == [(A, B, "x"), (B, A, "x"), (A, B, "y")]
    # A mirror image is the same, whichever of them comes first.
    assert each_once(rows[1:], directed=False) == each_once(rows[2:], directed=False)
    assert len(each_once(rows, directed=False)) == 2
