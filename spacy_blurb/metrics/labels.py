"""Micro F1 of text labels, over documents x labels."""

from collections.abc import Iterable, Mapping, Set
from typing import TypeAlias

from .entities import EntityScores, entity_scores

LabelSets: TypeAlias = tuple[Set[str], Set[str]]
"""Gold and predicted labels of a text."""

Counts: TypeAlias = tuple[int, int, int]
"""Correct, predicted and gold labels."""


def chosen_labels(probs: Mapping[str, float], threshold: float, *, exclusive: bool) -> set[str]:
    """Return the labels that a text is given.

    probs (Mapping[str, float]): Label → probability (0-1).
    threshold (float): Labels from this probability on are given; not used where labels exclude
        each other.
    exclusive (bool): One label, the most probable (the first of equal ones), and none where all
        have probability 0, as in a Doc without tokens.
    """
    if not exclusive:
        return {label for label, prob in probs.items() if prob >= threshold}
    best = max(probs, key=lambda label: probs[label], default=None)
    return {best} if best is not None and probs[best] > 0 else set()


def unite_by_document(parts: Iterable[tuple[str, LabelSets]]) -> dict[str, LabelSets]:
    """Give each document the labels of all its parts, gold and predicted alike.

    HoC is labelled by sentence and scored by abstract (`docs/protocol.md`, hoc).

    parts (Iterable): Id of the document, and labels of one part of it; in any order.
    RETURNS (dict[str, LabelSets]): Document → labels.
    """
    united: dict[str, tuple[set[str], set[str]]] = {}
    for document, (gold, predicted) in parts:
        whole = united.setdefault(document, (set(), set()))
        whole[0].update(gold)
        whole[1].update(predicted)
    return dict(united)


def count_labels(gold: Set[str], predicted: Set[str]) -> Counts:
    """Count one document.

    RETURNS (Counts): Correct, predicted and gold labels, for `entity_scores`.
    """
    return len(gold & predicted), len(predicted), len(gold)


def label_scores(
    documents: Iterable[LabelSets], labels: Iterable[str] = ()
) -> dict[str, EntityScores]:
    """Score each label alone.

    labels (Iterable[str]): Scored also where they do not occur; those that occur always are.
    RETURNS (dict[str, EntityScores]): Label → scores, sorted by label.
    """
    documents = list(documents)
    known = set(labels).union(*(side for sides in documents for side in sides))
    return {
        label: entity_scores(
            [count_labels(gold & {label}, predicted & {label}) for gold, predicted in documents]
        )
        for label in sorted(known)
    }
