"""How a head makes vectors of an encoder's output: layers that average rows, forward and backward.

They read the output of `spacy_blurb.Encoder.v1`, shape (rows, width) per Doc, and that of the stock
`TransformerModel.v3`, shape (windows, pieces, width). No module here needs transformers to be
importable: the data is used by its attributes only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from thinc.api import Model, Ragged
from thinc.types import Floats2d

from ..errors import BlurbError, Errors

TokenSpans = list[NDArray[np.integer]]
"""Per Doc, first token of every span and the token behind it, shape (spans, 2)."""


@dataclass(frozen=True, slots=True)
class PieceGradients:
    """Gradient of the encoder's output for one Doc, in the shape `Transformer.update` reads."""

    tensors: tuple[Any, ...]


def average_pieces(grad_factor: float) -> Model[list[Any], list[Floats2d]]:
    """Build the layer from encoder output to token vectors.

    It reads of each Doc's data `model_output.last_hidden_state` and `align`, the piece rows of each
    token.
    """
    return Model("average_pieces", _forward, attrs={"grad_factor": grad_factor})


def _forward(
    model: Model, datas: list[Any], is_train: bool
) -> tuple[list[Floats2d], Callable[[list[Floats2d]], list[PieceGradients]]]:
    pooled = [_average(model, data) for data in datas]

    def backprop(d_vectors: list[Floats2d]) -> list[PieceGradients]:
        # The encoder keeps no output for an empty Doc and expects no gradient for it either.
        return [
            PieceGradients((unpool(d_vector) * model.attrs["grad_factor"],))
            for (_, unpool), d_vector in zip(pooled, d_vectors, strict=True)
            if unpool is not None
        ]

    return [vectors for vectors, _ in pooled], backprop


def _average(model: Model, data: Any) -> tuple[Floats2d, Callable[[Floats2d], Any] | None]:
    states = data.model_output.get("last_hidden_state")
    if states is None or states.size == 0:
        return model.ops.alloc2f(0, 0), None
    xp = model.ops.xp
    rows = states.reshape(-1, states.shape[-1])
    # The encoder aligns on the host; on a GPU an array of the host has no index of the GPU's.
    pieces = np.asarray(model.ops.to_numpy(data.align.dataXd)).reshape(-1)
    # Token index of every aligned piece: [2, 1] pieces → [0, 0, 1].
    lengths = np.asarray(model.ops.to_numpy(data.align.lengths))
    owners = xp.asarray(np.repeat(np.arange(len(lengths)), lengths))
    share = xp.asarray(1.0 / np.maximum(lengths, 1), dtype="f").reshape(-1, 1)
    vectors = _sum_pieces(model, rows, pieces, lengths)
    vectors *= share

    def unpool(d_vectors: Floats2d) -> Any:
        d_rows = model.ops.alloc2f(*rows.shape)
        model.ops.scatter_add(d_rows, xp.asarray(pieces), (d_vectors * share)[owners])
        return d_rows.reshape(states.shape)

    return vectors, unpool


def _sum_pieces(
    model: Model, rows: Any, pieces: NDArray[np.integer], lengths: NDArray[np.integer]
) -> Any:
    """Sum the rows of each token's pieces: first pieces together, then second ones, and so on.

    Most tokens have one or two, so this is several times faster than adding piece by piece, in the
    same order.
    """
    vectors: Any = model.ops.alloc2f(len(lengths), rows.shape[1])
    firsts = np.cumsum(lengths) - lengths
    for place in range(int(lengths.max(initial=0))):
        tokens = np.flatnonzero(lengths > place)
        chosen = rows[model.ops.xp.asarray(pieces[firsts[tokens] + place])]
        if len(tokens) == len(lengths):
            vectors += chosen
        else:
            vectors[model.ops.xp.asarray(tokens)] += chosen
    return vectors


def average_starts(grad_factor: float) -> Model[list[Any], Floats2d]:
    """Build the layer from encoder output to the mean of each Doc's `[CLS]` vectors.

    It reads of each Doc's data `model_output.last_hidden_state` and, where that has two dimensions,
    `wordpieces.lengths`, the rows of each window.
    """
    attrs = {"grad_factor": grad_factor, "find_rows": _find_starts}
    return Model("average_starts", _average_rows, attrs=attrs)


def average_all(grad_factor: float) -> Model[list[Any], Floats2d]:
    """Build the layer from encoder output to the mean of all rows of each Doc but padding.

    It reads of each Doc's data `model_output.last_hidden_state` and, where that has three
    dimensions, `wordpieces.attention_mask`, shape (windows, pieces).
    """
    attrs = {"grad_factor": grad_factor, "find_rows": _find_all}
    return Model("average_all", _average_rows, attrs=attrs)


