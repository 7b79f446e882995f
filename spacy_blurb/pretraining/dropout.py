"""How are activations dropped? As torch does it, with four decisions from one random number."""

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout

_STEPS = 2**16  # decisions are made on 16 bits: a probability is right to 1/131,072


class Dropout(nn.Module):
    """Dropout with a mask that is cheaper than torch's on a CPU; elsewhere it is torch's own.

    probability (float): Share of entries that become 0 in training, 0-1.
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, X: Tensor) -> Tensor:
        """Drop entries and scale the others, in training; else return the input.

        X (Tensor): Any shape.
        """
        if not self.training or self.probability == 0:
            return X
        if X.device.type != "cpu":
            return dropout(X, self.probability)
        return X * draw_mask(X, self.probability)


def draw_mask(X: Tensor, probability: float) -> Tensor:
    """Draw factors from torch's global generator: 0 with the probability, else 1 / (1 - it).

    X (Tensor): Gives shape and type.
    probability (float): Of a 0, 0-1.
    RETURNS (Tensor): Shape and type of X.
    """
    words = torch.empty(-(-X.numel() // 4), dtype=torch.int64)
    words.random_(-(2**63), 2**63 - 1)
    border = round(probability * _STEPS) - _STEPS // 2
    kept = words.view(torch.int16)[: X.numel()].view(X.shape) >= border
    return kept.to(X.dtype).mul_(_STEPS / (_STEPS - round(probability * _STEPS)))
