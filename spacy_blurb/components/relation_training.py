"""Training steps of the two relation heads."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from thinc.api import Model

from ..encoder.listeners import give_nothing
from .doc_pairs import DocPairs
from .reencoded_relations import Reencoder
from .relation_decisions import Floats, strongest_rows, to_probs


def teach_shared(
    model: Model, batch: Sequence[DocPairs], targets: NDArray[Any], *, exclusive: bool
) -> float:
    """Backpropagate the loss of a batch once, also where there are no pairs; RETURNS the loss.

    targets (ndarray): 1 for labels that hold, shape (pairs, labels).
    """
    logits, backprop = model.begin_update(batch)
    found = model.ops.to_numpy(logits)
    loss, gradient = batch_loss(batch, targets, found, exclusive=exclusive)
    backprop(model.ops.asarray2f(gradient))
    return loss


def teach_reencoded(
    reencoder: Reencoder, batch: Sequence[DocPairs], targets: NDArray[Any], *, exclusive: bool
) -> float:
    """Backpropagate each candidate through the encoder, and nothing through the listener.

    Of a decision about two concepts only the pair is learned from that is now the most likely to
    be a relation; of a Doc's pairs as many as the model draws.

    targets (ndarray): See `teach_shared`.
    RETURNS (float): The loss.
    """
    model = reencoder.model
    rows = list(range(len(targets)))
    if any(len(pairs.pairs) > len(np.unique(pairs.groups)) for pairs in batch):
        probs = to_probs(reencoder.predict(batch), exclusive=exclusive)
        rows = strongest_rows(batch, probs, exclusive=exclusive).tolist()
    rows = reencoder.draw(batch, rows)
    total = 0.0
    for some, logits, backprop in reencoder.begin_update(batch, rows):
        found = model.ops.to_numpy(logits)
        loss, gradient = relation_loss(found, targets[some], exclusive=exclusive, count=len(rows))
        backprop(model.ops.asarray2f(gradient))
        total += loss
    # Only now: it ends what the listener knows of the encoder.
    give_nothing(model, [pairs.doc for pairs in batch])
    return total


def batch_loss(
    batch: Sequence[DocPairs], targets: NDArray[Any], logits: Floats, *, exclusive: bool
) -> tuple[float, Any]:
    """Compute the mean loss over the decisions of a batch, each by its strongest pair.

    logits (ndarray): Of all pairs, shape (pairs, outputs).
    RETURNS (tuple): Loss, and the gradient of the logits' shape.
    """
    rows = strongest_rows(batch, to_probs(logits, exclusive=exclusive), exclusive=exclusive)
    gradient = np.zeros(logits.shape, dtype="f")
    loss, gradient[rows] = relation_loss(
        logits[rows], targets[rows], exclusive=exclusive, count=len(rows)
    )
    return loss, gradient


def relation_loss(
    logits: Floats, targets: Floats, *, exclusive: bool, count: int
) -> tuple[float, Any]:
    """Compute the cross-entropy and its gradient.

    logits (ndarray): Shape (pairs, outputs).
    targets (ndarray): 1 for labels that hold, shape (pairs, labels).
    count (int): Decisions of the whole batch, by which both are divided.
    RETURNS (tuple): Loss, summed over the labels where they do not exclude each other, and the
        gradient of the logits' shape.
    """
    probs = to_probs(logits, exclusive=exclusive)
    if exclusive:
        targets = np.concatenate([1 - targets.max(axis=1, keepdims=True, initial=0), targets], 1)
        right = (probs * targets).sum(axis=1)
    else:
        right = np.where(targets > 0, probs, 1 - probs)
    loss = -float(np.log(np.maximum(right, 1e-30)).sum())
    count = max(1, count)
    return loss / count, ((probs - targets) / count).astype("f")
