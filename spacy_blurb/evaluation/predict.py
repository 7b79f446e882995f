"""Entities and PICO elements of Docs: gold items, and what a pipeline predicts."""

from collections.abc import Sequence
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from ..annotations import (
    ENTITIES,
    PICO,
    document_id,
    gold_entities,
    label_sets,
    on_annotated_tokens,
    part_of,
    predicted_entities,
)
from ..data.readers import make_predicted
from ..errors import BlurbError, Errors
from ..tasks import Task
from .scoring.entities import GoldEntities
from .scoring.rows import Row


def read_gold_entities(task: Task, references: Sequence[Doc]) -> list[GoldEntities]:
    """Take the gold mentions from Docs, all of them, whatever the tokens are.

    RAISES (BlurbError): B500 a Doc is not annotated for entities, B511 all are annotated for other
        tasks.
    """
    found = sorted({name for doc in references for name in label_sets(doc)})
    if found and task.name != "ner" and task.name not in found:
        raise BlurbError(Errors.B511.format(found=", ".join(found), task=task.name))
    key = _key(task)
    gold = []
    for position, reference in enumerate(references):
        mentions = gold_entities(reference, key)
        if mentions is None:
            raise BlurbError(Errors.B500.format(doc_id=document_id(reference) or position))
        words = _words(reference) if key == PICO else ()
        doc_id = document_id(reference) or str(position)
        gold.append(GoldEntities(doc_id, mentions, len(reference.text), words, part_of(reference)))
    return gold


def predict_entities(
    task: Task, nlp: Language, references: Sequence[Doc]
) -> tuple[list[Row], dict[str, Any]]:
    """Run a pipeline over gold Docs.

    Of a component with several label sets those are taken that the gold Doc is annotated for, of
    another pipeline `doc.ents`. Entities on tokens that the gold Doc says nothing of are left out.

    RETURNS (tuple): A row of the prediction file per Doc, with the probability of each entity where
        the pipeline has one; and nothing more to say in the result.
    """
    key = _key(task)
    docs = nlp.pipe(make_predicted(nlp, reference) for reference in references)
    rows = []
    for position, (reference, doc) in enumerate(zip(references, docs, strict=True)):
        found = predicted_entities(doc, label_sets(reference, key), key=key)
        if key == ENTITIES:
            found = on_annotated_tokens(found, reference)
        entities = [
            {"start": e.start, "end": e.end, "label": e.label, "score": _rounded(e.score)}
            for e in found
        ]
        rows.append({"id": document_id(reference) or str(position), "entities": entities})
    return rows, {}


def _key(task: Task) -> str:
    return PICO if task.type == "pico" else ENTITIES


def _words(reference: Doc) -> list[tuple[int, int]]:
    return [(token.idx, token.idx + len(token)) for token in reference if not token.is_space]


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, 6)
