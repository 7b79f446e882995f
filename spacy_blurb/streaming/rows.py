"""What does a Doc say? Its annotations as JSON-able values, which all formats but DocBin write."""

from typing import Any

from spacy.tokens import Doc, Span, SpanGroup

from ..annotations import (
    ABBREVIATIONS,
    ANSWERS,
    ENTITIES,
    PICO,
    RELATIONS,
    abbreviation_offsets,
    doc_answers,
    document_fields,
    document_id,
    document_title_end,
    found_relations,
    other_groups,
    predicted_similarity,
    scored_entities,
    travelling_vector,
)

DIGITS = 6
"""Of probabilities and vectors, behind the point."""


def to_row(doc: Doc, *, vector: bool = False) -> dict[str, Any]:
    """Return the annotations of a Doc.

    RETURNS (dict): `id`, `text` and `entities` always, `title_end`, `pico`, `relations`, `cats`,
        `answers`, `abbreviations`, `similarity`, `spans` (groups of other components) and `vector`
        where there are any, and `fields`.
        Offsets count characters of `text`; relations name their entities by position.
    """
    row: dict[str, Any] = {"id": document_id(doc) or "", "text": doc.text}
    entities, relations = _to_entities(doc)
    row["entities"] = entities
    if PICO in doc.spans:
        row["pico"] = sorted(_to_spans(doc, PICO), key=_place)
    if RELATIONS in doc.spans:
        row["relations"] = relations
    if doc.cats:
        row["cats"] = {label: round(float(score), DIGITS) for label, score in doc.cats.items()}
    if ANSWERS in doc.spans:
        row["answers"] = _to_answers(doc)
    if ABBREVIATIONS in doc.spans:
        row["abbreviations"] = _to_abbreviations(doc)
    if (similarity := predicted_similarity(doc)) is not None:
        row["similarity"] = round(similarity, DIGITS)
    if groups := other_groups(doc):
        row["spans"] = {key: _to_group(doc.spans[key]) for key in groups}
    if vector and (values := travelling_vector(doc)) is not None:
        row["vector"] = [round(value, DIGITS) for value in values.tolist()]
    return {**row, "title_end": document_title_end(doc), "fields": document_fields(doc)}


def _to_entities(doc: Doc) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return all entities in text order, and the relations between them."""
    text = doc.text
    entities = _to_spans(doc, ENTITIES) if ENTITIES in doc.spans else []
    known = {_key(entity) for entity in entities}
    # Those of other components, and of pipelines of other programs.
    entities += [_to_entity(text, ent) for ent in doc.ents if _key_of(ent) not in known]
    # A linker names them in `doc.ents`.
    kb_ids = {_key_of(ent): ent.kb_id_ for ent in doc.ents if ent.kb_id_}
    for entity in entities:
        if kb_id := kb_ids.get(_key(entity)):
            entity["kb_id"] = kb_id
    known = {_key(entity) for entity in entities}
    found = found_relations(doc) or []
    for mention in (mention for relation in found for mention in (relation.head, relation.tail)):
        if mention not in known:  # a given entity that the pipeline did not predict
            known.add(mention)
            entities.append(_offsets(text, *mention))
    entities.sort(key=_place)
    positions: dict[Any, int] = {}
    for position, entity in enumerate(entities):
        positions.setdefault(_key(entity), position)
    relations = []
    for relation in found:
        row: dict[str, Any] = {"head": positions[relation.head], "tail": positions[relation.tail]}
        row.update(label=relation.label, score=round(relation.score, DIGITS))
        if relation.concepts is not None:
            row["concepts"] = list(relation.concepts)
        relations.append(row)
    return entities, relations


def _to_spans(doc: Doc, key: str) -> list[dict[str, Any]]:
    found = scored_entities(doc, key)
    if found is None:
        return [_to_entity(doc.text, span) for span in doc.spans[key]]
    rows = []
    for entity in found:
        row = _offsets(doc.text, *entity[:3])
        if entity.score is not None:
            row["score"] = round(entity.score, DIGITS)
        if entity.label_set is not None:
            row["set"] = entity.label_set
        rows.append(row)
    return rows


def _to_group(group: SpanGroup) -> list[dict[str, Any]]:
    """Return the spans of another component's group, with the scores of spaCy's `spancat`."""
    text = group.doc.text
    rows = [_to_entity(text, span) for span in group]
    scores = group.attrs.get("scores")
    if scores is not None and len(scores) == len(rows):
        rows = [
            {**row, "score": round(float(score), DIGITS)}
            for row, score in zip(rows, scores, strict=True)
        ]
    return sorted(rows, key=_place)


def _to_entity(text: str, span: Span) -> dict[str, Any]:
    return _offsets(text, span.start_char, span.end_char, span.label_)


def _offsets(text: str, start: int, end: int, label: str) -> dict[str, Any]:
    place: dict[str, Any] = {"start": start, "end": end, "label": label}
    return {**place, "text": text[start:end], "score": None}


def _key(entity: dict[str, Any]) -> tuple[int, int, str]:
    return entity["start"], entity["end"], entity["label"]


def _key_of(span: Span) -> tuple[int, int, str]:
    return span.start_char, span.end_char, span.label_


def _place(entity: dict[str, Any]) -> tuple[int, int, str, str]:
    return (*_key(entity), entity.get("set", ""))


def _to_answers(doc: Doc) -> list[dict[str, Any]]:
    rows = []
    for answer in doc_answers(doc):
        row: dict[str, Any] = {"id": answer.id, "question": answer.question, "kind": answer.kind}
        row.update(label=answer.label, text=answer.text, score=round(answer.score, DIGITS))
        if answer.start_char is not None:
            row.update(start=answer.start_char, end=answer.end_char)
        rows.append(row)
    return rows


def _to_abbreviations(doc: Doc) -> list[dict[str, Any]]:
    def words(start: int, end: int) -> dict[str, Any]:
        return {"start": start, "end": end, "text": text[start:end]}

    text = doc.text
    return [
        {**words(*place), "long_form": words(*long)} for place, long in abbreviation_offsets(doc)
    ]
