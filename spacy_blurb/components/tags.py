"""BIO tags: from entities to tags and from tag probabilities to entities."""

import numpy as np
from numpy.typing import NDArray

OUTSIDE = 0


def begin_tag(label_index: int) -> int:
    """Return the tag id of B-LABEL; tags are O, B-0, I-0, B-1, I-1, …"""
    return 1 + 2 * label_index


def n_tags(n_labels: int) -> int:
    """Return how many tags there are for a number of labels."""
    return 1 + 2 * n_labels


def allowed_transitions(n_labels: int) -> NDArray[np.bool_]:
    """Say which tag may follow which: I-X only B-X or I-X.

    RETURNS (ndarray): Shape (tags, tags), row before, column behind.
    """
    size = n_tags(n_labels)
    allowed = np.ones((size, size), dtype=bool)
    for index in range(n_labels):
        begin = begin_tag(index)
        allowed[:, begin + 1] = False
        allowed[[begin, begin + 1], begin + 1] = True
    return allowed


def best_tags(probs: NDArray[np.floating], allowed: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Find the most probable valid tag sequence.

    probs (ndarray): Shape (tokens, tags), each row sums to 1.
    allowed (ndarray): Shape (tags, tags), from `allowed_transitions`.
    RETURNS (ndarray): Tag id per token, shape (tokens,).
    """
    greedy: NDArray[np.intp] = probs.argmax(axis=1)
    # The best tags of all tokens are also the best sequence wherever they are a valid one.
    starts_well = len(greedy) == 0 or allowed[OUTSIDE, greedy[0]]
    if starts_well and allowed[greedy[:-1], greedy[1:]].all():
        return greedy
    return _viterbi(probs, allowed)


def _viterbi(probs: NDArray[np.floating], allowed: NDArray[np.bool_]) -> NDArray[np.intp]:
    logs = np.log(np.maximum(probs, 1e-30))
    penalty = np.where(allowed, 0.0, -np.inf)
    best = logs[0] + penalty[OUTSIDE]
    pointers = np.zeros(probs.shape, dtype=np.intp)
    for position in range(1, len(probs)):
        candidates = best[:, None] + penalty
        pointers[position] = candidates.argmax(axis=0)
        best = candidates.max(axis=0) + logs[position]
    tags = np.empty(len(probs), dtype=np.intp)
    tags[-1] = best.argmax()
    for position in range(len(probs) - 1, 0, -1):
        tags[position - 1] = pointers[position, tags[position]]
    return tags


def tags_to_spans(tags: NDArray[np.intp]) -> list[tuple[int, int, int]]:
    """Collect the entities of a valid tag sequence.

    RETURNS (list): First token, token behind the last, label index.
    """
    spans = []
    for start in np.flatnonzero(tags % 2 == 1):
        inside, end = tags[start] + 1, start + 1
        while end < len(tags) and tags[end] == inside:
            end += 1
        spans.append((int(start), int(end), int(tags[start] - 1) // 2))
    return spans


def span_probability(
    probs: NDArray[np.floating], tags: NDArray[np.intp], start: int, end: int
) -> float:
    """Return the probability that the span has exactly these tags, tokens taken as independent."""
    return float(np.prod(probs[np.arange(start, end), tags[start:end]]))
