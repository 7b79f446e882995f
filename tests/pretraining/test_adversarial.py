import torch

from spacy_blurb.pretraining.adversarial import RADIUS, adversarial_sum


def divergence(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    p, q = one.softmax(1), other.softmax(1)
    return ((p - q) * (p.log() - q.log())).sum()


def test_finds_a_worse_change_than_chance() -> None:
    generator = torch.Generator().manual_seed(0)
    # Large weights, so that changes of 1e-5 move the guess by more than float32 rounds.
    weight = 3e3 * torch.randn(7, 5, generator=generator)
    embedded = torch.randn(6, 5, generator=generator) * 1e-3
    seen = []

    def guess(vectors: torch.Tensor) -> torch.Tensor:
        seen.append(vectors.detach())
        return vectors @ weight.T

    torch.manual_seed(0)
    term = adversarial_sum(embedded.clone().requires_grad_(), guess)
    change = seen[-1] - embedded
    assert float(change.abs().max()) <= RADIUS * 1.01
    expected = divergence(guess(embedded), guess(embedded + change))
    torch.testing.assert_close(term.detach(), expected, rtol=0.05, atol=0)
    for _ in range(20):
        signs = torch.randint(0, 2, embedded.shape, generator=generator) * 2 - 1
        assert divergence(guess(embedded), guess(embedded + RADIUS * signs)) <= expected * 1.05


def test_flat_guess_costs_nothing_and_gradient_reaches_the_weights() -> None:
    embedded = torch.randn(6, 5, requires_grad=True)
    flat = torch.zeros(7, 5, requires_grad=True)
    assert adversarial_sum(embedded, lambda vectors: vectors @ flat.T) == 0
    weight = (3e3 * torch.randn(7, 5)).requires_grad_()
    adversarial_sum(1e-3 * embedded, lambda vectors: vectors @ weight.T).backward()
    assert weight.grad is not None
    assert float(weight.grad.abs().sum()) > 0
