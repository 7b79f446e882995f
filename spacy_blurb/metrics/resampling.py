"""How far would other test items move a score, or the difference of two?

Every metric here is a function of sums over units (documents, pairs, questions; of a document that
comes as sentences the whole of it). A resample gives each unit a weight, so all resamples are one
matrix product, and two systems are compared on the same ones.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_PART = 200
_CELLS = 20_000_000
"""Of the weights that are in memory at a time; these are 160 MB, some of them more than once."""


@dataclass(frozen=True, slots=True)
class Units:
    """What each test item contributes to a score.

    kind (str): "f1", "macro_f1", "mean" or "pearson".
    ids (tuple[str, ...]): One per unit.
    table (ndarray): Shape (units, columns). "f1": correct, predicted, gold; "macro_f1": these three
        for each label; "mean": the unit's own score; "pearson": gold and predicted value.
    """

    kind: str
    ids: tuple[str, ...]
    table: Floats

    def score(self) -> float:
        """Return the score over all units, each once."""
        return float(self.scores(np.ones((1, len(self.ids))))[0])

    def scores(self, weights: Floats) -> Floats:
        """Return the score of each resample.

        weights (ndarray): How often each unit is in it, shape (resamples, units).
        """
        table = np.asarray(self.table, dtype=np.float64)
        if self.kind == "f1":
            return _f1(weights @ table)
        if self.kind == "macro_f1":
            sums = (weights @ table).reshape(len(weights), -1, 3)
            return _f1(sums).mean(axis=-1)
        if self.kind == "mean":
            return (weights @ table)[:, 0] / np.maximum(weights.sum(axis=1), 1)
        return _pearson(weights, table)

    def by_document(self, documents: Sequence[str]) -> "Units":
        """Return documents as units where these are parts of them, such as sentences; only of F1.

        Resamples take units for independent. Sentences of one abstract are not: they share terms,
        and a model's mistakes on them. Drawn one by one, they make an interval too narrow and a p
        too small. The score of all units stays as it is, since it is one of sums.

        Sentences of two documents, [1, 2, 1] and [0, 0, 1] of the first and [1, 1, 1] of the
        second, become [1, 2, 2] and [1, 1, 1].

        documents (Sequence[str]): Of each unit, the id of its document.
        RETURNS (Units): In the order in which documents first appear.
        RAISES (ValueError): The score is not one of sums.
        """
        if self.kind not in ("f1", "macro_f1"):
            raise ValueError(f"units of a {self.kind} cannot be added up")
        places = {name: place for place, name in enumerate(dict.fromkeys(documents))}
        table = np.zeros((len(places), *self.table.shape[1:]))
        np.add.at(table, np.array([places[name] for name in documents], dtype=int), self.table)
        return Units(self.kind, tuple(places), table)


def _f1(sums: Floats) -> Floats:
    """Compute F1 of (…, 3) sums of correct, predicted and gold; 0 where there is nothing."""
    correct, predicted, gold = np.moveaxis(sums, -1, 0)
    return 2 * correct / np.maximum(predicted + gold, 1)


def _pearson(weights: Floats, table: Floats) -> Floats:
    """Compute correlations; 0 where a side does not vary, as `metrics.correlation.pearson`."""
    # Around the mean, so that little is lost to rounding.
    x, y = (table - table.mean(axis=0)).T
    n = np.maximum(weights.sum(axis=1), 1)
    mean_x, mean_y = weights @ x / n, weights @ y / n
    var_x, var_y = weights @ (x * x) / n - mean_x**2, weights @ (y * y) / n - mean_y**2
    scale = np.sqrt(np.maximum(var_x, 0) * np.maximum(var_y, 0))
    # What rounding leaves of no variance at all.
    tiny = 1e-12 * max(float((x * x).mean() * (y * y).mean()) ** 0.5, 1e-300)
    covariance = weights @ (x * y) / n - mean_x * mean_y
    return np.where(scale > tiny, np.clip(covariance / np.maximum(scale, tiny), -1, 1), 0.0)


def draw_weights(n_units: int, *, resamples: int = 1000, seed: int = 0) -> Floats:
    """Draw bootstrap resamples: how often each unit is in each.

    Sets of the same size get the same resamples, so that two systems, and two tasks on the same
    documents, are resampled together.

    RETURNS (ndarray): Shape (resamples, n_units); rows add up to n_units.
    """
    return np.concatenate(list(draw_parts(n_units, resamples=resamples, seed=seed)))


def draw_parts(n_units: int, *, resamples: int = 1000, seed: int = 0) -> Iterator[Floats]:
    """Draw the resamples of `draw_weights` a few at a time: all those of a large set are gigabytes.

    YIELDS (ndarray): Shape (some, n_units).
    """
    generator = np.random.default_rng(seed)
    shares = np.full(n_units, 1 / max(1, n_units))
    for size in _part_sizes(resamples, n_units, resamples):
        yield generator.multinomial(n_units, shares, size=size).astype(np.float64)


def _part_sizes(total: int, n_units: int, most: int) -> Iterator[int]:
    most = min(most, max(1, _CELLS // max(1, n_units)))
    for start in range(0, total, most):
        yield min(most, total - start)


def interval(scores: Floats) -> tuple[float, float]:
    """Return the 95 % percentile interval of resampled scores."""
    low, high = np.percentile(scores, [2.5, 97.5])
    return float(low), float(high)


def bootstrap_interval(units: Units) -> tuple[float, float]:
    """Compute a 95 % percentile interval of a score; (0.0, 0.0) without units."""
    if not units.ids:
        return 0.0, 0.0
    return interval(np.concatenate([units.scores(part) for part in draw_parts(len(units.ids))]))


@dataclass(frozen=True, slots=True)
class Comparison:
    """A minus B on the same units, in the score's own range.

    ci95 (tuple[float, float]): Paired bootstrap interval of the difference.
    p (float): Two-sided, of approximate randomisation: how often would the difference be as large
        if it were chance which of the two systems made which unit's predictions?
    """

    difference: float
    ci95: tuple[float, float]
    p: float


def compare(
    a: Sequence[Units], b: Sequence[Units], *, resamples: int = 2000, seed: int = 0
) -> Comparison:
    """Compare two systems, each with one or more runs on the same units in the same order.

    The mean over runs is compared. In the randomisation a unit goes from one system to the other
    with all its runs; of correlations the predicted values of each run are standardised first,
    since those of two scales could not be mixed.

    RAISES (ValueError): The units are not the same.
    """
    if any((units.ids, units.kind) != (a[0].ids, a[0].kind) for units in (*a, *b)):
        raise ValueError("runs on the same units are needed")
    n = len(a[0].ids)
    if a[0].kind == "pearson":
        a, b = [_standardised(units) for units in a], [_standardised(units) for units in b]
    parts = draw_parts(n, resamples=resamples, seed=seed)
    deltas = [_mean_scores(a, weights) - _mean_scores(b, weights) for weights in parts]
    every = np.ones((1, n))
    difference = float((_mean_scores(a, every) - _mean_scores(b, every))[0])
    generator = np.random.default_rng(seed)
    as_large = 0
    for size in _part_sizes(resamples, n, _PART):
        swaps = generator.integers(0, 2, size=(size, n)).astype(np.float64)
        by_chance = np.mean([_swapped(left, right, swaps) for left in a for right in b], axis=0)
        as_large += int((np.abs(by_chance) >= abs(difference) - 1e-12).sum())
    return Comparison(
        difference, interval(np.concatenate(deltas)), (as_large + 1) / (resamples + 1)
    )


def _mean_scores(runs: Sequence[Units], weights: Floats) -> Floats:
    return np.mean([units.scores(weights) for units in runs], axis=0)


def _standardised(units: Units) -> Units:
    """Give the predicted values a mean of 0 and a deviation of 1, which changes no correlation."""
    gold, predicted = np.asarray(units.table, dtype=np.float64).T
    around = predicted - predicted.mean()
    deviation = around.std()
    # What rounding leaves of values that are all the same.
    is_constant = deviation <= 1e-9 * np.abs(predicted).max(initial=0)
    around = np.zeros_like(around) if is_constant else around / deviation
    return Units(units.kind, units.ids, np.array([gold, around]).T)


def _swapped(left: Units, right: Units, swaps: Floats) -> Floats:
    """Return the difference after units with a 1 have changed sides. Shape: (resamples,)"""
    both = Units(left.kind, left.ids * 2, np.concatenate([left.table, right.table]))
    there = both.scores(np.concatenate([1 - swaps, swaps], axis=1))
    here = both.scores(np.concatenate([swaps, 1 - swaps], axis=1))
    return there - here
