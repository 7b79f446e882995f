"""How is a task of each type evaluated? Gold items and predictions; then `scoring`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from ..errors import BlurbError, Errors
from ..tasks import Task
from ..tasks.spec import TaskType
from .answers import predict_answers, read_gold_answers
from .predict import predict_entities, read_gold_entities
from .relations import predict_relations, read_gold_relations
from .scoring.rows import Row
from .texts import predict_labels, predict_pairs, read_gold_labels, read_gold_pairs


@dataclass(frozen=True, slots=True)
class Family:
    """What is particular to a type of task; a new type is a line here and one in `SCORERS`.

    read_gold (Callable): Task and gold Docs → gold items, each with an `id`.
    predict (Callable): Task, pipeline and gold Docs → rows of the prediction file, and what more
        the result says.
    """

    read_gold: Callable[[Task, Sequence[Doc]], Sequence[Any]]
    predict: Callable[[Task, Language, Sequence[Doc]], tuple[list[Row], dict[str, Any]]]


_ENTITIES = Family(read_gold_entities, predict_entities)

FAMILIES: dict[TaskType, Family] = {
    "ner": _ENTITIES,
    "pico": _ENTITIES,
    "textcat": Family(read_gold_labels, predict_labels),
    "sts": Family(read_gold_pairs, predict_pairs),
    "rel": Family(read_gold_relations, predict_relations),
    "qa": Family(read_gold_answers, predict_answers),
}
END_TO_END = Family(read_gold_relations, partial(predict_relations, end_to_end=True))
"""Relations between predicted entities."""


def get_family(task: Task) -> Family:
    """Return how a task is evaluated.

    RAISES (BlurbError): B510 it cannot be evaluated yet.
    """
    if task.type not in FAMILIES:
        known = ", ".join(FAMILIES)
        raise BlurbError(Errors.B510.format(task=task.name, type=task.type, known=known))
    return FAMILIES[task.type]
