"""How heads read the shared encoder: layers that turn its output into vectors.

The stock listener class is imported when a layer is built, and its data is used by its attributes
only, so that no module of ours needs transformers to be importable. The layers read the output of
`spacy_blurb.Encoder.v1`, shape (rows, width) per Doc, and that of the stock `TransformerModel.v3`,
shape (windows, pieces, width).

Joint training: each component holds exactly one listener, calls it once per update and always
backpropagates once, by `give_nothing` where its examples are not annotated. The component
`transformer` gives the real backpropagation to the last listener of the pipeline only and would
lose the gradients of all others if that one did not come back. Every Doc with tokens gets one
entry, or none does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc
from thinc.api import Model, Ragged, chain
from thinc.types import Floats2d

from ..errors import BlurbError, Errors
from .output_checks import check_tokens
from .own_encoder import replace_listener

TokenSpans = list[NDArray[np.integer]]
"""Per Doc, first token of every span and the token behind it, shape (spans, 2)."""


@dataclass(frozen=True, slots=True)
class PieceGradients:
    """Gradient of the encoder's output for one Doc, in the shape `Transformer.update` reads."""

    tensors: tuple[Any, ...]


def give_nothing(model: Model, docs: list[Doc]) -> None:
    """Backpropagate nothing to the encoder that a component listens to.

    Encoders of ours then need not compute what no component reads; others, spaCy's `tok2vec` too,
    are given zeros.

    model (Model): The component's; there may be no listener in it.
    docs (list[Doc]): Of the batch that the encoder has begun.
    """
    for node in model.walk():
        if hasattr(node, "upstream_name"):
            outputs, backprop = node(docs, True)
            others = [output for output in outputs if not hasattr(output, "encoder")]
            backprop(_zeros(model.ops.xp, others))


def _zeros(xp: Any, outputs: list[Any]) -> list[Any]:
    """Return a gradient of zeros for each output; Docs without tokens have none of a transformer's.

    outputs (list): What `tok2vec` (arrays) or a stock `transformer` has sent.
    """
    return [
        PieceGradients(tuple(map(xp.zeros_like, output.tensors)))
        if hasattr(output, "tensors")
        else xp.zeros_like(output)
        for output in outputs
        if getattr(output, "tensors", True)
    ]


def build_token_vectors_v1(
    upstream: str = "*",
    grad_factor: float = 1.0,
    encoder: Model[list[Doc], Any] | None = None,
    listener: Model[list[Doc], Any] | None = None,
) -> Model[list[Doc], list[Floats2d]]:
    """Build `spacy_blurb.TokenVectors.v1`: one vector per token, the mean of its word pieces.

    A token without pieces (white space) has a zero vector. A token that windows share is the mean
    over both.

    upstream (str): Name of the encoder component, "*" for the only one.
    grad_factor (float): Factor on the gradient that flows back to the encoder. With 0 nothing is
        learned, but weight decay goes on: `training.frozen_components` keeps an encoder as it is.
    encoder (Model | None): An encoder of the component's own instead of the shared one, see
        `spacy_blurb.Encoder.v1`; `nlp.replace_listeners` writes it.
    listener (Model | None): In place of spacy-transformers' listener, which `upstream` is for; see
        `spacy_blurb.RuntimeListener.v1`, which `export` writes.
    RETURNS (Model): Docs → arrays of shape (tokens, width).
    """
    return _read_tokens(_listen(upstream, encoder, listener), average_pieces(grad_factor))


def build_sequence_vector_v1(
    upstream: str = "*",
    grad_factor: float = 1.0,
    encoder: Model[list[Doc], Any] | None = None,
    listener: Model[list[Doc], Any] | None = None,
) -> Model[list[Doc], Floats2d]:
    """Build `spacy_blurb.SequenceVector.v1`: one vector per Doc, that of `[CLS]`.

    Of a Doc of several windows it is the mean over theirs, of a Doc without tokens zero. The ref
    "pooling" is the layer without the listener, for pair Docs; see `link.py`.

    upstream, grad_factor, encoder, listener: See `build_token_vectors_v1`.
    RETURNS (Model): Docs → array of shape (Docs, width).
    """
    source = _listen(upstream, encoder, listener)
    pooling = average_starts(grad_factor)
    return _with_refs(chain(source, pooling), source, pooling)


def build_mean_vector_v1(
    upstream: str = "*",
    grad_factor: float = 1.0,
    encoder: Model[list[Doc], Any] | None = None,
    listener: Model[list[Doc], Any] | None = None,
) -> Model[list[Doc], Floats2d]:
    """Build `spacy_blurb.MeanVector.v1`: one vector per Doc, the mean of its word pieces.

    Those of `[CLS]` and `[SEP]` are counted, as Sentence Transformers does (Reimers & Gurevych
    2019, arXiv 1908.10084, section 3): its encoders are trained for this. A piece that windows
    share is counted once, a Doc without tokens is zero. The ref "pooling" is as in
    `spacy_blurb.SequenceVector.v1`.

    upstream, grad_factor, encoder, listener: See `build_token_vectors_v1`.
    RETURNS (Model): Docs → array of shape (Docs, width).
    """
    source = _listen(upstream, encoder, listener)
    pooling = average_all(grad_factor)
    return _with_refs(chain(source, pooling), source, pooling)


