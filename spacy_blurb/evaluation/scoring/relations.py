"""Relations: micro F1 over all gold relations, between entities or between concepts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import BlurbError, Errors
from ...metrics import relations as metrics
from ...metrics.entities import CharSpan, entity_scores
from ...metrics.resampling import Units
from ...tasks import Task
from .documents import unite_parts
from .rows import Row, per_label, require


@dataclass(frozen=True, slots=True)
class GoldRelationSet:
    """Gold relations of one text.

    relations (Sequence): Head, tail and label; the ends are entities as (start, end, type), or ids
        of concepts.
    concepts (Sequence | None): Where relations are between concepts, each mention and its ids.
    text (str): The text itself.
    document (str): Id of the document that the text is a part of, "" where it is whole.
    gives_pairs (bool): Whether the data give the pairs to be judged. Then one that is annotated
        twice is to be predicted twice; else each relation counts once.
    """

    id: str
    relations: Sequence[metrics.Row]
    concepts: Sequence[tuple[CharSpan, Sequence[str]]] | None
    text: str
    document: str = field(default="", compare=False)
    gives_pairs: bool = field(default=True, compare=False)

    def is_counted_once(self, entities: str) -> bool:
        """Tell whether each relation counts once.

        entities (str): Between which relations are predicted, "gold" or "predicted" ones.
        """
        return entities == "predicted" or not self.gives_pairs


def score_relations(
    task: Task, gold: Sequence[GoldRelationSet], rows: Sequence[Row], source: Path
) -> tuple[dict[str, Any], Units]:
    """Score relations over all that are annotated.

    rows (Sequence[Row]): In the order of `gold`, `{"id", "relations": [{"head": [START, END, TYPE],
        "tail": [START, END, TYPE], "label", "concepts"?: [ID, ID]}], "entities"?, "directed"?}`.
        Between "predicted" entities, not "gold" ones, each relation counts once. `directed` is
        whether a pair and its mirror image are two, by default as in the task.
    RETURNS (tuple): Fields of the result: `score` 0-1, precision, recall, counts, `per_label`,
        `entities`, `directed`, `texts` where documents come in parts; and what each document
        contributes.
    RAISES (BlurbError): B630 a row that is not of this form, B631 offsets outside of the text,
        B642 rows that differ in `entities` or `directed`.
    """
    entities = _common(rows, "entities", "gold", ("gold", "predicted"), source)
    directed = is_directed(task, rows, source)
    texts = []
    for item, row in zip(gold, rows, strict=True):
        sides = [list(item.relations), read_relations(item, row, source)]
        if item.is_counted_once(entities):
            sides = [metrics.each_once(side, directed=directed) for side in sides]
        texts.append((sides[0], sides[1]))
    counts = [metrics.count_relations(*sides, directed=directed) for sides in texts]
    scores = entity_scores(counts)
    by_label = metrics.relation_scores_per_label(texts, task.labels, directed=directed)
    units = Units("f1", tuple(item.id for item in gold), np.array(counts, dtype=float))
    parts, units = unite_parts([item.document for item in gold], units)
    fields = {
        **parts,
        "score": scores.f1,
        "entities": entities,
        "directed": directed,
        "precision": scores.precision,
        "recall": scores.recall,
        "correct": scores.correct,
        "predicted": scores.predicted,
        "gold": scores.gold,
        "per_label": per_label(by_label),
    }
    return fields, units


def is_directed(task: Task, rows: Sequence[Row], source: Path) -> bool:
    """Tell whether a pair and its mirror image are two relations: the rows say so, or the task."""
    by_task = task.settings.get("directed", True)
    return bool(_common(rows, "directed", by_task, (True, False), source))


def _common(rows: Sequence[Row], key: str, default: Any, known: Sequence[Any], source: Path) -> Any:
    """Return what all rows say under a key: it decides how relations are counted."""
    values = []
    for row in rows:
        value = row.get(key, default)
        if value not in known or type(value) is not type(known[0]):
            wanted = " or ".join(map(repr, known))
            raise BlurbError(
                Errors.B630.format(
                    path=source, doc_id=row["id"], key=key, found=value, wanted=wanted
                )
            )
        values.append(value)
    if len(set(values)) > 1:
        raise BlurbError(Errors.B642.format(path=source, key=key))
    return values[0] if values else default


def read_relations(gold: GoldRelationSet, row: Row, source: Path) -> list[metrics.Row]:
    """Return the relations of a row, between what they are between in the gold data.

    RAISES (BlurbError): B630 a row that is not of the form, B631 offsets outside of the text.
    """
    found = require(row, "relations", list, source)
    if wrong := [relation for relation in found if not isinstance(relation, dict)]:
        raise _not_of_the_form(row, "relations", wrong[0], "objects", source)
    labels = [require({"id": row["id"], **r}, "label", str, source) for r in found]
    if gold.concepts is not None and all("concepts" in relation for relation in found):
        pairs = [_read_concepts(relation["concepts"], row, source) for relation in found]
        # A program may name a pair of concepts for each pair of their mentions.
        return metrics.each_once((*pair, label) for pair, label in zip(pairs, labels, strict=True))
    ends = [
        [_read_entity(gold, r.get(end), end, row, source) for end in ("head", "tail")]
        for r in found
    ]
    between = [(head, tail, label) for (head, tail), label in zip(ends, labels, strict=True)]
    if gold.concepts is None:
        return between
    return metrics.link_to_concepts(between, dict(gold.concepts), gold.text)


def _read_concepts(found: Any, row: Row, source: Path) -> tuple[str, str]:
    if not (isinstance(found, list) and len(found) == 2 and all(isinstance(c, str) for c in found)):
        raise _not_of_the_form(row, "concepts", found, "two ids", source)
    return found[0], found[1]


def _read_entity(gold: GoldRelationSet, found: Any, end: str, row: Row, source: Path) -> CharSpan:
    if not isinstance(found, list) or [type(value) for value in found] != [int, int, str]:
        raise _not_of_the_form(row, end, found, "[start, end, type]", source)
    first, last, kind = found
    if not 0 <= first < last <= len(gold.text):
        raise BlurbError(
            Errors.B631.format(
                path=source, doc_id=row["id"], start=first, end=last, length=len(gold.text)
            )
        )
    return first, last, kind


def _not_of_the_form(row: Row, key: str, found: Any, wanted: str, source: Path) -> BlurbError:
    return BlurbError(
        Errors.B630.format(path=source, doc_id=row["id"], key=key, found=found, wanted=wanted)
    )
