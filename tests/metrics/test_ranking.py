"""Ranking by vectors against plain loops."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_blurb.metrics.ranking import (
    average_precision,
    ndcg,
    rank_by_distance,
    ranking_scores,
)


@given(st.lists(st.booleans(), max_size=12))
def test_equal_plain_loops(relevant: list[bool]) -> None:
    precisions, gain, best = [], 0.0, 0.0
    for rank, hit in enumerate(relevant, start=1):
        if hit:
            precisions.append(sum(relevant[:rank]) / rank)
            gain += 1 / math.log2(rank + 1)
            best += 1 / math.log2(len(precisions) + 1)
    expected = sum(precisions) / len(precisions) if precisions else 0.0
    assert average_precision(relevant) == pytest.approx(expected)
    assert ndcg(relevant) == pytest.approx(gain / best if best else 0.0)


def test_by_hand() -> None:
    assert average_precision([False, True, False, True]) == pytest.approx((1 / 2 + 2 / 4) / 2)
    gain = 1 / math.log2(3) + 1 / math.log2(5)
    assert ndcg([False, True, False, True]) == pytest.approx(gain / (1 + 1 / math.log2(3)))
    assert (average_precision([True, True, False]), ndcg([True, True, False])) == (1.0, 1.0)


@given(st.integers(0, 1000))
def test_nearest_first(seed: int) -> None:
    rng = np.random.default_rng(seed)
    query, candidates = rng.normal(size=3), rng.normal(size=(6, 3))
    distances = [math.dist(query, row) for row in candidates]
    assert rank_by_distance(query, candidates) == sorted(range(6), key=distances.__getitem__)


def test_equal_distances_keep_their_order() -> None:
    assert rank_by_distance([0, 0], [[1, 0], [0, 0.5], [0, 1], [-1, 0]]) == [1, 0, 2, 3]


def test_means_over_queries() -> None:
    candidates = [[1.0], [2.0], [4.0]]
    queries = [
        ([0.0], candidates, [True, False, False]),
        ([5.0], candidates, [True, False, True]),
        # As in trec_eval, a query without relevant candidates counts as 0.
        ([5.0], candidates, [False, False, False]),
    ]
    scores = ranking_scores(queries)
    assert scores.queries == 3
    assert scores.mean_average_precision == pytest.approx((1 + (1 + 2 / 3) / 2 + 0) / 3)
    gain = 1 + 1 / math.log2(4)
    assert scores.ndcg == pytest.approx((1 + gain / (1 + 1 / math.log2(3))) / 3)
    for order in (queries[::-1], queries[1:] + queries[:1]):
        assert ranking_scores(order).ndcg == pytest.approx(scores.ndcg)
    assert ranking_scores([]).ndcg == 0.0
