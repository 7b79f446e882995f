"""Do probabilities mean what they say? Calibration error, and the threshold with the best F1."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Bin:
    """Predictions whose scores are alike.

    count (int): How many.
    score (float): Their mean score, 0-1; 0 for none.
    accuracy (float): Share of them that are right, 0-1; 0 for none.
    """

    count: int
    score: float
    accuracy: float


def calibration_bins(
    scores: Sequence[float], correct: Sequence[bool], *, n_bins: int = 10
) -> list[Bin]:
    """Divide predictions into bins of equal width over 0-1; a score of 1 is in the last.

    scores (Sequence[float]): Probability of each prediction, 0-1.
    correct (Sequence[bool]): Whether each is right.
    """
    places = np.minimum((np.asarray(scores, dtype=float) * n_bins).astype(int), n_bins - 1)
    bins = []
    for number in range(n_bins):
        inside = places == number
        count = int(inside.sum())
        score = float(np.asarray(scores)[inside].mean()) if count else 0.0
        accuracy = float(np.asarray(correct)[inside].mean()) if count else 0.0
        bins.append(Bin(count, score, accuracy))
    return bins


def expected_calibration_error(bins: Sequence[Bin]) -> float:
    """Return the mean distance between score and accuracy over all predictions (0-1).

    As Guo et al. 2017 (arXiv 1706.04599), equation 3; 0 for no predictions.
    """
    total = sum(row.count for row in bins)
    return sum(row.count * abs(row.score - row.accuracy) for row in bins) / max(1, total)


def mean_log_loss(scores: Sequence[float], correct: Sequence[bool]) -> float:
    """Return the mean of -log of the probability given to what is the case; scores inside 0-1."""
    kept = np.clip(np.asarray(scores, dtype=float), 1e-12, 1 - 1e-12)
    return float(-np.log(np.where(np.asarray(correct, dtype=bool), kept, 1 - kept)).mean())


def best_threshold(scores: Sequence[float], correct: Sequence[bool], n_gold: int) -> float:
    """Find the threshold with the highest F1 if only predictions that reach it are kept.

    n_gold (int): Number of gold mentions.
    RETURNS (float): Half-way between the least score that is kept and the next one below it; of
        several with the same F1 the lowest, and 0.0 where all are kept.
    """
    order = np.argsort(-np.asarray(scores, dtype=float), kind="stable")
    ranked, right = np.asarray(scores, dtype=float)[order], np.asarray(correct, dtype=bool)[order]
    best_f1, threshold = 0.0, 0.0
    n_correct = 0
    for n_kept, (score, is_right) in enumerate(zip(ranked, right, strict=True), start=1):
        n_correct += int(is_right)
        following = ranked[n_kept] if n_kept < len(ranked) else None
        if following == score:
            continue
        f1 = 2 * n_correct / (n_kept + n_gold)
        if f1 >= best_f1:
            best_f1 = f1
            threshold = 0.0 if following is None else float(score + following) / 2
    return threshold
