"""How heads read the shared encoder: layers that turn its output into vectors.

The stock listener class is imported when a layer is built, so that no module of ours needs
transformers to be importable; `pooling.py` has what is done with its output.

Joint training: each component holds exactly one listener, calls it once per update and always
backpropagates once, by `give_nothing` where its examples are not annotated. The component
`transformer` gives the real backpropagation to the last listener of the pipeline only and would
lose the gradients of all others if that one did not come back. Every Doc with tokens gets one
entry, or none does.
"""

from collections.abc import Callable
from typing import Any

from spacy.tokens import Doc
from thinc.api import Model, Ragged, chain
from thinc.types import Floats2d

from .output_checks import check_tokens
from .own_encoder import replace_listener
from .pooling import (
    PieceGradients,
    TokenSpans,
    average_all,
    average_pieces,
    average_starts,
    pool_token_spans,
    starts_and_pieces,
)


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
    of `spacy_blurb.Encoder.v1` share is counted once, a Doc without tokens is zero. The ref
    "pooling" is as in `spacy_blurb.SequenceVector.v1`.

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
