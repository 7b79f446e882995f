"""Token vectors are means of word pieces, forward and backward; so for sequences and spans."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from spacy.tokens import Doc
from spacy.vocab import Vocab
from thinc.api import Model, Ragged, chain, reduce_first, reduce_max, reduce_mean

from spacy_blurb.encoder.listeners import build_span_vectors_v1, give_nothing
from spacy_blurb.encoder.pooling import average_all, average_pieces, average_starts
from spacy_blurb.errors import BlurbError

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


# Sequences ---------------------------------------------------------------------------------------


def windows_of(*lengths: int) -> Any:
    """What `spacy_blurb.Encoder.v1` leaves on a Doc: all rows, and how many each window has."""
    rng = np.random.default_rng(sum(lengths))
    states = rng.normal(size=(sum(lengths), WIDTH)).astype("f")
    return SimpleNamespace(
        model_output={"last_hidden_state": states},
        wordpieces=SimpleNamespace(lengths=list(lengths)),
    )


def test_sequence_vectors_are_means_of_the_windows_first_rows() -> None:
    one, three = windows_of(4), windows_of(3, 2, 5)
    stock = encoder_output(np.random.default_rng(0).normal(size=(2, 4, WIDTH)).astype("f"), [])
    vectors, backprop = average_starts(0.5)([one, EMPTY_DOC, three, stock], True)
    rows = three.model_output["last_hidden_state"]
    assert vectors.shape == (4, WIDTH)
    np.testing.assert_allclose(vectors[0], one.model_output["last_hidden_state"][0])
    np.testing.assert_array_equal(vectors[1], np.zeros(WIDTH))
    np.testing.assert_allclose(vectors[2], (rows[0] + rows[3] + rows[5]) / 3, atol=1e-6)
    np.testing.assert_allclose(vectors[3], stock.model_output["last_hidden_state"][:, 0].mean(0))
    d_vectors = np.random.default_rng(1).normal(size=(4, WIDTH)).astype("f")
    gradients = [gradient.tensors[0] for gradient in backprop(d_vectors)]
    # None for the Doc without tokens.
    assert [gradient.shape for gradient in gradients] == [(4, 3), (10, 3), (2, 4, 3)]
    expected = np.zeros((10, WIDTH))
    expected[[0, 3, 5]] = 0.5 * d_vectors[2] / 3
    np.testing.assert_allclose(gradients[1], expected, atol=1e-6)
    assert not gradients[2][:, 1:].any()
    np.testing.assert_allclose(gradients[2][:, 0], [d_vectors[3] / 4] * 2, atol=1e-6)


def test_sequence_gradient_equals_finite_differences() -> None:
    data, direction = windows_of(2, 3), np.array([[0.3, -1.0, 2.0]], dtype="f")
    states = data.model_output["last_hidden_state"]
    model = average_starts(1.0)
    _, backprop = model([data], True)
    (gradient,) = backprop(direction)
    for index in np.ndindex(*states.shape):
        values = []
        for step in (0.5, -0.5):
            states[index] += step
            values.append(float((model.predict([data]) * direction).sum()))
            states[index] -= step
        assert gradient.tensors[0][index] == pytest.approx(values[0] - values[1], abs=1e-5)


def test_mean_vectors_are_means_of_all_rows_but_padding() -> None:
    ours = windows_of(3, 2)
    stock = encoder_output(np.random.default_rng(0).normal(size=(2, 3, WIDTH)).astype("f"), [])
    mask = np.array([[1.0, 1.0, 1.0], [1.0, 1.0, 0.0]], dtype="f")
    stock.wordpieces = SimpleNamespace(attention_mask=mask)
    vectors, backprop = average_all(0.5)([ours, EMPTY_DOC, stock], True)
    padded = stock.model_output["last_hidden_state"]
    np.testing.assert_allclose(
        vectors[0], ours.model_output["last_hidden_state"].sum(0) / 5, atol=1e-6
    )
    np.testing.assert_array_equal(vectors[1], np.zeros(WIDTH))
    by_hand = (padded[0].sum(0) + padded[1, :2].sum(0)) / 5
    np.testing.assert_allclose(vectors[2], by_hand, atol=1e-6)
    d_vectors = np.random.default_rng(1).normal(size=(3, WIDTH)).astype("f")
    one, other = (gradient.tensors[0] for gradient in backprop(d_vectors))
    np.testing.assert_allclose(one, [0.1 * d_vectors[0]] * 5, atol=1e-6)
    np.testing.assert_allclose(other[mask > 0], [0.1 * d_vectors[2]] * 5, atol=1e-6)
    assert not other[mask == 0].any()


def test_only_empty_docs_have_no_sequence() -> None:
    vectors, backprop = average_starts(1.0)([EMPTY_DOC, EMPTY_DOC], True)
    assert vectors.shape == (2, 0)
    assert backprop(vectors) == []


# Spans -------------------------------------------------------------------------------------------


class Source:
    """Token vectors in place of a listener's, and the gradient that comes back."""

    def __init__(self, *sizes: int) -> None:
        rng = np.random.default_rng(0)
        # Distinct numbers, so that the largest stays the largest when one moves a little.
        self.vectors = [
            rng.permutation(n * WIDTH).reshape(n, WIDTH).astype("f")
            if n
            else np.zeros((0, 0), dtype="f")
            for n in sizes
        ]
        self.docs = [Doc(Vocab(), words=["x"] * n) for n in sizes]
        self.gradients: list[Any] = []

    def build(self, pooling: Any) -> Any:
        def forward(model: Model, docs: list[Doc], is_train: bool) -> Any:
            return self.vectors, self.gradients.append

        model = build_span_vectors_v1(pooling, encoder=Model("unused", forward))
        model.layers[0] = Model("source", forward)
        return model


