"""Attention in training: kept or computed again, the gradients are the same."""

import pytest
import torch

from spacy_blurb.encoder import bert
from spacy_blurb.encoder.bert import BertConfig, Layer
from spacy_blurb.encoder.packing import Group

CONFIG = BertConfig(
    n_pieces=10,
    n_positions=16,
    n_types=2,
    hidden_width=32,
    n_layers=1,
    n_heads=4,
    inner_width=64,
    activation="gelu",
    norm_eps=1e-12,
    hidden_dropout=0.1,
    attention_dropout=0.1,
)


def gradients(layer: Layer, width: int, n_rows: int) -> list[torch.Tensor]:
    torch.manual_seed(1)
    X = torch.randn(n_rows * width, 32, requires_grad=True)
    group = Group(start=0, n_rows=n_rows, width=width, full=True, shared=False)
    layer.zero_grad()
    layer(X, [(group, None)]).square().sum().backward()
    assert X.grad is not None
    return [X.grad, *(p.grad.clone() for p in layer.parameters() if p.grad is not None)]


def test_attention_computed_again_gives_the_same_gradients(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch.manual_seed(0)
    layer = Layer(CONFIG)
    kept = gradients(layer, 16, 3)
    calls = []
    attend = Layer._attend_with_dropout
    monkeypatch.setattr(
        Layer, "_attend_with_dropout", lambda *args: calls.append(1) or attend(*args)
    )
    monkeypatch.setattr(bert, "_KEPT", 3 * 4 * 16**2 - 1)
    again = gradients(layer, 16, 3)
    assert len(calls) == 2
    assert all(torch.equal(a, b) for a, b in zip(kept, again, strict=True))
    calls.clear()
    gradients(layer, 16, 2)
    assert len(calls) == 1
