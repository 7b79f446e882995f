"""The relation head of BLURB's models: every candidate is encoded on its own, in its context."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from thinc.api import Dropout, Linear, Model, chain, reduce_first
from thinc.types import Floats2d

from ..encoder.link import EncoderLink
from ..encoder.pooling import average_pieces, average_starts, pool_token_spans
from ..errors import BlurbError, Errors
from .marked_docs import MarkedDoc, Marker, Marking
from .sequence_head import draw_weights
from .shared_relations import Batch, SpanVectors

Features = Literal["cls", "start", "pooled"]
Backprop = Callable[[Any], None]

TOKENS_TO_PREDICT = 16384
TOKENS_TO_TRAIN = 4096
"""Tokens of candidates that are encoded together; in training the encoder keeps all it computed."""


def build_reencoded_relations_v1(
    tok2vec: SpanVectors,
    marking: Marking = "dummies",
    features: Features = "cls",
    max_train_pairs: int | None = None,
    nO: int | None = None,
) -> Model[Batch, Floats2d]:
    """Build `spacy_blurb.ReencodedRelations.v1`: one pass of the encoder for every candidate.

    The grid of Gu et al. 2020, Table 14. What the model reads of a candidate is in
    `marked_docs.py`; a linear layer judges one vector of it. The share of vector entries that
    dropout zeroes in training is the config's `training.dropout`.

    tok2vec (Model): `spacy_blurb.SpanVectors.v1`, the same as that of the shared pass, so that one
        template serves both. Its listener leads to the encoder; its `pooling` is that of "pooled".
    marking (str): "dummies" as in BLURB, "typed_markers", or "none" for the text as it is.
    features (str): "cls"; "start", the vectors of the first token of both dummies, markers or
        entities; "pooled", both dummies or entities pooled over their tokens (paper: maximum).
    max_train_pairs (int | None): Of a Doc's pairs a training step learns from so many, drawn anew
        every time; None for all. A sentence that lists 34 drugs has 561 pairs, and each is a pass.
    nO (int | None): Number of outputs; None until the component is initialised.
    RAISES (BlurbError): B474 `max_train_pairs` below 1.
    """
    if max_train_pairs is not None and max_train_pairs < 1:
        raise BlurbError(Errors.B474.format(found=max_train_pairs))
    output = Linear(nO=nO, init_W=draw_weights)
    head: Model[Floats2d, Floats2d] = chain(Dropout(), output)
    model: Model[Batch, Floats2d] = Model(
        "reencoded_relations",
        _forward,
        init=_init,
        layers=[tok2vec, head],
        attrs={"marking": marking, "features": features, "max_train_pairs": max_train_pairs},
    )
    model.set_ref("tok2vec", tok2vec)
    model.set_ref("listener", tok2vec.get_ref("listener"))
    model.set_ref("head", head)
    model.set_ref("output_layer", output)
    return model


def _init(model: Model, X: Any = None, Y: Any = None) -> None:
    model.get_ref("tok2vec").initialize()
    width = model.get_ref("listener").get_dim("nO")
    n_vectors = 1 if model.attrs["features"] == "cls" else 2
    model.get_ref("output_layer").set_dim("nI", n_vectors * width, force=True)
    model.get_ref("head").initialize()


def _forward(model: Model, batch: Batch, is_train: bool) -> Any:
    """The encoder is found by the component, see `Reencoder`."""
    raise NotImplementedError("a re-encoding model runs through its Reencoder")


def is_reencoded(model: Model) -> bool:
    """Tell which of the two heads a model is."""
    return "marking" in model.attrs


@dataclass(frozen=True, slots=True)
class Chunk:
    """Candidates that are encoded together: their rows among the batch's, and their Docs."""

    rows: list[int]
    marked: list[MarkedDoc]


