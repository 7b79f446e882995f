import pytest
import torch

from spacy_blurb.pretraining.dropout import Dropout


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_drops_the_share_and_keeps_the_mean(probability: float) -> None:
    torch.manual_seed(0)
    n = 200_003  # no multiple of the four decisions of a random number
    dropped = Dropout(probability)(torch.ones(n))
    spread = (probability * (1 - probability) / n) ** 0.5
    assert abs(float((dropped == 0).float().mean()) - probability) < 5 * spread
    factors = dropped.unique().tolist()
    assert factors == pytest.approx([0, 1 / (1 - probability)], rel=1e-4)


def test_neighbours_are_independent() -> None:
    torch.manual_seed(0)
    kept = (Dropout(0.5)(torch.ones(100_000)) > 0).float() - 0.5
    for lag in (1, 2, 3, 4, 8):
        assert abs(float((kept[lag:] * kept[:-lag]).mean())) < 5 * 0.25 / 100_000**0.5


def test_gradient_passes_where_the_value_did() -> None:
    X = torch.ones(4, 5, requires_grad=True)
    Y = Dropout(0.3)(X)
    Y.sum().backward()
    assert torch.equal(X.grad, Y)


def test_global_generator_decides() -> None:
    X, layer = torch.ones(50), Dropout(0.5)
    torch.manual_seed(1)
    one = layer(X)
    torch.manual_seed(1)
    assert torch.equal(layer(X), one)
    assert not torch.equal(layer(X), one)


def test_does_nothing_outside_training() -> None:
    X = torch.ones(50)
    assert Dropout(0.5).eval()(X) is X
    assert Dropout(0.0)(X) is X
    assert Dropout(0.5)(X.bfloat16()).dtype == torch.bfloat16
