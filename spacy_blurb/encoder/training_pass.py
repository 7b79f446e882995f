"""A pass of the encoder that can be backpropagated."""

from collections.abc import Callable

import torch


class TrainingPass:
    """A pass that is computed when its vectors are first asked for."""

    def __init__(
        self, compute: Callable[[], torch.Tensor], end: Callable[["TrainingPass"], None]
    ) -> None:
        """Make the pass.

        compute (Callable): Returns the vectors with what torch needs for their gradients.
        end (Callable): Called with the pass when it has been backpropagated.
        """
        self._compute = compute
        self._end = end
        self._vectors: torch.Tensor | None = None

    def vectors(self) -> torch.Tensor:
        """Return the vectors, shape (kept pieces, width)."""
        return self._computed().detach()

    def backprop(self, d_vectors: torch.Tensor | None) -> None:
        """Add to the gradients of the weights, and end the pass.

        d_vectors (Tensor | None): Gradient of the vectors; None where nobody has read them.
        """
        # Also a head that has read them may have learned nothing from them.
        if d_vectors is not None and d_vectors.any():
            vectors = self._computed()
            torch.autograd.backward(vectors, d_vectors.to(vectors.device))
        self._end(self)

    def _computed(self) -> torch.Tensor:
        if self._vectors is None:
            self._vectors = self._compute()
        return self._vectors
