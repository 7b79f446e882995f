"""Pipeline and gold Docs → predictions as plain data with character offsets."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from ..annotations import (
    ENTITIES,
    PICO,
    CharSpan,
    document_id,
    gold_entities,
    label_sets,
    predicted_spans,
)
from ..data.readers import make_predicted
from ..errors import BlurbError, Errors


@dataclass(frozen=True, slots=True)
class EntityPrediction:
    """Gold and predicted entities of one document.

    id (str): From the conversion, else the position in the file.
    scores (list[float | None]): Probability of each predicted entity, where the pipeline has one.
    other_types (int): Entities of types that the task has not, which are not in `predicted`.
    words (list): Of PICO, first character of each word and the one behind its last.
    """

    id: str
    gold: list[CharSpan]
    predicted: list[CharSpan]
    scores: list[float | None]
    other_types: int = 0
    words: list[tuple[int, int]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return what a prediction file holds: ids, offsets and labels, no text."""
        rows = zip(self.predicted, self.scores, strict=True)
        return {
            "id": self.id,
            "entities": [
                {"start": start, "end": end, "label": label, "score": score}
                for (start, end, label), score in rows
            ],
        }


def predict_entities(
    nlp: Language, references: Iterable[Doc], *, labels: Sequence[str] = (), key: str = ENTITIES
) -> list[EntityPrediction]:
    """Run a pipeline over gold Docs.

    Of a component with several label sets those are taken that the gold Doc is annotated for, of
    another pipeline `doc.ents`.

    references (Iterable[Doc]): With gold entities.
    labels (Sequence[str]): Those of the task; entities of other types, which its data are not
        annotated for, are counted and not taken over. () for all.
    key (str): "blurb" for entities, "pico" for PICO elements.
    RAISES (BlurbError): B500 a Doc is not annotated for entities.
    """
    references = list(references)
    gold = []
    for position, reference in enumerate(references):
        mentions = gold_entities(reference, key)
        if mentions is None:
            raise BlurbError(Errors.B500.format(doc_id=document_id(reference) or position))
        gold.append(mentions)
    docs = nlp.pipe(make_predicted(nlp, reference) for reference in references)
    predictions = []
    for position, (reference, doc) in enumerate(zip(references, docs, strict=True)):
        found = predicted_spans(doc, label_sets(reference, key), key=key)
        ents = [ent for ent in found if not labels or ent.label_ in labels]
        predictions.append(
            EntityPrediction(
                id=document_id(reference) or str(position),
                gold=gold[position],
                predicted=[(ent.start_char, ent.end_char, ent.label_) for ent in ents],
                scores=[_score(ent) for ent in ents],
                other_types=len(found) - len(ents),
                words=_words(reference) if key == PICO else [],
            )
        )
    return predictions


def _words(reference: Doc) -> list[tuple[int, int]]:
    return [(token.idx, token.idx + len(token)) for token in reference if not token.is_space]


def _score(ent: Any) -> float | None:
    score = ent._.score if ent.has_extension("score") else None
    return None if score is None else round(score, 6)
