"""Calibration error and thresholds, against loops and examples computed by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_blurb.metrics.calibration import (
    Bin,
    best_threshold,
    calibration_bins,
    expected_calibration_error,
    mean_log_loss,
)

# Few values, so that ties and borders of bins are frequent.
PREDICTIONS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.3, 0.5, 0.9, 1.0]), st.booleans()), max_size=12
)


def split(predictions: list) -> tuple[list[float], list[bool]]:
    return [score for score, _ in predictions], [right for _, right in predictions]


@given(PREDICTIONS, st.integers(1, 5))
def test_calibration_error_equals_a_loop(predictions: list, n_bins: int) -> None:
    expected, seen = 0.0, 0
    for number in range(n_bins):
        last = number == n_bins - 1
        inside = [
            (score, right)
            for score, right in predictions
            if number <= score * n_bins < number + 1 or (last and score == 1.0)
        ]
        seen += len(inside)
        if inside:
            distance = sum(s for s, _ in inside) - sum(right for _, right in inside)
            expected += abs(distance) / len(predictions)
    assert seen == len(predictions)
    bins = calibration_bins(*split(predictions), n_bins=n_bins)
    assert len(bins) == n_bins
    assert sum(row.count for row in bins) == len(predictions)
    assert expected_calibration_error(bins) == pytest.approx(expected)


def test_calibration_by_hand() -> None:
    bins = calibration_bins([0.1, 0.3, 0.6, 0.9, 1.0], [False, True, True, True, False], n_bins=2)
    assert bins == [Bin(2, pytest.approx(0.2), 0.5), Bin(3, pytest.approx(2.5 / 3), 2 / 3)]
    expected = (2 * 0.3 + 3 * (2.5 - 2) / 3) / 5
    assert expected_calibration_error(bins) == pytest.approx(expected)
    assert expected_calibration_error(calibration_bins([], [])) == 0.0
    # Of 1000 predictions with 0.7 just 700 are right: perfectly calibrated.
    perfect = calibration_bins([0.7] * 1000, [True] * 700 + [False] * 300)
    assert expected_calibration_error(perfect) == pytest.approx(0.0)


@given(PREDICTIONS, st.integers(0, 6))
def test_no_threshold_is_better(predictions: list, more_gold: int) -> None:
    scores, correct = split(predictions)
    n_gold = sum(correct) + more_gold

    def f1(threshold: float) -> float:
        kept = [right for score, right in predictions if score >= threshold]
        total = len(kept) + n_gold
        return 2 * sum(kept) / total if total else 0.0

    found = best_threshold(scores, correct, n_gold)
    assert f1(found) == pytest.approx(max(f1(t) for t in [0.0, *scores, 2.0]))
    # The lowest of the best.
    assert all(f1(t) < f1(found) for t in [0.0, *scores] if t < found)


def test_threshold_by_hand() -> None:
    # Kept 1: 2·1/(1+3) = 0.5, kept 2: 2·2/(2+3) = 0.8, kept 3: 0.67, kept 4: 0.57.
    assert best_threshold([0.9, 0.2, 0.7, 0.4], [True, False, True, False], 3) == 0.55
    assert best_threshold([0.9, 0.2], [True, True], 2) == 0.0
    assert best_threshold([], [], 2) == 0.0


def test_log_loss_by_hand() -> None:
    assert mean_log_loss([0.5, 0.75], [True, False]) == pytest.approx(
        -(np.log(0.5) + np.log(0.25)) / 2
    )
    assert mean_log_loss([1.0, 0.0], [True, False]) == pytest.approx(0.0, abs=1e-9)
    assert 20 < mean_log_loss([1.0], [False]) < 30
