"""Scores of resamples and of differences, beside plain loops."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_blurb.metrics import resampling
from spacy_blurb.metrics.correlation import pearson
from spacy_blurb.metrics.entities import entity_scores
from spacy_blurb.metrics.resampling import (
    Units,
    bootstrap_interval,
    compare,
    draw_parts,
    draw_weights,
    interval,
)

counts = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(0, 4)).map(
        lambda row: (min(row), row[1], row[2])
    ),
    min_size=1,
    max_size=8,
)


def units(kind: str, rows: list) -> Units:
    return Units(kind, tuple(map(str, range(len(rows)))), np.array(rows, dtype=float))


@given(counts)
def test_f1_of_resamples_is_that_of_repeated_documents(rows: list) -> None:
    found = units("f1", rows)
    assert found.score() == pytest.approx(entity_scores(rows).f1)
    weights = draw_weights(len(rows), resamples=5)
    for row, score in zip(weights, found.scores(weights), strict=True):
        repeated = [r for r, n in zip(rows, row, strict=True) for _ in range(int(n))]
        assert score == pytest.approx(entity_scores(repeated).f1)


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=1, max_size=8))
def test_correlation_of_resamples_is_that_of_repeated_pairs(rows: list) -> None:
    rows = [(round(x, 2), round(y, 2)) for x, y in rows]
    found = units("pearson", rows)
    weights = draw_weights(len(rows), resamples=5)
    for row, score in zip(weights, found.scores(weights), strict=True):
        repeated = [r for r, n in zip(rows, row, strict=True) for _ in range(int(n))]
        assert score == pytest.approx(pearson(*zip(*repeated, strict=True)), abs=1e-6)


def test_macro_f1_is_the_mean_over_labels() -> None:
    rows = [[1, 2, 1, 0, 0, 2], [0, 1, 1, 1, 1, 1]]
    found = units("macro_f1", rows)
    assert found.score() == pytest.approx((2 / 5 + 2 / 4) / 2)
    # Resamples of two documents are the first twice, the second twice, or both.
    resamples = np.array([[2.0, 0], [0, 2], [1, 1]])
    expected = [(2 / 3 + 0) / 2, (0 + 1) / 2, (2 / 5 + 2 / 4) / 2]
    assert found.scores(resamples) == pytest.approx(expected)


def test_units_of_one_document_are_added_up() -> None:
    found = units("f1", [[1, 2, 1], [1, 1, 1], [0, 0, 1]])
    united = found.by_document(["d", "e", "d"])
    assert (united.kind, united.ids) == ("f1", ("d", "e"))
    assert united.table.tolist() == [[1, 2, 2], [1, 1, 1]]
    assert united.score() == found.score() == 2 * 2 / (3 + 3)
    assert found.by_document(found.ids).table.tolist() == found.table.tolist()
    wide = units("macro_f1", [[1, 1, 1, 0, 2, 1], [0, 1, 2, 1, 1, 1]]).by_document(["d", "d"])
    assert wide.table.tolist() == [[1, 2, 3, 1, 3, 2]]
    with pytest.raises(ValueError, match="units of a mean"):
        units("mean", [[1.0], [0.5]]).by_document(["d", "d"])


def test_copies_are_no_evidence() -> None:
    """Each unit four times, in one document: the interval is that of the units."""
    rows = [(n % 3, 2, 2) for n in range(9)]
    names = [str(n) for n in range(9) for _ in range(4)]
    copies = units("f1", [row for row in rows for _ in range(4)])
    expected = bootstrap_interval(units("f1", rows))
    assert bootstrap_interval(copies.by_document(names)) == pytest.approx(expected)
    low, high = bootstrap_interval(copies)
    assert high - low < 0.6 * (expected[1] - expected[0])


def test_intervals_of_known_distributions() -> None:
    # Two documents: both right in a quarter of the resamples, both wrong in another.
    assert bootstrap_interval(units("f1", [(1, 1, 1), (0, 1, 1)])) == (0.0, 1.0)
    assert bootstrap_interval(units("f1", [(2, 3, 4)] * 5)) == pytest.approx((4 / 7, 4 / 7))
    # Half of 400 right: binomial, 0.5 ± 1.96 · sqrt(0.25 / 400).
    half = bootstrap_interval(units("f1", [(1, 1, 1), (0, 1, 1)] * 200))
    assert half == pytest.approx((0.451, 0.549), abs=0.008)
    assert bootstrap_interval(units("mean", [[1.0]] * 5)) == (1.0, 1.0)


def test_drawing_in_parts_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of n units so many resamples at a time that they fit; the draws are those of one piece."""
    whole = np.random.default_rng(3).multinomial(7, np.full(7, 1 / 7), size=50)
    a = units("f1", [(n % 2, 1, 1) for n in range(7)])
    b = units("f1", [(n % 3 == 0, 1, 2) for n in range(7)])
    before = bootstrap_interval(a), compare([a], [b], resamples=50)
    monkeypatch.setattr(resampling, "_CELLS", 30)
    assert [len(part) for part in draw_parts(7, resamples=50)] == [4] * 12 + [2]
    assert (draw_weights(7, resamples=50, seed=3) == whole).all()
    assert (bootstrap_interval(a), compare([a], [b], resamples=50)) == before
    monkeypatch.setattr(resampling, "_CELLS", 1)
    assert (bootstrap_interval(a), compare([a], [b], resamples=50)) == before