SPANS = [[(0, 2), (1, 4), (1, 2)], [], [(2, 3), (0, 3)], []]
POOLING: dict[str, Any] = {"max": reduce_max, "mean": reduce_mean, "first": reduce_first}


def as_arrays(spans: list[list[tuple[int, int]]]) -> list[Any]:
    return [np.array(doc, dtype="i").reshape(-1, 2) for doc in spans]


@pytest.mark.parametrize("pooling", POOLING)
def test_span_vectors_equal_a_plain_loop(pooling: str) -> None:
    source = Source(4, 0, 3, 2)
    found = source.build(POOLING[pooling]()).predict((source.docs, as_arrays(SPANS)))
    pool = {
        "max": lambda rows: rows.max(0),
        "mean": lambda rows: rows.mean(0),
        "first": lambda rows: rows[0],
    }[pooling]
    expected = [
        pool(source.vectors[doc][start:end]) for doc, ss in enumerate(SPANS) for start, end in ss
    ]
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("pooling", POOLING)
def test_span_gradients_equal_finite_differences(pooling: str) -> None:
    source = Source(4, 0, 3, 2)
    model, spans = source.build(POOLING[pooling]()), as_arrays(SPANS)
    found, backprop = model.begin_update((source.docs, spans))
    direction = np.random.default_rng(1).normal(size=found.shape).astype("f")
    backprop(direction)
    (gradients,) = source.gradients
    assert [len(gradient) for gradient in gradients] == [4, 0, 3, 2]
    for doc, vectors in enumerate(source.vectors):
        for index in np.ndindex(*vectors.shape):
            values = []
            for step in (0.25, -0.25):
                vectors[index] += step
                values.append(float((model.predict((source.docs, spans)) * direction).sum()))
                vectors[index] -= step
            slope = 2 * (values[0] - values[1])
            assert gradients[doc][index] == pytest.approx(slope, abs=1e-3)


def test_no_spans_still_send_zeros_back() -> None:
    """The encoder waits for every listener."""
    source = Source(4, 2)
    vectors, backprop = source.build(reduce_max()).begin_update((source.docs, as_arrays([[], []])))
    assert vectors.shape == (0, WIDTH)
    backprop(vectors)
    assert [gradient.tolist() for gradient in source.gradients[0]] == [
        np.zeros((n, WIDTH)).tolist() for n in (4, 2)
    ]


@pytest.mark.parametrize("span", [(2, 2), (3, 2), (-1, 1), (2, 5)])
def test_spans_outside_of_the_doc(span: tuple[int, int]) -> None:
    source = Source(4)
    with pytest.raises(BlurbError, match=r"B314.*4 tokens"):
        source.build(reduce_max()).predict((source.docs, as_arrays([[span]])))


def test_nothing_is_zeros_for_an_encoder_that_is_not_ours() -> None:
    """Ours is not even read, and a Doc without tokens has no entry."""

    class Listener(Model):
        upstream_name = "*"

    class Unread:
        encoder = None

        @property
        def tensors(self) -> Any:
            raise AssertionError("read")

    stock = SimpleNamespace(tensors=(np.ones((2, 4, WIDTH), dtype="f"), np.ones((2, 5), dtype="f")))
    datas, given = [stock, Unread(), SimpleNamespace(tensors=())], []
    listener = Listener("listener", lambda model, docs, is_train: (datas, given.extend))
    give_nothing(chain(listener, average_pieces(1.0)), [])
    (gradient,) = given
    assert [tensor.shape for tensor in gradient.tensors] == [(2, 4, WIDTH), (2, 5)]
    assert not any(tensor.any() for tensor in gradient.tensors)
