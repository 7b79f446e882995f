"""The fast relation head: all pairs of all Docs from one encoding of each Doc."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc
from thinc.api import Dropout, Linear, Model, chain
from thinc.types import Floats2d

from .doc_pairs import DocPairs
from .sequence_head import draw_weights

PAIRS_AT_ONCE = 8192
"""Pairs whose hidden layer is in memory together, in training too: there it is computed again."""

Batch: TypeAlias = Sequence[DocPairs]
SpanVectors: TypeAlias = Model[tuple[list[Doc], list[NDArray[Any]]], Floats2d]


def build_shared_relations_v1(
    tok2vec: SpanVectors, hidden_width: int = 256, nO: int | None = None
) -> Model[Batch, Floats2d]:
    """Build `spacy_blurb.SharedRelations.v1`: relu(head @ U + tail @ V + b) @ W + c for every pair.

    U and V are applied once to each entity, whatever the number of its pairs; a pair costs the sum,
    the relu and W. Nothing of the pair is encoded anew, so that the vectors of its entities must
    say it all. The share of their entries that dropout zeroes in training is the config's
    `training.dropout`.

    tok2vec (Model): Vectors of entities, see `spacy_blurb.SpanVectors.v1`; its name is the one that
        `nlp.replace_listeners` looks for.
    hidden_width (int): Columns of U and V.
    nO (int | None): Number of outputs; None until the component is initialised.
    RETURNS (Model): Pairs of a batch → logits of shape (pairs, nO).
    """
    project = Linear(nO=2 * hidden_width)
    output = Linear(nO=nO, nI=hidden_width, init_W=draw_weights)
    entities: Model[Floats2d, Floats2d] = chain(Dropout(), project)
    model: Model[Batch, Floats2d] = Model(
        "shared_relations", _forward, init=_init, layers=[tok2vec, entities, output]
    )
    model.set_ref("tok2vec", tok2vec)
    model.set_ref("listener", tok2vec.get_ref("listener"))
    model.set_ref("project", project)
    model.set_ref("output_layer", output)
    return model


def _init(model: Model, X: Any = None, Y: Any = None) -> None:
    model.get_ref("tok2vec").initialize()
    model.get_ref("project").set_dim("nI", model.get_ref("listener").get_dim("nO"), force=True)
    for layer in model.layers[1:]:
        layer.initialize()


def _forward(
    model: Model[Batch, Floats2d], batch: Batch, is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], Batch]]:
    tok2vec, entities, output = model.layers
    docs, spans = [pairs.doc for pairs in batch], [pairs.spans for pairs in batch]
    vectors, vectors_backprop = tok2vec((docs, spans), is_train)
    heads, tails = _rows(batch)
    if not len(heads):

        def backprop_nothing(d_logits: Floats2d) -> Batch:
            # The listener waits for its gradient.
            vectors_backprop(model.ops.alloc2f(*vectors.shape))
            return batch

        return model.ops.alloc2f(0, output.get_dim("nO")), backprop_nothing
    projected, entities_backprop = entities(vectors, is_train)
    width = output.get_dim("nI")
    chunks = [slice(i, i + PAIRS_AT_ONCE) for i in range(0, len(heads), PAIRS_AT_ONCE)]

    def hidden(chunk: slice) -> Any:
        sums: Any = projected[heads[chunk], :width] + projected[tails[chunk], width:]
        return model.ops.xp.maximum(sums, 0)

    logits = model.ops.xp.concatenate([output.predict(hidden(chunk)) for chunk in chunks])

    def backprop(d_logits: Floats2d) -> Batch:
        d_sides = [model.ops.alloc2f(len(projected), width) for _ in range(2)]
        for chunk in chunks:
            X = hidden(chunk)
            _, output_backprop = output.begin_update(X)
            d_X = output_backprop(d_logits[chunk]) * (X > 0)
            for d_side, ends in zip(d_sides, (heads, tails), strict=True):
                model.ops.scatter_add(d_side, ends[chunk], d_X)
        vectors_backprop(entities_backprop(model.ops.xp.concatenate(d_sides, axis=1)))
        return batch

    return logits, backprop


def _rows(batch: Batch) -> tuple[Any, Any]:
    """Return the rows of heads and tails among the entities of all Docs."""
    counts = [len(pairs.spans) for pairs in batch]
    offsets = np.cumsum([0, *counts])
    table = [pairs.pairs + offset for pairs, offset in zip(batch, offsets[:-1], strict=True)]
    rows = np.concatenate([np.zeros((0, 2), dtype=np.intp), *table]).astype("i")
    return rows[:, 0], rows[:, 1]
