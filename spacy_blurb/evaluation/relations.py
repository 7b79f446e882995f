"""Relations of Docs: gold items, and what a pipeline predicts."""

from collections.abc import Sequence
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from ..annotations import (
    FoundRelation,
    document_id,
    found_relations,
    gold_relations,
    part_of,
)
from ..components.rel import BlurbRel
from ..components.relation_scorer import (
    candidate_recall,
    compare_relations,
    concepts_of_mentions,
    gold_rows,
    linked_ends,
)
from ..data.readers import make_predicted
from ..errors import BlurbError, Errors
from ..metrics.relations import count_candidates
from ..tasks import Task
from .scoring.relations import GoldRelationSet
from .scoring.rows import Row


def read_gold_relations(task: Task, references: Sequence[Doc]) -> list[GoldRelationSet]:
    """Take the gold relations from Docs.

    RAISES (BlurbError): B470 a Doc without gold relations, B471 relations of another task.
    """
    items: list[GoldRelationSet] = []
    found: set[str] = set()
    for position, reference in enumerate(references):
        gold = gold_relations(reference)
        if gold is None:
            raise BlurbError(Errors.B470.format(doc_id=document_id(reference) or position))
        found.update(label for _, _, label in gold.positive)
        concepts = None
        if gold.concept_pairs is not None:
            concepts = tuple(concepts_of_mentions(gold).items())
        name = document_id(reference) or str(position)
        items.append(
            GoldRelationSet(
                name,
                gold_rows(gold),
                concepts,
                reference.text,
                part_of(reference),
                gives_pairs=gold.complete,
            )
        )
    if task.labels and not found <= set(task.labels):
        raise BlurbError(Errors.B471.format(found=", ".join(sorted(found)), task=task.name))
    return items


def predict_relations(
    task: Task, nlp: Language, references: Sequence[Doc], *, end_to_end: bool = False
) -> tuple[list[Row], dict[str, Any]]:
    """Run a pipeline over gold Docs.

    end_to_end (bool): Whether entities are predicted from the text too; then both of them must
        have their gold offsets and types, and each relation counts once.
    RETURNS (tuple): A row of the prediction file per Doc; and the recall of the candidates and the
        threshold.
    RAISES (BlurbError): B473 the component is no `blurb_rel`.
    """
    rel = nlp.get_pipe(task.component)
    if not isinstance(rel, BlurbRel):
        raise BlurbError(Errors.B473.format(component=task.component, kind=type(rel).__name__))
    given = rel.cfg["use_gold_ents"]
    rel.cfg["use_gold_ents"] = not end_to_end
    try:
        return _predict(nlp, rel, references, end_to_end=end_to_end)
    finally:
        rel.cfg["use_gold_ents"] = given


def _predict(
    nlp: Language, rel: BlurbRel, references: Sequence[Doc], *, end_to_end: bool
) -> tuple[list[Row], dict[str, Any]]:
    docs = nlp.pipe(make_predicted(nlp, reference) for reference in references)
    rows: list[Row] = []
    candidates = []
    for position, (reference, doc) in enumerate(zip(references, docs, strict=True)):
        rows.append(
            {
                "id": document_id(reference) or str(position),
                "relations": [_row(relation) for relation in found_relations(doc) or []],
                "entities": "predicted" if end_to_end else "gold",
                "directed": rel.cfg["directed"],
            }
        )
        directed = rel.cfg["directed"]
        sides = compare_relations(reference, doc, once=end_to_end, directed=directed)
        judged = linked_ends(rel.judged_ends(doc, reference), reference)
        if sides is not None:
            counts = count_candidates(sides[0], judged, directed=directed)
            candidates.append(counts)
    recall = candidate_recall(candidates)
    return rows, {"candidate_recall": recall, "threshold": rel.cfg["threshold"]}


def _row(relation: FoundRelation) -> Row:
    concepts = {} if relation.concepts is None else {"concepts": list(relation.concepts)}
    return {
        "head": list(relation.head),
        "tail": list(relation.tail),
        "label": relation.label,
        "score": round(relation.score, 6),
        **concepts,
    }
