"""From gold items and prediction rows to a score; nothing here knows spaCy.

A scorer takes a task, gold items, their rows in the same order and the rows' file (for messages),
and returns the fields of the result and what each unit contributes.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ...errors import BlurbError, Errors
from ...metrics.resampling import Units, bootstrap_interval
from ...tasks import Task
from ...tasks.spec import TaskType
from .answers import score_answers
from .entities import score_entities
from .labels import score_labels
from .pairs import score_pairs
from .relations import score_relations
from .rows import Row, match_rows, require

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
    RETURNS (tuple): `task`, `metric`, `score`, `ci95`, `n` (units: documents, pairs or questions)
        and what the scorer says; and what each unit contributes.
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


def check_labels(task: Task, rows: Sequence[Row], source: Path) -> None:
    """Refuse relations and answers with labels that the task does not have: spelled otherwise?

    This is for files of other programs. What a pipeline says beyond a task's labels is wrong and no
    mistake in a file, such as "maybe" by one that learned from other questions. Entities of other
    types are counted apart, and of document labels the scorer itself has the right ones.

    RAISES (BlurbError): B632 a label that is none, B630 a row that is not of the form.
    """
    if not task.labels or task.type not in _NAMED:
        return
    for row in rows:
        for label in _NAMED[task.type](row, source):
            if label not in task.labels:
                listed = ", ".join(task.labels)
                raise BlurbError(
                    Errors.B632.format(path=source, doc_id=row["id"], label=label, known=listed)
                )


def _relation_labels(row: Row, source: Path) -> Iterator[str]:
    for relation in require(row, "relations", list, source):
        if isinstance(relation, dict):  # what is none, the scorer refuses
            yield require({"id": row["id"], **relation}, "label", str, source)


def _answer_labels(row: Row, source: Path) -> Iterator[str]:
    if label := require(row, "label", str, source):  # "" is no answer
        yield label


_NAMED: dict[TaskType, Callable[[Row, Path], Iterator[str]]]
_NAMED = {"rel": _relation_labels, "qa": _answer_labels}
