import pytest
import torch
from torch.nn.functional import cross_entropy

from spacy_blurb.pretraining import masked_loss as module
from spacy_blurb.pretraining.masked_loss import masked_loss


def make_inputs(n_targets: int, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(n_targets)
    hidden = torch.randn(n_targets, 6, generator=generator, dtype=dtype, requires_grad=True)
    weight = torch.randn(11, 6, generator=generator, dtype=dtype, requires_grad=True)
    bias = torch.randn(11, generator=generator, dtype=dtype, requires_grad=True)
    return hidden, weight, bias, torch.randint(0, 11, (n_targets,), generator=generator)


@pytest.mark.parametrize("n_targets", [0, 1, 4, 5, 13])
@pytest.mark.parametrize("rows_per_slice", [1, 4, 100])
def test_equals_cross_entropy(
    n_targets: int, rows_per_slice: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SLICE_BYTES", rows_per_slice * 4 * 11)
    hidden, weight, bias, targets = make_inputs(n_targets, torch.float32)
    ours = masked_loss(hidden, weight, bias, targets)
    theirs = cross_entropy(hidden @ weight.T + bias, targets, reduction="sum")
    torch.testing.assert_close(ours, theirs)
    inputs = (hidden, weight, bias)
    # A factor that is not 1: the gradient has to be scaled by what comes from above.
    found = torch.autograd.grad(0.3 * ours, inputs)
    expected = torch.autograd.grad(0.3 * theirs, inputs)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)


def test_weights_of_another_type() -> None:
    hidden, weight, bias, targets = make_inputs(9, torch.float32)
    low = hidden.detach().bfloat16().requires_grad_()
    loss = masked_loss(low, weight, bias, targets)
    assert loss.dtype == torch.float32
    d_low, d_weight = torch.autograd.grad(loss, (low, weight))
    assert (d_low.dtype, d_weight.dtype) == (torch.bfloat16, torch.float32)
    exact = cross_entropy(hidden @ weight.T + bias, targets, reduction="sum")
    torch.testing.assert_close(loss, exact, rtol=0.02, atol=0.02)
    (expected,) = torch.autograd.grad(exact, weight)
    torch.testing.assert_close(d_weight, expected, rtol=0.05, atol=0.05)


def test_without_gradient() -> None:
    hidden, weight, bias, targets = make_inputs(5, torch.float32)
    with torch.no_grad():
        loss = masked_loss(hidden, weight, bias, targets)
    torch.testing.assert_close(loss, cross_entropy(hidden @ weight.T + bias, targets) * 5)
