"""What a table of tag scores costs, given the gold tags: by token, or by sequence."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .chain import FORBIDDEN, Chain, make_chain, pair_counts, sum_sequences
from .ner_model import TagScores
from .tables import Table
from .tags import UNKNOWN

Floats = NDArray[np.floating]


def mean_loss(
    tables: Sequence[Table], scores: TagScores, targets: Sequence[Sequence[NDArray[np.intp]]]
) -> tuple[float, TagScores]:
    """Compute the mean loss over annotated tokens; what a token costs in several tables is added.

    scores (TagScores): With numpy arrays.
    targets (Sequence): Per table and Doc gold tags, UNKNOWN for tokens that teach nothing.
    RETURNS (tuple): Loss, and gradients of the scores' shapes.
    """
    d_logits = [np.zeros_like(rows) for rows in scores.logits]
    d_pairs = None if scores.pairs is None else np.zeros_like(scores.pairs)
    known = [np.zeros(len(rows), dtype=bool) for rows in scores.logits]
    loss = 0.0
    for table, table_targets in zip(tables, targets, strict=True):
        if all((tags == UNKNOWN).all() for tags in table_targets):
            continue
        columns = table.columns
        rows = [doc_rows[:, columns] for doc_rows in scores.logits]
        if d_pairs is None:
            results = [token_loss(*pair) for pair in zip(rows, table_targets, strict=True)]
            table_loss = sum(doc_loss for doc_loss, _ in results)
            gradients = [gradient for _, gradient in results]
        else:
            chain = make_chain(table.tags, scores.pairs[columns, columns])
            table_loss, gradients, d_block = sequence_loss(rows, table_targets, chain)
            d_pairs[columns, columns] = d_block
        loss += table_loss
        for i, gradient in enumerate(gradients):
            d_logits[i][:, columns] = gradient
            known[i] |= table_targets[i] != UNKNOWN
    n_known = max(1, sum(int(places.sum()) for places in known))
    d_pairs = None if d_pairs is None else d_pairs / n_known
    return loss / n_known, TagScores([gradient / n_known for gradient in d_logits], d_pairs)


def log_softmax(logits: Floats) -> Floats:
    """Return log probabilities of rows."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def token_loss(logits: Floats, tags: NDArray[np.intp]) -> tuple[float, Floats]:
    """Sum the cross-entropy of tokens, each on its own.

    logits (ndarray): Shape (tokens, tags).
    tags (ndarray): Gold tags, UNKNOWN for tokens that teach nothing, shape (tokens,).
    RETURNS (tuple): Sum over tokens, and its gradient, shape (tokens, tags).
    """
    known = np.flatnonzero(tags != UNKNOWN)
    gradient = np.zeros_like(logits)
    if not len(known):
        return 0.0, gradient
    logs = log_softmax(logits[known])
    gradient[known] = np.exp(logs)
    gradient[known, tags[known]] -= 1
    return -float(logs[np.arange(len(known)), tags[known]].sum()), gradient


def sequence_loss(
    tables: Sequence[Floats], targets: Sequence[NDArray[np.intp]], chain: Chain
) -> tuple[float, list[Floats], Floats]:
    """Sum the negative log probabilities of gold sequences.

    Of texts with unknown tags it is the probability of all sequences that agree with the known
    ones, so that a text without any known tag costs nothing and teaches nothing.

    tables (Sequence[ndarray]): Tag scores per text, shape (tokens, tags).
    targets (Sequence[ndarray]): Gold tags per text, UNKNOWN where nothing is known.
    RETURNS (tuple): Sum over texts, gradients of the tables' shapes, gradient of the pairs' scores.
    """
    held = [
        np.where(
            (tags[:, None] == UNKNOWN) | (tags[:, None] == np.arange(table.shape[1])),
            table,
            FORBIDDEN,
        )
        for table, tags in zip(tables, targets, strict=True)
    ]
    gradients: list[Floats] = []
    loss, d_pairs = 0.0, np.zeros_like(chain.pairs)
    rows = zip(tables, held, sum_sequences(tables, chain), sum_sequences(held, chain), strict=True)
    for table, held_table, free, agreeing in rows:
        loss += free.total - agreeing.total
        gradients.append(free.tag_probs() - agreeing.tag_probs())
        d_pairs += pair_counts(table, free, chain) - pair_counts(held_table, agreeing, chain)
    return loss, gradients, d_pairs
