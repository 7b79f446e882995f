"""How steady is a guess? The adversarial term of pretraining (arXiv 2007.15779, section 4.3).

The method is ALUM's (Liu et al. 2020, arXiv 2004.08994): find a small change of the input
embeddings that moves the guesses most, and punish the movement. The constants are those that we
recall from that paper; its text was not at hand to check them.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import kl_div

NOISE = 1e-5  # standard deviation of the first change
STEP = 1e-3  # length of the one step uphill, in the largest entry
RADIUS = 1e-5  # largest entry of a change


def adversarial_sum(embedded: Tensor, guess: Callable[[Tensor], Tensor]) -> Tensor:
    """Sum over the masked pieces how far the worst small change moves the guess.

    The movement is the Kullback-Leibler divergence in both directions, in nats. Costs three
    passes through the encoder and back.

    embedded (Tensor): Vectors of a batch, of any shape.
    guess (Callable): Such vectors → logits. Shape: (n_targets, n_pieces)
    RETURNS (Tensor[float32]): Shape: ()
    """
    clean = guess(embedded)
    change = (NOISE * torch.randn_like(embedded)).requires_grad_()
    uphill = _divergence(guess(embedded.detach() + change), clean.detach())
    (gradient,) = torch.autograd.grad(uphill, change)
    size = gradient.abs().amax(dim=-1, keepdim=True).clamp_min(1e-12)
    worst = (change.detach() + STEP * gradient / size).clamp(-RADIUS, RADIUS)
    moved = guess(embedded + worst)
    return _divergence(moved, clean.detach()) + _divergence(clean, moved.detach())


def _divergence(logits: Tensor, others: Tensor) -> Tensor:
    return kl_div(logits.log_softmax(1), others.log_softmax(1), reduction="sum", log_target=True)
