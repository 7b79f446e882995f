"""Dropout zeroes the share that it should, forward and backward alike."""

import pytest
import torch

from spacy_blurb.encoder.dropout import Dropout, draw_mask


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 1 / 3])
def test_share_of_zeros_and_mean(p: float) -> None:
    torch.manual_seed(0)
    n = 200_000
    share = float(draw_mask(n, p).double().mean())
    # Five standard deviations.
    assert share == pytest.approx(p, abs=5 * (p * (1 - p) / n) ** 0.5)
    layer = Dropout(p).train()
    assert float(layer(torch.ones(n)).mean()) == pytest.approx(1.0, abs=0.02)


def test_neighbours_are_independent() -> None:
    torch.manual_seed(0)
    mask = draw_mask(400_000, 0.5).double() - 0.5
    for shift in range(1, 9):
        assert abs(float((mask[shift:] * mask[:-shift]).mean())) < 2e-3


def test_the_seed_decides() -> None:
    def draw(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return torch.cat([draw_mask(50, 0.5), draw_mask(50, 0.5)])

    assert torch.equal(draw(0), draw(0))
    assert not torch.equal(draw(0), draw(1))
    assert not torch.equal(*draw(0).chunk(2))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_gradient_is_that_of_what_was_kept(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    X = torch.randn(40, 5, dtype=dtype, requires_grad=True)
    Y = Dropout(0.5).train()(X)
    assert Y.dtype == dtype
    Y.backward(torch.full_like(Y, 3.0))
    assert X.grad is not None
    kept = Y != 0
    assert 60 < int(kept.sum()) < 140
    torch.testing.assert_close(Y[kept], 2 * X[kept])
    torch.testing.assert_close(X.grad, 6.0 * kept.to(dtype))


def test_nothing_in_prediction_or_without_a_share() -> None:
    X = torch.randn(5)
    assert Dropout(0.5).eval()(X) is X
    assert Dropout(0.0).train()(X) is X
