"""Docs, gold or predicted, as annotated texts."""

from spacy.tokens import Doc

from ..annotations import (
    ENTITIES,
    PICO,
    Answer,
    doc_answers,
    document_id,
    found_relations,
    gold_entities,
    gold_relations,
    scored_entities,
)
from .annotated import Annotated, ShownAnswer, ShownRelation, ShownSpan, likely_labels


def from_doc(doc: Doc, default_id: str = "") -> Annotated:
    """Take what is shown from a Doc, predictions where it has any and gold annotations elsewhere.

    default_id (str): For a Doc that names none.
    """
    return Annotated(
        id=document_id(doc) or default_id,
        text=doc.text,
        entities=_spans(doc, ENTITIES),
        pico=_spans(doc, PICO),
        relations=_relations(doc),
        labels=likely_labels(doc.cats),
        answers=tuple(_answer(answer) for answer in doc_answers(doc)),
    )


def _answer(answer: Answer) -> ShownAnswer:
    start, end = answer.start_char, answer.end_char
    place = None if start is None or end is None else (start, end)
    return ShownAnswer(answer.question, answer.text, answer.score, place)


def _spans(doc: Doc, key: str) -> tuple[ShownSpan, ...]:
    group = doc.spans.get(key)
    if group is not None and "mentions" in group.attrs:
        # Also those of given pairs, which are no gold standard for entities.
        return tuple(ShownSpan(*mention) for mention in group.attrs["mentions"])
    if group is None:
        return tuple(ShownSpan(*mention) for mention in gold_entities(doc, key) or ())
    found = scored_entities(doc, key)
    if found is None:
        rows = [ShownSpan(s.start_char, s.end_char, s.label_) for s in group]
    else:
        rows = [ShownSpan(*entity[:4]) for entity in found]
    known = {row[:3] for row in rows}
    # Those of other components, such as an entity_ruler.
    ents = doc.ents if key == ENTITIES else ()
    others = [ShownSpan(ent.start_char, ent.end_char, ent.label_) for ent in ents]
    return (*rows, *(other for other in others if other[:3] not in known))


def _relations(doc: Doc) -> tuple[ShownRelation, ...]:
    found = found_relations(doc)
    if found is not None:
        return tuple(ShownRelation(r.head[:2], r.tail[:2], r.label, r.score) for r in found)
    gold = gold_relations(doc)
    rows = [] if gold is None else gold.positive
    return tuple(ShownRelation(head[:2], tail[:2], label) for head, tail, label in rows)
