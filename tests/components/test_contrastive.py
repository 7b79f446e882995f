"""The contrastive loss against plain loops and finite differences."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from spacy_blurb.components.contrastive import contrastive_loss


def loss_in_a_loop(first: NDArray, second: NDArray, temperature: float) -> float:
    def cosine(a: NDArray, b: NDArray) -> float:
        return sum(a * b) / math.sqrt(sum(a * a) * sum(b * b))

    total = 0.0
    for queries, keys in ((first, second), (second, first)):
        for i, query in enumerate(queries):
            logits = [cosine(query, key) / temperature for key in keys]
            total += math.log(sum(math.exp(x) for x in logits)) - logits[i]
    return total / (2 * len(first))


@given(st.integers(0, 10_000), st.integers(2, 5), st.sampled_from([0.2, 1.0, 3.0]))
def test_equals_a_plain_loop(seed: int, n: int, temperature: float) -> None:
    first, second = np.random.default_rng(seed).normal(size=(2, n, 3))
    loss, *gradients = contrastive_loss(first, second, temperature)
    assert loss == pytest.approx(loss_in_a_loop(first, second, temperature))
    for side, gradient in enumerate(gradients):
        for index in np.ndindex(*gradient.shape):
            losses = []
            for step in (1e-5, -1e-5):
                moved = [first.copy(), second.copy()]
                moved[side][index] += step
                losses.append(loss_in_a_loop(*moved, temperature))
            slope = (losses[0] - losses[1]) / 2e-5
            assert gradient[index] == pytest.approx(slope, abs=1e-5)


def test_by_hand() -> None:
    first = np.array([[2.0, 0.0], [0.0, 1.0]])
    loss, _, _ = contrastive_loss(first, first, temperature=1.0)
    assert loss == pytest.approx(math.log(math.e + 1) - 1)
    assert contrastive_loss(first, first[::-1], 1.0)[0] == pytest.approx(math.log(math.e + 1))
    # Sharper: exp(10) against exp(0).
    assert contrastive_loss(first, first, 0.1)[0] == pytest.approx(math.log1p(math.exp(-10)))


def test_one_pair_and_texts_without_pieces_teach_nothing() -> None:
    one = np.ones((1, 3), dtype="f")
    assert contrastive_loss(one, one, 0.1)[0] == 0.0
    first = np.array([[0, 0, 0], [1, 2, 3]], dtype="f")
    loss, d_first, d_second = contrastive_loss(first, np.eye(3, dtype="f")[:2], 0.5)
    assert np.isfinite(loss)
    assert not d_first[0].any()
    assert d_first[1].any()
    assert d_second.dtype == np.float32
