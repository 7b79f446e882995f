"""The BLURB score: the mean over six task types of the means over their data sets.

The paper's rule (Gu et al. 2020, section 2); it gives every BLURB score that the paper prints.
"""

from collections.abc import Mapping

from . import TASKS
from .spec import TaskType

BLURB_TYPES: dict[TaskType, tuple[str, ...]] = {}
"""Task type → its BLURB tasks, in the paper's order."""
for _task in TASKS.values():
    if _task.in_blurb:
        BLURB_TYPES[_task.type] = (*BLURB_TYPES.get(_task.type, ()), _task.name)

BLURB_TASKS: tuple[str, ...] = tuple(name for names in BLURB_TYPES.values() for name in names)


TEST_RELATIONS = {"chemprot": 3430, "ddi": 979, "gad": 281}
"""Task → relations among the pairs of its test split, those of BLURB's rows."""


def type_means(scores: Mapping[str, float]) -> dict[TaskType, float]:
    """Return the mean of each task type all of whose tasks have a score."""
    return {
        kind: sum(scores[name] for name in names) / len(names)
        for kind, names in BLURB_TYPES.items()
        if all(name in scores for name in names)
    }


def blurb_score(scores: Mapping[str, float]) -> float | None:
    """Return the mean of the six means, in the unit of the scores; None if a task is missing."""
    means = type_means(scores)
    return sum(means.values()) / len(means) if len(means) == len(BLURB_TYPES) else None


def partial_score(scores: Mapping[str, float]) -> float | None:
    """Return the mean over types of the means over what tasks there are; None for none.

    It is no BLURB score: who leaves hard tasks out has a higher one.
    """
    means = []
    for names in BLURB_TYPES.values():
        found = [scores[name] for name in names if name in scores]
        if found:
            means.append(sum(found) / len(found))
    return sum(means) / len(means) if means else None