def _average_rows(
    model: Model, datas: list[Any], is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], list[PieceGradients]]]:
    states = [data.model_output.get("last_hidden_state") for data in datas]
    # Docs without tokens have no rows.
    full = [i for i, rows in enumerate(states) if rows is not None and rows.size]
    width = states[full[0]].shape[-1] if full else 0
    chosen = {i: model.ops.xp.asarray(model.attrs["find_rows"](datas[i])) for i in full}
    vectors: Any = model.ops.alloc2f(len(datas), width)
    for i in full:
        vectors[i] = states[i].reshape(-1, width)[chosen[i]].mean(0)

    def backprop(d_vectors: Any) -> list[PieceGradients]:
        gradients = []
        for i in full:
            d_rows: Any = model.ops.alloc2f(states[i].size // width, width)
            d_rows[chosen[i]] = d_vectors[i] * (model.attrs["grad_factor"] / len(chosen[i]))
            gradients.append(PieceGradients((d_rows.reshape(states[i].shape),)))
        return gradients

    return vectors, backprop


def starts_and_pieces(grad_factor: float) -> Model[list[Any], list[Floats2d]]:
    """Build the layer from encoder output to the rows of `average_starts` and `average_pieces`."""
    layers: list[Model] = [average_starts(grad_factor), average_pieces(grad_factor)]
    return Model("starts_and_pieces", _start_and_pieces, layers=layers)


def _start_and_pieces(
    model: Model, datas: list[Any], is_train: bool
) -> tuple[list[Floats2d], Callable[[list[Floats2d]], list[PieceGradients]]]:
    (starts, to_starts), (pieces, to_pieces) = (layer(datas, is_train) for layer in model.layers)
    ops = model.ops
    rows: Any = [
        # Of a Doc without tokens the pieces have no width.
        ops.xp.concatenate([start[None], tokens]) if len(tokens) else start[None]
        for start, tokens in zip(starts, pieces, strict=True)
    ]

    def backprop(d_rows: list[Any]) -> list[PieceGradients]:
        d_starts = ops.xp.stack([d_doc[0] for d_doc in d_rows])
        both = to_starts(d_starts), to_pieces([d_doc[1:] for d_doc in d_rows])
        return [
            PieceGradients((one.tensors[0] + other.tensors[0],))
            for one, other in zip(*both, strict=True)
        ]

    return rows, backprop


def _find_starts(data: Any) -> NDArray[np.integer]:
    """Return the rows of a Doc's windows that hold `[CLS]`."""
    states = data.model_output["last_hidden_state"]
    if states.ndim == 3:
        return np.arange(states.shape[0]) * states.shape[1]
    lengths = np.asarray(data.wordpieces.lengths)
    return np.cumsum(lengths) - lengths


def _find_all(data: Any) -> NDArray[np.integer]:
    """Return the rows of a Doc that hold a piece."""
    states = data.model_output["last_hidden_state"]
    if states.ndim == 3:
        return np.flatnonzero(data.wordpieces.attention_mask)
    return np.arange(len(states))


def pool_token_spans(
    pooling: Model[Ragged, Floats2d], vectors: list[Floats2d], spans: TokenSpans, is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], list[Floats2d]]]:
    """Pool the token vectors of spans.

    pooling (Model): See `build_span_vectors_v1`.
    vectors (list): Per Doc, shape (tokens, width).
    RETURNS (tuple): Vectors of all spans, and a function from their gradient to the tokens'.
    RAISES (BlurbError): B314 a span is empty or outside of its Doc.
    """
    ops = pooling.ops
    for doc_vectors, doc_spans in zip(vectors, spans, strict=True):
        _check_spans(doc_spans, len(doc_vectors))
    # Rows of all spans' tokens among the tokens of all Docs.
    n_tokens = np.array([len(doc_vectors) for doc_vectors in vectors], dtype=np.intp)
    offsets = np.repeat(np.cumsum(n_tokens) - n_tokens, [len(s) for s in spans])
    table = np.concatenate([np.asarray(s, dtype=np.intp).reshape(-1, 2) for s in spans])
    lengths = table[:, 1] - table[:, 0]
    steps = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    rows: Any = ops.asarray1i(np.repeat(table[:, 0] + offsets, lengths) + steps)
    # Any: thinc's array types do not know indexing by index arrays.
    flat: Any = ops.flatten([v for v in vectors if len(v)]) if n_tokens.any() else None
    if len(table):
        span_lengths: Any = ops.asarray1i(lengths)
        pooled, pooling_backprop = pooling(Ragged(flat[rows], span_lengths), is_train)
    else:
        pooled = ops.alloc2f(0, 0 if flat is None else flat.shape[1])

    def unpool(d_pooled: Floats2d) -> list[Floats2d]:
        d_flat: Any = ops.alloc2f(*((0, 0) if flat is None else flat.shape))
        if len(table):
            ops.scatter_add(d_flat, rows, pooling_backprop(d_pooled).dataXd)
        parts: list[Floats2d] = ops.xp.split(d_flat, np.cumsum(n_tokens)[:-1])
        return parts

    return pooled, unpool


def _check_spans(spans: NDArray[np.integer], n_tokens: int) -> None:
    for start, end in spans:
        if not 0 <= start < end <= n_tokens:
            raise BlurbError(Errors.B314.format(start=start, end=end, n_tokens=n_tokens))
