"""The contrastive loss: texts that belong together become near, others of the batch far."""

import numpy as np
from numpy.typing import NDArray

from .cosine import normalise


def contrastive_loss(
    first: NDArray[np.floating], second: NDArray[np.floating], temperature: float
) -> tuple[float, NDArray[np.floating], NDArray[np.floating]]:
    """Compute the symmetric InfoNCE loss with the other pairs of the batch as negatives.

    Each row of one side is to be told from the rows of the other side by cosine similarity; the
    loss is the mean of both directions (van den Oord et al. 2018, arXiv 1807.03748).

    first, second (ndarray): Vectors of the two texts of each pair, shape (pairs, width).
    temperature (float): Cosines are divided by it, above 0; smaller is sharper.
    RETURNS (tuple): Loss, and the gradients of `first` and `second`; 0 for fewer than two pairs,
        where there is nothing to be told apart.
    """
    n = len(first)
    if n < 2:
        return 0.0, np.zeros_like(first), np.zeros_like(second)
    (X, to_first), (Y, to_second) = normalise(first), normalise(second)
    logits = X @ Y.T / temperature
    rows, columns = _softmax(logits, axis=1), _softmax(logits, axis=0)
    right = np.concatenate([rows.diagonal(), columns.diagonal()])
    loss = -float(np.log(np.maximum(right, 1e-30)).mean())
    d_logits = (rows + columns - 2 * np.eye(n)) / (2 * n * temperature)
    return loss, to_first(d_logits @ Y), to_second(d_logits.T @ X)


def _softmax(logits: NDArray[np.floating], axis: int) -> NDArray[np.floating]:
    exp = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return exp / exp.sum(axis=axis, keepdims=True)
