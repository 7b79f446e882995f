"""`spacy_blurb.RuntimeListener.v1`: how heads of an exported pipeline read its encoder."""

from collections.abc import Callable
from typing import Any

from spacy.tokens import Doc
from thinc.api import Model, Ragged, chain
from thinc.types import Floats2d

from ..encoder.output_checks import check_tokens, output_of
from ..errors import BlurbError, Errors
from .doc_data import DocData


class RuntimeListener(Model):
    """Gives the data that `blurb_runtime` has put on Docs; stands where a stock listener stood.

    The attributes are those of the stock class that `encoder/link.py` looks at; nothing is sent to
    them, since exported pipelines are not trained.
    """

    _batch_id = None
    _outputs = None

    def __init__(self, upstream_name: str, *, reads_tokens: bool) -> None:
        """Make the layer.

        reads_tokens (bool): Whether it is to check that the tokens of a Doc are those that were
            read. Our own layers do so where they read tokens.
        """
        super().__init__("runtime_listener", _listen, dims={"nO": None})
        self.upstream_name = upstream_name
        self.reads_tokens = reads_tokens


def build_runtime_listener_v1(
    upstream: str = "*",
    pooling: Model[Ragged, Floats2d] | None = None,
    grad_factor: float = 1.0,
) -> Model[list[Doc], Any]:
    """Build `spacy_blurb.RuntimeListener.v1`.

    Written by `export`. It has the nodes of the layer that it replaces, so that a head's stored
    weights load: with `pooling` those of `spacy-transformers.TransformerListener.v1`, which spaCy's
    components have, without it those of the listener alone in our own layers.

    upstream (str): Name of the encoder component, "*" for the only one.
    pooling (Model | None): From the pieces of each token to its vector.
    grad_factor (float): Of training; kept for the stored nodes.
    RETURNS (Model): Docs → arrays of shape (tokens, width), or the data of each Doc.
    """
    listener = RuntimeListener(upstream, reads_tokens=pooling is not None)
    if pooling is None:
        return listener
    arrays: Model = Model(
        "runtime_arrays", _pool_tokens, layers=[pooling], attrs={"grad_factor": grad_factor}
    )
    model: Model = chain(listener, arrays)
    model.set_ref("listener", listener)
    return model


def _listen(
    model: Any, docs: list[Doc], is_train: bool
) -> tuple[list[Any], Callable[[list[Any]], list[Doc]]]:
    if is_train:
        raise BlurbError(Errors.B700)
    datas = [output_of(doc) for doc in docs]
    if any(data is None for data in datas):
        raise BlurbError(Errors.B701)
    if model.reads_tokens:
        check_tokens(docs, datas)
    return datas, lambda d_datas: docs


def _pool_tokens(
    model: Model, datas: list[DocData], is_train: bool
) -> tuple[list[Any], Callable[[list[Any]], list[Any]]]:
    """Pool the pieces of each token, as spacy-transformers does."""
    pooling = model.layers[0]
    vectors = []
    for data in datas:
        states = data.model_output.get("last_hidden_state")
        if states is None:
            vectors.append(model.ops.alloc2f(0, 0))
        elif not data.align.lengths.sum():
            vectors.append(model.ops.alloc2f(len(data.align.lengths), states.shape[1]))
        else:
            rows = states[data.align.dataXd]
            vectors.append(pooling.predict(Ragged(rows, data.align.lengths)))
    return vectors, lambda d_vectors: []
