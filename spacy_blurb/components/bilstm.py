"""A bidirectional LSTM between encoder and head, for the comparison of the paper's Table 12."""

from collections.abc import Callable
from typing import Any

from thinc.api import Model, torch2xp, uniform_init, xp2torch
from thinc.types import Floats2d


def build_bilstm_v1(
    hidden_width: int = 128, depth: int = 1
) -> Model[list[Floats2d], list[Floats2d]]:
    """Build `spacy_blurb.BiLSTM.v1`: token vectors → token vectors that know both sides.

    torch computes, and is needed for prediction too; the weights are parameters of the layer, so
    that they are saved, averaged and updated as those of a linear layer. (The backpropagation of
    thinc 8.3's own `LSTM` differs from finite differences.)

    hidden_width (int): Units of each direction; the vectors have two times as many entries.
    depth (int): Layers.
    """
    names = [
        f"{kind}_l{layer}{direction}"
        for layer in range(depth)
        for direction in ("", "_reverse")
        for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    ]
    return Model(
        "bilstm",
        _forward,
        init=_init,
        dims={"nI": None, "nO": 2 * hidden_width},
        params=dict.fromkeys(names),
        attrs={"depth": depth},
    )


def _build_network(model: Model) -> Any:
    """Build a torch LSTM of the layer's sizes, without weights of its own."""
    import torch

    return torch.nn.LSTM(
        model.get_dim("nI"),
        model.get_dim("nO") // 2,
        model.attrs["depth"],
        bidirectional=True,
        batch_first=True,
        device="meta",
    )


def _init(model: Model, X: list[Floats2d] | None = None, Y: Any = None) -> None:
    if X:
        model.set_dim("nI", X[0].shape[1])
    # As torch does it.
    bound = (model.get_dim("nO") // 2) ** -0.5
    for name, weight in _build_network(model).named_parameters():
        model.set_param(name, uniform_init(model.ops, tuple(weight.shape), lo=-bound, hi=bound))


def _forward(
    model: Model, X: list[Floats2d], is_train: bool
) -> tuple[list[Floats2d], Callable[[list[Floats2d]], list[Floats2d]]]:
    import torch
    from torch.nn.utils.rnn import pack_sequence, unpack_sequence

    # Empty Docs cannot be packed.
    full = [i for i, vectors in enumerate(X) if len(vectors)]
    # Any: thinc's arrays of torch tensors can be of any type.
    Y: list[Any] = [model.ops.alloc2f(0, model.get_dim("nO")) for _ in X]
    if not full:
        return Y, lambda dY: X
    weights = {
        name: xp2torch(model.get_param(name), requires_grad=is_train) for name in model.param_names
    }
    inputs = [xp2torch(X[i], requires_grad=is_train) for i in full]
    with torch.set_grad_enabled(is_train):
        packed = pack_sequence(inputs, enforce_sorted=False)
        states, _ = torch.func.functional_call(_build_network(model), weights, (packed,))
        outputs = unpack_sequence(states)
    for i, output in zip(full, outputs, strict=True):
        Y[i] = torch2xp(output.detach())

    def backprop(dY: list[Floats2d]) -> list[Floats2d]:
        wanted = [*inputs, *weights.values()]
        d_outputs = [xp2torch(dY[i]) for i in full]
        gradients: list[Any] = [
            torch2xp(g) for g in torch.autograd.grad(outputs, wanted, d_outputs)
        ]
        for name, gradient in zip(weights, gradients[len(inputs) :], strict=True):
            model.inc_grad(name, gradient)
        dX: list[Any] = [model.ops.alloc2f(*vectors.shape) for vectors in X]
        for i, gradient in zip(full, gradients, strict=False):
            dX[i] = gradient
        return dX

    return Y, backprop
