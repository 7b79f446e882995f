"""From logits of pairs to relations."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..annotations import FoundRelation
from .candidates import TypePairs, may_hold
from .doc_pairs import DocPairs

Floats = NDArray[np.floating[Any]]


def to_probs(logits: Floats, *, exclusive: bool) -> Floats:
    """Return probabilities of the logits' shape; float64.

    exclusive (bool): Softmax over none (column 0) and the labels, otherwise a sigmoid per label.
    """
    logits = logits.astype(np.float64)
    if not exclusive:
        # Both signs are stable.
        small = np.exp(-np.abs(logits))
        return np.where(logits >= 0, 1 / (1 + small), small / (1 + small))
    exp = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    return exp / exp.sum(axis=1, keepdims=True)


def strongest_rows(batch: Sequence[DocPairs], probs: Floats, *, exclusive: bool) -> NDArray[Any]:
    """Return, for every decision that has pairs, the row of the one most likely to be a relation.

    That two concepts are related need be said by one pair of their mentions only. Of equally likely
    ones it is the first, which is the nearest.

    probs (ndarray): Of all pairs of the batch, shape (pairs, outputs).
    RETURNS (ndarray): In the order of the decisions.
    """
    strength = 1 - probs[:, 0] if exclusive else probs.max(axis=1, initial=0)
    offsets = np.cumsum([0, *(pairs.n_groups for pairs in batch)])
    groups = [pairs.groups + offset for pairs, offset in zip(batch, offsets[:-1], strict=True)]
    decisions = np.concatenate([np.zeros(0, dtype=np.intp), *groups])
    order = np.lexsort((np.arange(len(decisions)), -strength, decisions))
    first = np.unique(decisions[order], return_index=True)[1]
    return order[first]


def decide(
    pairs: DocPairs,
    probs: Floats,
    *,
    labels: Sequence[str],
    types: TypePairs,
    directed: bool,
    exclusive: bool,
    threshold: float | None,
) -> list[FoundRelation]:
    """Return the relations that reach the threshold, in the order of the candidates.

    probs (ndarray): Of the pairs, shape (pairs, outputs); see `to_probs`.
    labels (Sequence[str]): Of the outputs, behind none where they exclude each other.
    types, directed, exclusive, threshold: See `make_rel`.
    """
    rows = strongest_rows([pairs], probs, exclusive=exclusive)
    allowed = allowed_labels(pairs, labels, types, directed=directed)[rows]
    chosen = is_chosen(probs[rows], allowed, exclusive=exclusive, threshold=threshold)
    found = []
    for place, column in np.argwhere(chosen).tolist():
        row = int(rows[place])
        head, tail = pairs.pairs[row].tolist()
        concepts = pairs.concepts
        found.append(
            FoundRelation(
                head=pairs.mentions[head],
                tail=pairs.mentions[tail],
                label=labels[column],
                score=float(probs[row, column + int(exclusive)]),
                concepts=None if concepts is None else concepts[int(pairs.groups[row])],
            )
        )
    return found


def allowed_labels(
    pairs: DocPairs, labels: Sequence[str], types: TypePairs, *, directed: bool
) -> NDArray[np.bool_]:
    """Tell which labels may hold between the types of each pair, shape (pairs, labels)."""
    kinds = [mention[2] for mention in pairs.mentions]
    names = sorted(set(kinds))
    table = np.array(
        [
            may_hold(types, label, head, tail, directed=directed)
            for head in names
            for tail in names
            for label in labels
        ],
        dtype=bool,
    ).reshape(len(names), len(names), len(labels))
    places = np.array([names.index(kind) for kind in kinds], dtype=np.intp)
    allowed: NDArray[np.bool_] = table[places[pairs.pairs[:, 0]], places[pairs.pairs[:, 1]]]
    return allowed


def is_chosen(
    probs: Floats, allowed: NDArray[np.bool_], *, exclusive: bool, threshold: float | None
) -> NDArray[np.bool_]:
    """Tell which labels pairs are given, shape (pairs, labels).

    probs (ndarray): From `to_probs`.
    allowed (ndarray): Whether the label may hold between entities of these types, shape (pairs,
        labels).
    threshold (float | None): Least probability of a label. None: where labels exclude each other
        the most probable one if it is more probable than none and than those that may not hold,
        otherwise those from 0.5 on.
    """
    of_labels = probs[:, 1:] if exclusive else probs
    labels = np.where(allowed, of_labels, -1.0)
    if not exclusive:
        return labels >= (0.5 if threshold is None else threshold)
    chosen = np.zeros(labels.shape, dtype=bool)
    if labels.size:
        best = labels.argmax(axis=1)
        rows = np.arange(len(labels))
        value = labels[rows, best]
        if threshold is None:
            others = np.where(allowed, -1.0, of_labels).max(axis=1)
            chosen[rows, best] = value > np.maximum(probs[:, 0], others)
        else:
            chosen[rows, best] = value >= threshold
    return chosen
