"""Relations: gold Docs and a pipeline → result and predictions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from ..annotations import FoundRelation, document_id, found_relations, gold_relations
from ..components.rel import BlurbRel
from ..components.relation_scorer import candidate_recall, compare_relations, linked_ends
from ..data.readers import make_predicted
from ..errors import BlurbError, Errors
from ..metrics.entities import bootstrap_f1, entity_scores
from ..metrics.relations import Row, count_candidates, count_relations, relation_scores_per_label
from ..tasks import Task
from .results import describe_data, describe_run


@dataclass(frozen=True, slots=True)
class RelationPrediction:
    """Relations of one document.

    id (str): From the conversion, else the position in the file.
    gold, predicted (list[Row]): Head, tail and label: entities, or concepts.
    found (list[FoundRelation]): What was predicted, with probabilities.
    candidates (tuple[int, int]): Gold relations whose pair was judged, and all of them.
    """

    id: str
    gold: list[Row]
    predicted: list[Row]
    found: list[FoundRelation]
    candidates: tuple[int, int]

    def to_json(self) -> dict[str, Any]:
        """Return what a prediction file holds: ids, offsets, labels, probabilities, no text."""
        return {"id": self.id, "relations": [_row(relation) for relation in self.found]}


def _row(relation: FoundRelation) -> dict[str, Any]:
    concepts = {} if relation.concepts is None else {"concepts": list(relation.concepts)}
    return {
        "head": list(relation.head),
        "tail": list(relation.tail),
        "label": relation.label,
        "score": round(relation.score, 6),
        **concepts,
    }


def evaluate_relations(
    task: Task,
    nlp: Language,
    references: Sequence[Doc],
    *,
    data: Path,
    model: str | None = None,
    end_to_end: bool = False,
) -> tuple[dict[str, Any], list[RelationPrediction]]:
    """Score relations by micro F1 over all gold relations, those that were no candidates too.

    references (Sequence[Doc]): With gold relations.
    data (Path): The gold file, named by its SHA-256 in the result.
    model (str | None): Model name in the result, by default the pipeline's.
    end_to_end (bool): Whether entities are predicted from the text too; then both of them must
        have their gold offsets and types, and each relation counts once.
    RETURNS (tuple): Result (`score` and `ci95` are 0-1, `n` counts documents), and predictions.
    RAISES (BlurbError): B470 a Doc without gold relations, B471 relations of another task, B473
        the component is no `blurb_rel`.
    """
    rel = nlp.get_pipe(task.component)
    if not isinstance(rel, BlurbRel):
        raise BlurbError(Errors.B473.format(component=task.component, kind=type(rel).__name__))
    _check_gold(task, references, data)
    given = rel.cfg["use_gold_ents"]
    rel.cfg["use_gold_ents"] = not end_to_end
    try:
        predictions = list(_predict(nlp, rel, references))
    finally:
        rel.cfg["use_gold_ents"] = given
    directed = rel.cfg["directed"]
    documents = [(p.gold, p.predicted) for p in predictions]
    counts = [count_relations(*rows, directed=directed) for rows in documents]
    scores = entity_scores(counts)
    labels = task.labels or rel.labels
    per_label = relation_scores_per_label(documents, labels, directed=directed)
    result = {
        "task": task.name,
        "metric": task.metric,
        "score": scores.f1,
        "ci95": list(bootstrap_f1(counts)),
        "n": len(predictions),
        "entities": "predicted" if end_to_end else "gold",
        "precision": scores.precision,
        "recall": scores.recall,
        "correct": scores.correct,
        "predicted": scores.predicted,
        "gold": scores.gold,
        "per_label": {
            label: {"precision": s.precision, "recall": s.recall, "f1": s.f1, "gold": s.gold}
            for label, s in per_label.items()
        },
        "candidate_recall": candidate_recall([p.candidates for p in predictions]),
        "threshold": rel.cfg["threshold"],
        **describe_data(data),
        **describe_run(nlp, model),
    }
    return result, predictions


def _check_gold(task: Task, references: Sequence[Doc], data: Path) -> None:
    found: set[str] = set()
    for position, reference in enumerate(references):
        gold = gold_relations(reference)
        if gold is None:
            raise BlurbError(Errors.B470.format(doc_id=document_id(reference) or position))
        found.update(label for _, _, label in gold.positive)
    if task.labels and not found <= set(task.labels):
        listed = ", ".join(sorted(found))
        raise BlurbError(Errors.B471.format(path=data, found=listed, task=task.name))


def _predict(
    nlp: Language, rel: BlurbRel, references: Sequence[Doc]
) -> Iterator[RelationPrediction]:
    docs = nlp.pipe(make_predicted(nlp, reference) for reference in references)
    for position, (reference, doc) in enumerate(zip(references, docs, strict=True)):
        rows = compare_relations(reference, doc, once=not rel.cfg["use_gold_ents"])
        if rows is None:
            continue
        judged = linked_ends(rel.judged_ends(doc, reference), reference)
        yield RelationPrediction(
            id=document_id(reference) or str(position),
            gold=rows[0],
            predicted=rows[1],
            found=found_relations(doc) or [],
            candidates=count_candidates(rows[0], judged, directed=rel.cfg["directed"]),
        )
