"""Ranking of documents by their vectors, as in SciDocs (Cohan et al. 2020).

SciDocs ranks given candidates of each query by negative Euclidean distance and computes `map` and
`ndcg` with trec_eval, whose definitions these are: over the whole list, relevance 0 or 1, a query
without relevant candidates counts as 0. Its classification tasks need a linear SVM with
cross-validated C, which is scikit-learn's job and not done here; its recommendation task needs a
ranker that is learnt on clicks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class RankingScores:
    """Means over queries, 0-1.

    mean_average_precision, ndcg: `map` and `ndcg` of trec_eval.
    queries (int): How many.
    """

    mean_average_precision: float
    ndcg: float
    queries: int


def rank_by_distance(query: ArrayLike, candidates: ArrayLike) -> list[int]:
    """Order candidates by Euclidean distance to the query, nearest first.

    query (ArrayLike): Shape (width,).
    candidates (ArrayLike): Shape (candidates, width).
    RETURNS (list[int]): Indices of candidates; equal distances keep their order.
    """
    rows = np.asarray(candidates, dtype=np.float64)
    distances = np.sqrt(((rows - np.asarray(query, dtype=np.float64)) ** 2).sum(axis=-1))
    return [int(i) for i in np.argsort(distances, kind="stable")]


def average_precision(relevant: Sequence[bool]) -> float:
    """Compute the mean of the precisions at each relevant rank.

    relevant (Sequence[bool]): Whether the candidate at each rank is relevant, best rank first.
    RETURNS (float): 0-1, 0.0 where none is.
    """
    ranks = np.flatnonzero(np.asarray(relevant, dtype=bool)) + 1
    return float(np.mean(np.arange(1, len(ranks) + 1) / ranks)) if len(ranks) else 0.0


def ndcg(relevant: Sequence[bool]) -> float:
    """Compute the discounted gain, 1 / log2(1 + rank) per relevant rank, over the best possible.

    relevant (Sequence[bool]): See `average_precision`.
    RETURNS (float): 0-1, 0.0 where none is relevant.
    """
    hits = np.asarray(relevant, dtype=bool)
    discounts = 1 / np.log2(np.arange(2, len(hits) + 2))
    n_hits = int(hits.sum())
    return float(discounts[hits].sum() / discounts[:n_hits].sum()) if n_hits else 0.0


def ranking_scores(
    queries: Iterable[tuple[ArrayLike, ArrayLike, Sequence[bool]]],
) -> RankingScores:
    """Rank the candidates of each query and average over queries.

    queries (Iterable): Vector of the query, shape (width,), vectors of its candidates, shape
        (candidates, width), and whether each candidate is relevant.
    """
    precisions, gains = [], []
    for query, candidates, relevant in queries:
        ranked = [relevant[i] for i in rank_by_distance(query, candidates)]
        precisions.append(average_precision(ranked))
        gains.append(ndcg(ranked))
    n = len(precisions)
    return RankingScores(sum(precisions) / n if n else 0.0, sum(gains) / n if n else 0.0, queries=n)
