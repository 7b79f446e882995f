"""Exact entity F1 on character offsets, over all gold mentions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

CharSpan = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class EntityScores:
    """Precision, recall and F1 (0-1) with the counts behind them."""

    precision: float
    recall: float
    f1: float
    correct: int
    predicted: int
    gold: int


def count_matches(gold: Iterable[CharSpan], predicted: Iterable[CharSpan]) -> tuple[int, int, int]:
    """Count one document: a prediction is right if start, end and label all are.

    Repeated spans count once on either side.

    RETURNS (tuple[int, int, int]): Correct, predicted and gold mentions.
    """
    gold, predicted = set(gold), set(predicted)
    return len(gold & predicted), len(predicted), len(gold)


def entity_scores(counts: Sequence[tuple[int, int, int]]) -> EntityScores:
    """Add up documents (micro average) and compute precision, recall and F1.

    counts (Sequence): Correct, predicted and gold mentions of each document.
    RETURNS (EntityScores): 0.0 where a denominator is 0.
    """
    correct = sum(row[0] for row in counts)
    predicted = sum(row[1] for row in counts)
    gold = sum(row[2] for row in counts)
    return EntityScores(
        precision=correct / predicted if predicted else 0.0,
        recall=correct / gold if gold else 0.0,
        f1=2 * correct / (predicted + gold) if predicted + gold else 0.0,
        correct=correct,
        predicted=predicted,
        gold=gold,
    )


def scores_per_label(
    pairs: Iterable[tuple[Sequence[CharSpan], Sequence[CharSpan]]],
) -> dict[str, EntityScores]:
    """Score each label alone.

    pairs (Iterable): Gold and predicted mentions of each document.
    RETURNS (dict[str, EntityScores]): Label → scores, for labels of either side.
    """
    pairs = list(pairs)
    labels = sorted({label for pair in pairs for side in pair for _, _, label in side})
    return {
        label: entity_scores(
            [
                count_matches(_with_label(gold, label), _with_label(predicted, label))
                for gold, predicted in pairs
            ]
        )
        for label in labels
    }


def _with_label(mentions: Sequence[CharSpan], label: str) -> list[CharSpan]:
    return [mention for mention in mentions if mention[2] == label]


def as_spacy_scores(
    pairs: Sequence[tuple[Sequence[CharSpan], Sequence[CharSpan]]],
) -> dict[str, Any]:
    """Name the scores as spaCy's own scorer does, so that `spacy train` and `evaluate` show them.

    RETURNS (dict[str, Any]): `ents_p`, `ents_r`, `ents_f` and `ents_per_type`; None without
        annotated documents.
    """
    if not pairs:
        return {"ents_p": None, "ents_r": None, "ents_f": None, "ents_per_type": None}
    total = entity_scores([count_matches(gold, predicted) for gold, predicted in pairs])
    per_type = {
        label: {"p": scores.precision, "r": scores.recall, "f": scores.f1}
        for label, scores in scores_per_label(pairs).items()
    }
    return {
        "ents_p": total.precision,
        "ents_r": total.recall,
        "ents_f": total.f1,
        "ents_per_type": per_type,
    }