def test_interval_of_a_correlation_is_the_textbooks() -> None:
    rng = np.random.default_rng(1)
    gold = rng.normal(size=60)
    predicted = gold + rng.normal(size=60)
    # Fisher's interval, for normal data.
    z, width = np.arctanh(pearson(list(gold), list(predicted))), 1.96 / np.sqrt(60 - 3)
    found = bootstrap_interval(units("pearson", list(zip(gold, predicted, strict=True))))
    assert found == pytest.approx((np.tanh(z - width), np.tanh(z + width)), abs=0.05)


def test_mean() -> None:
    found = units("mean", [[1.0], [0.0], [0.5]])
    assert found.score() == 0.5
    assert found.scores(np.array([[3.0, 0, 0], [0, 0, 3]])).tolist() == [1.0, 0.5]


def test_resamples() -> None:
    weights = draw_weights(7, resamples=50)
    assert weights.shape == (50, 7)
    assert set(weights.sum(axis=1)) == {7.0}
    assert (weights == draw_weights(7, resamples=50)).all()
    assert (weights != draw_weights(7, resamples=50, seed=1)).any()
    assert interval(np.arange(1001.0)) == (25.0, 975.0)
    assert bootstrap_interval(Units("f1", (), np.zeros((0, 3)))) == (0.0, 0.0)


def exact_p(a: list, b: list) -> float:
    """Of all ways to exchange units, how many give a difference as large?"""
    observed = abs(entity_scores(a).f1 - entity_scores(b).f1)
    hits = 0
    for swap in itertools.product([False, True], repeat=len(a)):
        left = [y if s else x for x, y, s in zip(a, b, swap, strict=True)]
        right = [x if s else y for x, y, s in zip(a, b, swap, strict=True)]
        hits += abs(entity_scores(left).f1 - entity_scores(right).f1) >= observed - 1e-12
    return hits / 2 ** len(a)


@pytest.mark.parametrize("seed", range(3))
def test_randomisation_is_near_the_exact_test(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = ([(int(rng.integers(0, 3)), 2, 2) for _ in range(9)] for _ in range(2))
    found = compare([units("f1", a)], [units("f1", b)], resamples=4000)
    assert found.difference == pytest.approx(entity_scores(a).f1 - entity_scores(b).f1)
    assert found.p == pytest.approx(exact_p(a, b), abs=0.04)
    assert found.ci95[0] <= found.difference <= found.ci95[1]


def test_several_runs_are_compared_by_their_means() -> None:
    one, two = units("mean", [[1.0], [1.0], [0.0]]), units("mean", [[1.0], [0.0], [0.0]])
    other = units("mean", [[0.0], [0.0], [0.0]])
    found = compare([one, two], [other])
    assert found.difference == pytest.approx(0.5)
    turned = compare([other], [one, two])
    assert turned.difference == -found.difference
    assert turned.p == found.p
    assert turned.ci95 == pytest.approx((-found.ci95[1], -found.ci95[0]))


def test_equal_systems_are_not_different() -> None:
    same = units("f1", [(1, 2, 2), (0, 1, 1), (2, 2, 3)])
    found = compare([same], [same])
    assert (found.difference, found.ci95, found.p) == (0.0, (0.0, 0.0), 1.0)


def test_a_clear_difference_is_found() -> None:
    good, bad = units("mean", [[1.0]] * 40), units("mean", [[1.0]] * 25 + [[0.0]] * 15)
    found = compare([good], [bad])
    assert found.p < 0.01
    assert found.ci95[0] > 0


@pytest.mark.parametrize(("factor", "shift"), [(0.2, 0.8), (10.0, -3.0), (1e-6, 5.0)])
def test_the_scale_of_similarities_makes_no_difference(factor: float, shift: float) -> None:
    rng = np.random.default_rng(0)
    gold = rng.normal(size=60)
    near, far = gold + rng.normal(size=60), gold + 4 * rng.normal(size=60)
    one = units("pearson", np.array([gold, near]).T)
    other = units("pearson", np.array([gold, far]).T)
    scaled = units("pearson", np.array([gold, factor * far + shift]).T)
    found, again = compare([one], [other]), compare([one], [scaled])
    assert found.p < 0.05
    assert again.p == pytest.approx(found.p, abs=0.002)
    assert again.difference == pytest.approx(found.difference)


def test_similarities_that_are_all_the_same() -> None:
    gold = np.arange(9.0)
    constant = units("pearson", np.array([gold, np.full(9, 0.1)]).T)
    found = compare([units("pearson", np.array([gold, gold]).T)], [constant])
    assert found.difference == pytest.approx(1)
    assert compare([constant], [constant]).p == 1


def test_other_units_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="same units"):
        compare([units("mean", [[1.0]])], [units("mean", [[1.0], [0.0]])])
