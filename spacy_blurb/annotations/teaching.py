"""What a gold Doc can teach."""

from spacy.tokens import Doc

from .entities import ENTITIES, PICO, gold_entities, label_sets
from .pairs import gold_pair_score, is_pair
from .questions import doc_questions, gold_kind
from .relations import has_relations


def annotated_for(doc: Doc) -> tuple[str, ...]:
    """Name what a gold Doc is annotated for; Docs of one corpus have the same names.

    RETURNS (tuple[str, ...]): Of "blurb:LABEL_SET" and "pico:LABEL_SET" ("blurb:" where the Doc
        names no set), "relations", "labels", "pairs" (with a score), "texts" (pairs without one),
        and "questions:KIND", in this order; none for a Doc without annotations.
    """
    names = [
        f"{key}:{label_set}"
        for key in (ENTITIES, PICO)
        if gold_entities(doc, key) is not None
        for label_set in label_sets(doc, key) or [""]
    ]
    if has_relations(doc):
        names.append("relations")
    if doc.cats:
        names.append("labels")
    if is_pair(doc):
        names.append("texts" if gold_pair_score(doc) is None else "pairs")
    kinds = {gold_kind(question) for question in doc_questions(doc)}
    return (*names, *(f"questions:{kind}" for kind in sorted(k for k in kinds if k is not None)))
