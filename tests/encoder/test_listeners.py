"""Token vectors are means of word pieces, forward and backward."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from thinc.api import Ragged

from spacy_blurb.encoder.listeners import average_pieces

WIDTH = 3


def encoder_output(states: NDArray[np.floating], align: list[list[int]]) -> Any:
    """What spacy-transformers leaves on a Doc: states and the piece rows of each token."""
    rows = np.array([row for token in align for row in token], dtype="i")
    lengths = np.array([len(token) for token in align], dtype="i")
    return SimpleNamespace(model_output={"last_hidden_state": states}, align=Ragged(rows, lengths))


EMPTY_DOC = SimpleNamespace(
    model_output={}, align=Ragged(np.zeros((0,), dtype="i"), np.zeros((0,), dtype="i"))
)


def pool_in_a_loop(states: NDArray[np.floating], align: list[list[int]]) -> NDArray[np.floating]:
    rows = states.reshape(-1, WIDTH)
    vectors = np.zeros((len(align), WIDTH))
    for token, pieces in enumerate(align):
        for piece in pieces:
            vectors[token] += rows[piece] / len(pieces)
    return vectors


@st.composite
def docs(draw: st.DrawFn) -> tuple[NDArray[np.floating], list[list[int]]]:
    """Two windows of four pieces; tokens may have no piece, and pieces of both windows."""
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    align = draw(st.lists(st.lists(st.integers(0, 7), max_size=4, unique=True), max_size=5))
    return rng.normal(size=(2, 4, WIDTH)).astype("f"), align


@given(st.lists(docs(), min_size=1, max_size=3))
def test_forward_and_backward_equal_a_plain_loop(batch: list) -> None:
    model = average_pieces(grad_factor=0.5)
    vectors, backprop = model([encoder_output(*doc) for doc in batch], is_train=True)
    for found, (states, align) in zip(vectors, batch, strict=True):
        assert found.shape == (len(align), WIDTH)
        np.testing.assert_allclose(found, pool_in_a_loop(states, align), atol=1e-6)
    rng = np.random.default_rng(0)
    d_vectors = [rng.normal(size=v.shape).astype("f") for v in vectors]
    gradients = backprop(d_vectors)
    for gradient, d_vector, (states, align) in zip(gradients, d_vectors, batch, strict=True):
        expected = np.zeros((8, WIDTH))
        for token, pieces in enumerate(align):
            for piece in pieces:
                expected[piece] += 0.5 * d_vector[token] / len(pieces)
        (tensor,) = gradient.tensors
        assert tensor.shape == states.shape
        np.testing.assert_allclose(tensor.reshape(8, WIDTH), expected, atol=1e-6)


def test_backward_equals_finite_differences() -> None:
    rng = np.random.default_rng(1)
    states = rng.normal(size=(2, 4, WIDTH))
    # Piece 2 belongs to two tokens, token 1 to both windows, token 2 to none.
    align = [[1, 2], [2, 5, 6], [], [7]]
    model = average_pieces(grad_factor=1.0)
    d_vectors = rng.normal(size=(4, WIDTH)).astype("f")
    _, backprop = model([encoder_output(states.astype("f"), align)], is_train=True)
    (gradient,) = backprop([d_vectors])

    def loss(states: NDArray[np.floating]) -> float:
        return float((pool_in_a_loop(states, align) * d_vectors).sum())

    for index in np.ndindex(*states.shape):
        step = np.zeros_like(states)
        step[index] = 1e-3
        slope = (loss(states + step) - loss(states - step)) / 2e-3
        assert gradient.tensors[0][index] == pytest.approx(slope, abs=1e-5)


def test_hand_computed_vectors_of_shared_windows() -> None:
    states = np.array([[[1.0] * 3, [2.0] * 3], [[6.0] * 3, [8.0] * 3]], dtype="f")
    (vectors,), _ = average_pieces(1.0)([encoder_output(states, [[0], [1, 2], []])], False)
    assert vectors[:, 0].tolist() == [1.0, 4.0, 0.0]


def test_two_dimensional_states() -> None:
    states = np.arange(6, dtype="f").reshape(2, 3)
    (vectors,), backprop = average_pieces(1.0)([encoder_output(states, [[0, 1]])], True)
    assert vectors.tolist() == [[1.5, 2.5, 3.5]]
    assert backprop([vectors])[0].tensors[0].tolist() == [[0.75, 1.25, 1.75]] * 2


def test_empty_docs_have_no_vectors_and_no_gradient() -> None:
    full = encoder_output(np.ones((1, 2, WIDTH), dtype="f"), [[0], [1]])
    vectors, backprop = average_pieces(1.0)([EMPTY_DOC, full, EMPTY_DOC], is_train=True)
    assert [len(v) for v in vectors] == [0, 2, 0]
    gradients = backprop([np.zeros((len(v), WIDTH), dtype="f") for v in vectors])
    assert len(gradients) == 1
    assert gradients[0].tensors[0].shape == (1, 2, WIDTH)
