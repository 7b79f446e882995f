"""Pairs of texts: Pearson's correlation of their similarities."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...metrics.correlation import pearson
from ...metrics.resampling import Units
from ...tasks import Task
from .rows import Row, require


@dataclass(frozen=True, slots=True)
class GoldPair:
    """A pair of texts and its score in the dataset's range."""

    id: str
    score: float


def score_pairs(
    task: Task, gold: Sequence[GoldPair], rows: Sequence[Row], source: Path
) -> tuple[dict[str, Any], Units]:
    """Score similarities.

    rows (Sequence[Row]): `{"id", "score": NUMBER}`, in the order of `gold`; any scale does.
    RETURNS (tuple): Fields of the result: `score` -1 to 1; and gold and predicted value of each
        pair.
    RAISES (BlurbError): B630 a row that is not of this form.
    """
    predicted = [float(require(row, "score", float, source)) for row in rows]
    # Squares of very large or very small numbers are none; the scale makes no difference.
    largest = max(map(abs, predicted), default=0.0) or 1.0
    predicted = [value / largest for value in predicted]
    wanted = [item.score for item in gold]
    table = np.array([wanted, predicted], dtype=float).T
    units = Units("pearson", tuple(item.id for item in gold), table)
    return {"score": pearson(wanted, predicted)}, units
