"""From gold items and prediction rows to a score; nothing here knows spaCy.

A scorer takes a task, gold items, their rows in the same order and the rows' file (for messages),
and returns the fields of the result and what each unit contributes.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ...metrics.resampling import Units, bootstrap_interval
from ...tasks import Task
from ...tasks.spec import TaskType
from .answers import score_answers
from .entities import score_entities
from .labels import score_labels
from .pairs import score_pairs
from .relations import score_relations
from .rows import Row, match_rows

SCORERS: dict[TaskType, Callable[[Task, Any, Sequence[Row], Path], tuple[dict[str, Any], Units]]]
SCORERS = {
    "ner": score_entities,
    "pico": score_entities,
    "textcat": score_labels,
    "sts": score_pairs,
    "rel": score_relations,
    "qa": score_answers,
}


def score_rows(
    task: Task, gold: Sequence[Any], rows: Sequence[Row], source: Path
) -> tuple[dict[str, Any], Units]:
    """Score a prediction file.

    gold (Sequence): Gold items of the task's type, each with an `id`.
    rows (Sequence[Row]): In any order, one per gold item.
    source (Path): Where the rows come from.
    RETURNS (tuple): `task`, `metric`, `score`, `ci95`, `n` (test units) and what the scorer says;
        and what each unit contributes.
    RAISES (BlurbError): B629 ids that do not fit, and what the scorer raises.
    """
    matched = match_rows([item.id for item in gold], rows, source)
    fields, units = SCORERS[task.type](task, gold, matched, source)
    head = {
        "task": task.name,
        "metric": task.metric,
        "score": fields["score"],
        "ci95": list(bootstrap_interval(units)),
        "n": len(units.ids),
    }
    return {**head, **fields}, units
