"""Document labels: micro F1 over documents x labels, the parts of a document united."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import BlurbError, Errors
from ...metrics.entities import entity_scores
from ...metrics.labels import count_labels, label_scores, unite_by_document
from ...metrics.resampling import Units
from ...tasks import Task
from .rows import Row, per_label, require


@dataclass(frozen=True, slots=True)
class GoldLabels:
    """Labels of one text.

    document (str): Id of the document that the text is a part of, or its own.
    labels (frozenset[str]): Those that it has.
    known (frozenset[str]): Those that it is annotated for.
    """

    id: str
    document: str
    labels: frozenset[str]
    known: frozenset[str]


def score_labels(
    task: Task, gold: Sequence[GoldLabels], rows: Sequence[Row], source: Path
) -> tuple[dict[str, Any], Units]:
    """Score labels; those that a text is not annotated for are not counted.

    Of a task without labels of its own, one that no text is annotated for is wrong.

    rows (Sequence[Row]): `{"id", "labels": [LABEL]}`, in the order of `gold`, one per text.
    RETURNS (tuple): Fields of the result: `score` 0-1, `n` documents, `texts` their parts,
        precision, recall, counts and `per_label`; and what each document contributes.
    RAISES (BlurbError): B630 a row that is not of this form, B632 a label that is none.
    """
    everything = set(task.labels).union(*(item.known for item in gold))
    parts = []
    for item, row in zip(gold, rows, strict=True):
        labels = set(map(str, require(row, "labels", list, source)))
        wrong = sorted(labels - everything)
        if wrong and task.labels:
            listed = ", ".join(sorted(everything))
            raise BlurbError(
                Errors.B632.format(path=source, doc_id=item.id, label=wrong[0], known=listed)
            )
        parts.append((item.document, (item.labels, item.known & labels | set(wrong))))
    documents = unite_by_document(parts)
    counts = [count_labels(*sides) for sides in documents.values()]
    scores = entity_scores(counts)
    fields = {
        "score": scores.f1,
        "n": len(documents),
        "texts": len(rows),
        "precision": scores.precision,
        "recall": scores.recall,
        "correct": scores.correct,
        "predicted": scores.predicted,
        "gold": scores.gold,
        "per_label": per_label(label_scores(documents.values(), task.labels)),
    }
    return fields, Units("f1", tuple(documents), np.array(counts, dtype=float))
