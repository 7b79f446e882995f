"""How heads read the shared encoder: layers that turn its output into vectors.

The stock listener class is imported when a layer is built, and its data is used by its attributes
only, so that no module of ours needs transformers to be importable.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from spacy.tokens import Doc
from thinc.api import Model, chain
from thinc.types import Floats2d


@dataclass(frozen=True, slots=True)
class PieceGradients:
    """Gradient of the encoder's output for one Doc, in the shape `Transformer.update` reads."""

    tensors: tuple[Any, ...]


def build_token_vectors_v1(
    upstream: str = "*", grad_factor: float = 1.0
) -> Model[list[Doc], list[Floats2d]]:
    """Build `spacy_blurb.TokenVectors.v1`: one vector per token, the mean of its word pieces.

    A token without pieces (white space) has a zero vector. A token that windows share is the mean
    over both.

    upstream (str): Name of the encoder component, "*" for the only one.
    grad_factor (float): Factor on the gradient that flows back to the encoder. With 0 nothing is
        learned, but weight decay goes on: `training.frozen_components` keeps an encoder as it is.
    RETURNS (Model): Docs → arrays of shape (tokens, width).
    """
    from spacy_transformers.layers import TransformerListener

    listener = TransformerListener(upstream)
    model: Model[list[Doc], list[Floats2d]] = chain(listener, average_pieces(grad_factor))
    model.set_ref("listener", listener)
    return model


def average_pieces(grad_factor: float) -> Model[list[Any], list[Floats2d]]:
    """Build the layer from encoder output to token vectors.

    It reads of each Doc's data `model_output.last_hidden_state`, shape (windows, pieces, width) or
    (pieces, width), and `align`, the piece rows of each token.
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
    vectors = model.ops.alloc2f(len(lengths), rows.shape[1])
    model.ops.scatter_add(vectors, owners, rows[pieces])
    vectors *= share

    def unpool(d_vectors: Floats2d) -> Any:
        d_rows = model.ops.alloc2f(*rows.shape)
        model.ops.scatter_add(d_rows, pieces, (d_vectors * share)[owners])
        return d_rows.reshape(states.shape)

    return vectors, unpool
