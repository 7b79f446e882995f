"""Dropout that is cheap on a CPU.

torch draws a number per element there, in 8 nanoseconds: with BERT's dropout on attention that is
more than a third of a training step on abstracts. Sixteen random bits say as much, and random bits
come fast in words of 64. Like torch's, it is decided by torch's seed.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

_LEVELS = 1 << 16


class Dropout(nn.Module):
    """Zero a share `p` (0-1) of entries in training and scale the others by 1 / (1 - p)."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, X: Tensor) -> Tensor:
        """Shape: any → the same."""
        if not self.training or not self.p:
            return X
        if X.device.type != "cpu":
            return nn.functional.dropout(X, self.p)
        return _CpuDropout.apply(X, self.p)


class _CpuDropout(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, X: Tensor, p: float) -> Tensor:
        dropped = draw_mask(X.numel(), p).view(X.shape)
        ctx.save_for_backward(dropped)
        ctx.scale = 1 / (1 - p)
        return (X * ctx.scale).masked_fill_(dropped, 0)

    @staticmethod
    def backward(ctx: Any, dY: Tensor) -> tuple[Tensor, None]:
        (dropped,) = ctx.saved_tensors
        return (dY * ctx.scale).masked_fill_(dropped, 0), None


def draw_mask(size: int, p: float) -> Tensor:
    """Return a mask of `size` entries that is true with probability `p`, to 1/65536.

    RETURNS (Tensor): bool, shape (size,), on the CPU.
    """
    generator = np.random.SFC64(int(torch.randint(2**62, (1,))))
    words = generator.random_raw(-(-size // 4)).view(np.uint16)[:size]
    return torch.from_numpy(words < round(p * _LEVELS))
