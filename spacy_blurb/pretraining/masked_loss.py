"""What does a guess of the masked pieces cost? Cross-entropy over a vocabulary, in slices.

The table of logits is by far the largest array of pretraining: 2,500 masked pieces times 30,522
times 4 bytes are 300 MB, which autograd would keep three times. Here a slice of it is made, turned
into its own gradient in place, and forgotten.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

SLICE_BYTES = 32 << 20  # of float32 logits on a CPU: what stays in its caches
GPU_SLICE_BYTES = 1 << 30  # a GPU wants large products


def masked_loss(hidden: Tensor, weight: Tensor, bias: Tensor, targets: Tensor) -> Tensor:
    """Sum the cross-entropy of `softmax(hidden @ weight.T + bias)` over rows.

    The products are computed in the type of `hidden`, all else in float32.

    hidden (Tensor): One row per masked piece. Shape: (n_targets, width)
    weight (Tensor): Output embeddings, of any float type. Shape: (n_pieces, width)
    bias (Tensor): Shape: (n_pieces,)
    targets (Tensor[int64]): Right pieces. Shape: (n_targets,)
    RETURNS (Tensor[float32]): The sum, in nats; 0 without targets. Shape: ()
    """
    total: Tensor = _MaskedLoss.apply(hidden, weight, bias, targets)
    return total


class _MaskedLoss(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor, targets: Tensor) -> Tensor:
        table = weight.detach().to(hidden.dtype)
        needs_gradient = any(ctx.needs_input_grad)
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        d_bias = torch.zeros_like(bias, dtype=torch.float32)
        d_logits = []
        for part, part_targets in zip(
            *(t.split(_rows_per_slice(hidden, len(bias))) for t in (hidden.detach(), targets)),
            strict=True,
        ):
            logits = (part @ table.T).float().add_(bias.detach())
            right = part_targets[:, None]
            log_sum = logits.logsumexp(1, keepdim=True)
            total += (log_sum - logits.gather(1, right)).sum()
            if needs_gradient:
                probs = logits.sub_(log_sum).exp_()
                probs.scatter_add_(1, right, torch.full_like(log_sum, -1.0))
                d_bias += probs.sum(0)
                d_logits.append(probs.to(hidden.dtype))
        if needs_gradient:
            gradient = torch.cat(d_logits) if d_logits else hidden.new_empty(0, len(bias))
            d_hidden = gradient @ table
            d_weight = (gradient.T @ hidden.detach()).to(weight.dtype)
            ctx.save_for_backward(d_hidden, d_weight, d_bias.to(bias.dtype))
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_total: Tensor) -> tuple[Tensor | None, ...]:
        d_hidden, d_weight, d_bias = ctx.saved_tensors
        return (d_hidden * d_total.to(d_hidden.dtype), d_weight * d_total, d_bias * d_total, None)


def _rows_per_slice(hidden: Tensor, n_pieces: int) -> int:
    n_bytes = SLICE_BYTES if hidden.device.type == "cpu" else GPU_SLICE_BYTES
    return max(1, n_bytes // (4 * n_pieces))
