"""The cosine of vectors, and what it says to their gradients."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def cosines(first: Array, second: Array) -> tuple[Array, Callable[[Array], tuple[Array, Array]]]:
    """Compute the cosine of each row of `first` with the same row of `second`.

    first, second (ndarray): Shape (pairs, width).
    RETURNS (tuple): Shape (pairs,), from -1 to 1, 0 where a vector is zero; and a function from
        their gradient to the gradients of both.
    """
    (X, to_first), (Y, to_second) = normalise(first), normalise(second)

    def backprop(gradient: Array) -> tuple[Array, Array]:
        column = gradient[:, None]
        return to_first(column * Y), to_second(column * X)

    return (X * Y).sum(axis=1), backprop


def normalise(vectors: Array) -> tuple[Array, Callable[[Array], Array]]:
    """Give rows length 1; zero rows, of texts without pieces, stay zero and get no gradient.

    vectors (ndarray): Shape (rows, width).
    RETURNS (tuple): The rows, and a function from their gradient to that of `vectors`.
    """
    lengths: Any = np.sqrt((vectors**2).sum(axis=1, keepdims=True))
    scale = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    unit = vectors * scale

    def backprop(d_unit: Array) -> Array:
        along = (d_unit * unit).sum(axis=1, keepdims=True)
        return ((d_unit - along * unit) * scale).astype(vectors.dtype)

    return unit, backprop
