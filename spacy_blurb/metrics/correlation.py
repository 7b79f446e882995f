"""Pearson's correlation."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def pearson(gold: Sequence[float], predicted: Sequence[float]) -> float:
    """Compute Pearson's correlation of two lists of the same length.

    RETURNS (float): -1 to 1; 0.0 where a list does not vary, for which it is not defined, as
        a constant prediction tells nothing.
    """
    if len(gold) != len(predicted):
        raise ValueError(f"{len(gold)} gold and {len(predicted)} predicted scores")
    x, y = (_centre(np.asarray(side, dtype=np.float64)) for side in (gold, predicted))
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(np.clip(x @ y / scale, -1.0, 1.0)) if scale > 0 else 0.0


def _centre(values: NDArray[np.float64]) -> NDArray[np.float64]:
    # Equal values have a mean that is not quite one of them.
    if not len(values) or (values == values[0]).all():
        return np.zeros_like(values)
    return values - values.mean()