class Reencoder:
    """Runs a re-encoding model on the encoder that a link finds."""

    def __init__(self, model: Model, link: EncoderLink) -> None:
        self.model = model
        self._link = link
        pooling = model.get_ref("tok2vec").get_ref("pooling")
        self._pooling = reduce_first() if model.attrs["features"] == "start" else pooling
        # The gradient's factor is the listener's.
        layers = model.get_ref("tok2vec").walk()
        factor = next(n.attrs["grad_factor"] for n in layers if "grad_factor" in n.attrs)
        is_cls = model.attrs["features"] == "cls"
        self._states: Model[Any, Any] = (average_starts if is_cls else average_pieces)(factor)

    def predict(self, batch: Batch) -> NDArray[Any]:
        """Compute the logits of all pairs, shape (pairs, outputs)."""
        ops = self.model.ops
        n_pairs = sum(len(pairs.pairs) for pairs in batch)
        logits = np.zeros((n_pairs, self.model.get_ref("output_layer").get_dim("nO")), dtype="f")
        for chunk in self._chunks(batch, range(n_pairs), TOKENS_TO_PREDICT):
            states = self._link.predict([marked.doc for marked in chunk.marked], self._states)
            vectors, _ = self._features(states, chunk.marked, False)
            logits[chunk.rows] = ops.to_numpy(self.model.get_ref("head").predict(vectors))
        return logits

    def draw(self, batch: Batch, rows: Sequence[int]) -> list[int]:
        """Draw the pairs of each Doc that a training step learns from; see `max_train_pairs`.

        Uses Python's global generator, which `spacy train` seeds.

        rows (Sequence[int]): Pairs, counted through the batch, those of a Doc beside each other.
        """
        limit = self.model.attrs["max_train_pairs"]
        if limit is None:
            return list(rows)
        drawn: list[int] = []
        ends = np.cumsum([len(pairs.pairs) for pairs in batch])
        for of_doc in np.split(np.asarray(rows), np.searchsorted(rows, ends[:-1])):
            drawn += sorted(random.sample(of_doc.tolist(), min(limit, len(of_doc))))
        return drawn

    def begin_update(
        self, batch: Batch, rows: Sequence[int]
    ) -> Iterator[tuple[list[int], Any, Backprop]]:
        """Encode some pairs for training, so many at a time that their activations fit.

        The listener must have been called, and not yet been given its gradient.

        rows (Sequence[int]): Pairs, counted through the batch.
        YIELDS (tuple): Rows, their logits, and a function that takes the gradient of these; it is
            to be called before the next ones.
        """
        for chunk in self._chunks(batch, rows, TOKENS_TO_TRAIN):
            docs = [marked.doc for marked in chunk.marked]
            states, states_backprop = self._link.begin_update(docs, self._states)
            vectors, unpool = self._features(states, chunk.marked, True)
            logits, head_backprop = self.model.get_ref("head").begin_update(vectors)

            def backprop(
                d_logits: Any,
                steps: tuple[Any, Any, Any] = (head_backprop, unpool, states_backprop),
            ) -> None:
                for step in steps:
                    d_logits = step(d_logits)

            yield chunk.rows, logits, backprop

    def _features(
        self, states: Any, marked: list[MarkedDoc], is_train: bool
    ) -> tuple[Any, Callable[[Any], Any]]:
        features = self.model.attrs["features"]
        if features == "cls":
            return states, lambda d_vectors: d_vectors
        if features == "start":
            starts = [(m.head_start, m.tail_start) for m in marked]
            spans = [np.array([(h, h + 1), (t, t + 1)]) for h, t in starts]
        else:
            spans = [np.array([m.head, m.tail]) for m in marked]
        vectors, unpool = pool_token_spans(self._pooling, states, spans, is_train)
        shape = vectors.shape
        both = vectors.reshape((len(marked), 2 * shape[1]))
        return both, lambda d_both: unpool(d_both.reshape(shape))

    def _chunks(self, batch: Batch, rows: Sequence[int], budget: int) -> Iterator[Chunk]:
        ends = np.cumsum([len(pairs.pairs) for pairs in batch])
        chunk, n_tokens = Chunk([], []), 0
        number, marker = -1, None
        for row in rows:
            doc_number = int(np.searchsorted(ends, row, side="right"))
            if marker is None or doc_number != number:
                number, marker = doc_number, Marker(batch[doc_number], self.model.attrs["marking"])
            first = int(ends[number]) - len(batch[number].pairs)
            marked = marker.mark(row - first)
            if chunk.rows and n_tokens + len(marked.doc) > budget:
                yield chunk
                chunk, n_tokens = Chunk([], []), 0
            chunk.rows.append(row)
            chunk.marked.append(marked)
            n_tokens += len(marked.doc)
        if chunk.rows:
            yield chunk
