"""Entities and PICO elements: exact entity F1, macro F1 over words."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import BlurbError, Errors
from ...metrics.calibration import calibration_bins, expected_calibration_error
from ...metrics.entities import CharSpan, count_matches, entity_scores, scores_per_label
from ...metrics.resampling import Units
from ...metrics.words import WordSpans, count_words, macro_word_f1, word_scores
from ...tasks import Task
from .documents import unite_parts
from .rows import Row, per_label, require, require_probability


@dataclass(frozen=True, slots=True)
class GoldEntities:
    """Gold mentions of one text.

    length (int): Characters of the text.
    words (Sequence): Of PICO, first character of each word and the one behind its last.
    document (str): Id of the document that the text is a part of, "" where it is whole.
    """

    id: str
    mentions: Sequence[CharSpan]
    length: int
    words: Sequence[tuple[int, int]] = field(default=())
    document: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class _Found:
    """What a row predicts: spans of the task's types, and their probabilities."""

    spans: list[CharSpan]
    scores: list[float | None]
    other_types: int


def score_entities(
    task: Task, gold: Sequence[GoldEntities], rows: Sequence[Row], source: Path
) -> tuple[dict[str, Any], Units]:
    """Score entities over all gold mentions.

    rows (Sequence[Row]): `{"id", "entities": [{"start", "end", "label", "score"?}]}`, in the order
        of `gold`; offsets are characters of the document's text, the end is exclusive.
    RETURNS (tuple): Fields of the result: `score` 0-1, precision and recall (of `entity_f1`),
        counts, `per_label`, `other_types` (entities of types that the task has not, not counted)
        and `calibration`, `texts` where documents come in parts; and what each document
        contributes.
    RAISES (BlurbError): B630 a row that is not of this form, B631 offsets outside of the text.
    """
    found = [_read_row(task, item, row, source) for item, row in zip(gold, rows, strict=True)]
    fields, units = _METRICS[task.metric](task, gold, found)
    parts, units = unite_parts([item.document for item in gold], units)
    return {
        **parts,
        **fields,
        "other_types": sum(item.other_types for item in found),
        "calibration": _calibration(gold, found),
    }, units


def _read_row(task: Task, gold: GoldEntities, row: Row, source: Path) -> _Found:
    spans, scores, others = [], [], 0
    for entity in require(row, "entities", list, source):
        if not isinstance(entity, dict):
            raise BlurbError(
                Errors.B630.format(
                    path=source, doc_id=row["id"], key="entities", found=entity, wanted="objects"
                )
            )
        inside = {"id": row["id"], **entity}
        start, end = (require(inside, key, int, source) for key in ("start", "end"))
        label = require(inside, "label", str, source)
        if not 0 <= start < end <= gold.length:
            raise BlurbError(
                Errors.B631.format(
                    path=source, doc_id=row["id"], start=start, end=end, length=gold.length
                )
            )
        if task.labels and label not in task.labels:
            others += 1
            continue
        score = entity.get("score")
        spans.append((start, end, label))
        scores.append(None if score is None else require_probability(inside, "score", source))
    return _Found(spans, scores, others)


def _entity_f1(
    task: Task, gold: Sequence[GoldEntities], found: Sequence[_Found]
) -> tuple[dict[str, Any], Units]:
    pairs = [(item.mentions, row.spans) for item, row in zip(gold, found, strict=True)]
    counts = [count_matches(*pair) for pair in pairs]
    scores = entity_scores(counts)
    fields = {
        "score": scores.f1,
        "precision": scores.precision,
        "recall": scores.recall,
        "correct": scores.correct,
        "predicted": scores.predicted,
        "gold": scores.gold,
        "per_label": per_label(scores_per_label(pairs)),
    }
    return fields, Units("f1", tuple(item.id for item in gold), np.array(counts, dtype=float))


def _macro_word_f1(
    task: Task, gold: Sequence[GoldEntities], found: Sequence[_Found]
) -> tuple[dict[str, Any], Units]:
    counts = [
        count_words(WordSpans(item.words, item.mentions, row.spans), task.labels)
        for item, row in zip(gold, found, strict=True)
    ]
    scores = word_scores(counts, task.labels)
    fields = {
        "score": macro_word_f1(counts),
        # Words; one with two labels counts for both.
        "correct": sum(label.correct for label in scores.values()),
        "predicted": sum(label.predicted for label in scores.values()),
        "gold": sum(label.gold for label in scores.values()),
        "per_label": per_label(scores),
    }
    table = np.array([count.reshape(-1) for count in counts], dtype=float)
    return fields, Units("macro_f1", tuple(item.id for item in gold), table)


_METRICS = {"entity_f1": _entity_f1, "macro_word_f1": _macro_word_f1}


def _calibration(gold: Sequence[GoldEntities], found: Sequence[_Found]) -> dict[str, Any] | None:
    """Say whether probabilities are as high as the share of spans that are exactly right.

    RETURNS (dict | None): `error`, the expected calibration error (0-1) over ten bins of equal
        width, and per bin [count, mean score, accuracy]; None where a span has no probability.
    """
    rows = [
        (score, span in set(item.mentions))
        for item, row in zip(gold, found, strict=True)
        for span, score in zip(row.spans, row.scores, strict=True)
    ]
    scores = [score for score, _ in rows if score is not None]
    if not rows or len(scores) < len(rows):
        return None
    bins = calibration_bins(scores, [right for _, right in rows])
    return {
        "error": expected_calibration_error(bins),
        "bins": [[row.count, round(row.score, 6), round(row.accuracy, 6)] for row in bins],
    }
