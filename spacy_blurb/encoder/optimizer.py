"""The optimiser step of the encoder: thinc's Adam in one fused call.

The stock shim hands every weight to thinc's numpy Adam, one after the other on one core. The same
step is done here by torch, in place, with the settings that the thinc optimiser has at this step:
`learn_rate`, `beta1`, `beta2`, `eps`, `L2` as weight decay, `grad_clip` per weight array, and
moving averages where it keeps them. Moments and counts live in the thinc optimiser under the keys
that thinc would use, so that they begin and end with it. A weight may have a share of the learning
rate.

Two differences to thinc, both below the rounding of float32 in practice: weight decay is applied
before the step and not behind it (a factor 1 - learn_rate * L2 on the step), and sums are taken in
another order. Query, key and value are one array, clipped together.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from thinc.api import Optimizer, torch2xp, xp2torch
from torch.optim.adamw import adamw

Key = tuple[int, str]


def take_step(
    optimizer: Optimizer,
    shim_id: int,
    weights: Iterable[tuple[str, torch.nn.Parameter]],
    rates: Mapping[str, float] | None = None,
) -> None:
    """Change weights by their gradients and drop the gradients.

    weights: Names and weights; those without a gradient stay as they are.
    rates (Mapping | None): Factor on the learning rate of each name, 1 for names that are not
        there.
    """
    learning = {(shim_id, name): weight for name, weight in weights if weight.grad is not None}
    scales = {key: (rates or {}).get(key[1], 1.0) for key in learning}
    if _is_adam(optimizer):
        _take_adam_step(optimizer, learning, scales)
    else:
        _take_any_step(optimizer, learning, scales)
    for weight in learning.values():
        weight.grad = None


def decayed_rates(names: Iterable[str], n_layers: int, decay: float) -> dict[str, float]:
    """Return shares of the learning rate that shrink by a factor with every layer downward.

    The uppermost layer has 1, the embeddings decay ** n_layers (layer-wise decay, Tinn et al. 2021,
    arXiv 2112.07869).

    names (Iterable[str]): Of the weights of a `Bert`; other names keep 1.
    """
    depths = {"embeddings": n_layers}
    depths.update({f"layers.{number}": n_layers - 1 - number for number in range(n_layers)})
    # "layers.0.qkv.weight" → "layers.0", "embeddings.norm.weight" → "embeddings".
    parts = {name: name.split(".") for name in names}
    owners = {name: ".".join(part[: 1 + (part[0] == "layers")]) for name, part in parts.items()}
    return {name: decay ** depths.get(owner, 0) for name, owner in owners.items()}


def _is_adam(optimizer: Optimizer) -> bool:
    has_moments = optimizer.b1 > 0 and optimizer.b2 > 0
    return (
        has_moments
        and not optimizer.use_radam
        and (optimizer.L2_is_weight_decay or not optimizer.L2)
    )


@torch.no_grad()
def _take_adam_step(
    optimizer: Any, learning: dict[Key, torch.nn.Parameter], scales: dict[Key, float]
) -> None:
    groups: dict[tuple[int, float], list[Key]] = defaultdict(list)
    for key, weight in learning.items():
        optimizer.nr_update[key] += 1
        groups[optimizer.nr_update[key], scales[key]].append(key)
        for moments in (optimizer.mom1, optimizer.mom2):
            if key not in moments:
                moments[key] = torch.zeros_like(weight)
        if optimizer.grad_clip:
            _clip(weight.grad, optimizer.grad_clip)
    for (count, scale), keys in groups.items():
        chosen: list[Any] = [learning[key] for key in keys]
        adamw(
            chosen,
            [weight.grad for weight in chosen],
            [optimizer.mom1[key] for key in keys],
            [optimizer.mom2[key] for key in keys],
            [],
            # The call counts up itself.
            [torch.tensor(count - 1.0, device=weight.device) for weight in chosen],
            fused=True,
            amsgrad=False,
            beta1=optimizer.b1,
            beta2=optimizer.b2,
            lr=optimizer.learn_rate * scale,
            weight_decay=optimizer.L2,
            # thinc adds eps before it corrects the second moment for its start at zero.
            eps=optimizer.eps / (1 - optimizer.b2**count) ** 0.5,
            maximize=False,
        )
        if optimizer.averages is not None:
            for key in keys:
                _average(optimizer.averages, key, learning[key], count)


def _clip(gradient: Any, threshold: float) -> None:
    norm = float(gradient.norm())
    if norm >= threshold:
        gradient.mul_(threshold / norm)


def _average(averages: Any, key: tuple[int, str], weight: torch.Tensor, count: int) -> None:
    if key not in averages:
        averages[key] = torch.zeros_like(weight)
    # The decay of thinc's `update_averages`.
    averages[key].lerp_(weight, 1 - min((1 + count) / (10 + count), 0.9999))


def _take_any_step(
    optimizer: Optimizer, learning: dict[Key, torch.nn.Parameter], scales: dict[Key, float]
) -> None:
    """Let thinc compute the step: RAdam, plain SGD, L2 as a loss."""
    for key, weight in learning.items():
        # Any: thinc's types know integer arrays too.
        data: Any = torch2xp(weight.data)
        gradient: Any = torch2xp(weight.grad)
        updated, _ = optimizer(key, data, gradient, lr_scale=scales[key])
        weight.data.copy_(xp2torch(updated, device=weight.device))