def build_sequence_token_vectors_v1(
    upstream: str = "*",
    grad_factor: float = 1.0,
    encoder: Model[list[Doc], Any] | None = None,
    listener: Model[list[Doc], Any] | None = None,
) -> Model[list[Doc], list[Floats2d]]:
    """Build `spacy_blurb.SequenceTokenVectors.v1`: `[CLS]` and the tokens, for answers in a text.

    The rows are those of `spacy_blurb.SequenceVector.v1` and `TokenVectors.v1`. The ref "pooling"
    is the layer without the listener, for pair Docs; see `link.py`.

    upstream, grad_factor, encoder, listener: See `build_token_vectors_v1`.
    RETURNS (Model): Docs → arrays of shape (1 + tokens, width).
    """
    return _read_tokens(_listen(upstream, encoder, listener), starts_and_pieces(grad_factor))


def build_span_vectors_v1(
    pooling: Model[Ragged, Floats2d],
    upstream: str = "*",
    grad_factor: float = 1.0,
    encoder: Model[list[Doc], Any] | None = None,
    listener: Model[list[Doc], Any] | None = None,
) -> Model[tuple[list[Doc], TokenSpans], Floats2d]:
    """Build `spacy_blurb.SpanVectors.v1`: one vector per span, pooled over its tokens.

    pooling (Model): From the token vectors of each span to its vector, for example
        `reduce_max.v1`, `reduce_mean.v1`, or `reduce_first.v1` for the start of an entity.
    upstream, grad_factor, encoder, listener: See `build_token_vectors_v1`.
    RETURNS (Model): (Docs, spans of each) → array of shape (all spans, width), in their order.
    """
    tokens = build_token_vectors_v1(upstream, grad_factor, encoder, listener)
    model: Model[tuple[list[Doc], TokenSpans], Floats2d] = Model(
        "span_vectors", _pool_spans, init=_init_spans, layers=[tokens, pooling]
    )
    model.set_ref("pooling", pooling)
    model.set_ref("listener", tokens.get_ref("listener"))
    return model


def _listen(
    upstream: str,
    encoder: Model[list[Doc], Any] | None,
    listener: Model[list[Doc], Any] | None,
) -> Model:
    """Return the layer that gives the encoder's output for Docs."""
    if encoder is not None:
        return replace_listener(encoder)
    if listener is not None:
        return listener
    from spacy_transformers.layers import TransformerListener

    return TransformerListener(upstream)


def _read_tokens(listener: Model, pooling: Model) -> Model:
    """Chain two layers of which the second reads tokens: they must be those of the Docs."""
    model: Model = Model(
        "read_tokens",
        _forward_tokens,
        init=_init_tokens,
        layers=[listener, pooling],
        dims={"nO": None},
    )
    return _with_refs(model, listener, pooling)


def _with_refs(model: Model, listener: Model, pooling: Model) -> Model:
    model.set_ref("listener", listener)
    model.set_ref("pooling", pooling)
    return model


def _init_tokens(model: Model, X: Any = None, Y: Any = None) -> None:
    """Load an encoder of the component's own; nothing else needs it."""
    listener = model.get_ref("listener")
    listener.initialize(X=X)
    if listener.has_dim("nO"):
        model.set_dim("nO", listener.get_dim("nO"))


def _forward_tokens(
    model: Model, docs: list[Doc], is_train: bool
) -> tuple[Any, Callable[[Any], Any]]:
    listener, pooling = model.layers
    datas, listener_backprop = listener(docs, is_train)
    check_tokens(docs, datas)
    vectors, unpool = pooling(datas, is_train)
    return vectors, lambda d_vectors: listener_backprop(unpool(d_vectors))


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
    pieces = data.align.dataXd.reshape(-1)
    # Token index of every aligned piece: [2, 1] pieces → [0, 0, 1].
    lengths = np.asarray(model.ops.to_numpy(data.align.lengths))
    owners = xp.asarray(np.repeat(np.arange(len(lengths)), lengths))
    share = xp.asarray(1.0 / np.maximum(lengths, 1), dtype="f").reshape(-1, 1)
    vectors = _sum_pieces(model, rows, pieces, lengths)
    vectors *= share

    def unpool(d_vectors: Floats2d) -> Any:
        d_rows = model.ops.alloc2f(*rows.shape)
        model.ops.scatter_add(d_rows, pieces, (d_vectors * share)[owners])
        return d_rows.reshape(states.shape)

    return vectors, unpool


def _sum_pieces(model: Model, rows: Any, pieces: Any, lengths: NDArray[np.integer]) -> Any:
    """Sum the rows of each token's pieces: first pieces together, then second ones, and so on.

    Most tokens have one or two, so this is several times faster than adding piece by piece, in the
    same order.
    """
    vectors: Any = model.ops.alloc2f(len(lengths), rows.shape[1])
    firsts = np.cumsum(lengths) - lengths
    for place in range(int(lengths.max(initial=0))):
        tokens = np.flatnonzero(lengths > place)
        chosen = rows[pieces[model.ops.xp.asarray(firsts[tokens] + place)]]
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
    chosen = {i: model.attrs["find_rows"](datas[i]) for i in full}
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


def _init_spans(model: Model, X: Any = None, Y: Any = None) -> None:
    """Load an encoder of the component's own; a listener has nothing to initialise."""
    model.layers[0].initialize()


def _pool_spans(
    model: Model, docs_spans: tuple[list[Doc], TokenSpans], is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], tuple[list[Doc], TokenSpans]]]:
    docs, spans = docs_spans
    tokens, pooling = model.layers
    vectors, tokens_backprop = tokens(docs, is_train)
    pooled, unpool = pool_token_spans(pooling, vectors, spans, is_train)

    def backprop(d_pooled: Floats2d) -> tuple[list[Doc], TokenSpans]:
        tokens_backprop(unpool(d_pooled))
        return docs, spans

    return pooled, backprop


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
