"""F1 of relations, over all gold relations and not only over those that were candidates."""

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from .entities import CharSpan, EntityScores, entity_scores

Row: TypeAlias = tuple[Any, Any, str]
"""Head, tail and label; the ends are entities as (start, end, type), or ids of concepts."""

Counts: TypeAlias = tuple[int, int, int]
"""Correct, predicted and gold relations."""


def undirected(ends: tuple[Any, Any]) -> tuple[Any, Any]:
    """Return a pair and its mirror image as the same pair."""
    first, second = sorted(ends)
    return first, second


def each_once(rows: Iterable[Row], *, directed: bool = True) -> list[Row]:
    """Return relations without repetitions; without direction a mirror image is one.

    directed (bool): Whether a pair and its mirror image are two.
    """
    kept = ((*((h, t) if directed else undirected((h, t))), label) for h, t, label in rows)
    return list(dict.fromkeys(kept))


def count_relations(
    gold: Iterable[Row], predicted: Iterable[Row], *, directed: bool = True
) -> Counts:
    """Count one document: a prediction is right if both ends and the label are.

    A row that is annotated twice is to be predicted twice, as in the benchmarks, whose instances
    name mentions that can have the same offsets.

    directed (bool): Whether a pair and its mirror image are two.
    """
    sides = []
    for rows in (gold, predicted):
        kept = ((*((h, t) if directed else undirected((h, t))), label) for h, t, label in rows)
        sides.append(Counter(kept))
    right = sides[0] & sides[1]
    return right.total(), sides[1].total(), sides[0].total()


def relation_scores_per_label(
    documents: Sequence[tuple[Sequence[Row], Sequence[Row]]],
    labels: Iterable[str] = (),
    *,
    directed: bool = True,
) -> dict[str, EntityScores]:
    """Score each label alone.

    documents (Sequence): Gold and predicted rows of each.
    labels (Iterable[str]): Scored also where they do not occur; those that occur always are.
    RETURNS (dict[str, EntityScores]): Label → scores, sorted by label.
    """
    known = set(labels).union(*({row[2] for side in sides for row in side} for sides in documents))
    return {
        label: entity_scores(
            [
                count_relations(
                    [row for row in gold if row[2] == label],
                    [row for row in predicted if row[2] == label],
                    directed=directed,
                )
                for gold, predicted in documents
            ]
        )
        for label in sorted(known)
    }


def count_candidates(
    gold: Iterable[Row], judged: Collection[tuple[Any, Any]], *, directed: bool = True
) -> tuple[int, int]:
    """Count gold relations whose ends were judged at all, and all of them.

    judged (Collection): Head and tail of the candidates.
    RETURNS (tuple[int, int]): The recall of the candidates is the first by the second.
    """
    ends = set(judged) if directed else {undirected(pair) for pair in judged}
    found = [((h, t) if directed else undirected((h, t))) in ends for h, t, _ in gold]
    return sum(found), len(found)


def link_to_concepts(
    rows: Iterable[Row], concepts: Mapping[CharSpan, Iterable[str]], text: str
) -> list[Row]:
    """Return between which concepts predicted relations are, each once.

    An entity stands for the concepts of the gold mention with its offsets and type. One that is no
    gold mention stands for a concept of its own, named by its type and its words, so that what is
    said about it is wrong, once.

    rows (Iterable[Row]): Between entities.
    """

    def names(entity: CharSpan) -> Iterable[Hashable]:
        start, end, label = entity
        unknown = f"? {label} {' '.join(text[start:end].lower().split())}"
        return concepts.get(entity) or [unknown]

    found = {
        (head, tail, label): None
        for first, second, label in rows
        for head in names(first)
        for tail in names(second)
    }
    return list(found)
