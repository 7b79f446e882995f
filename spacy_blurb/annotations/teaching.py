"""What a gold Doc can teach."""

from spacy.tokens import Doc

from .abbreviations import ABBREVIATIONS
from .entities import ENTITIES, PICO, has_gold_entities, label_sets
from .pairs import PAIR, gold_pair_score, is_pair
from .questions import ANSWERS, QUESTIONS, doc_questions, gold_kind
from .records import RECORD
from .relations import CANDIDATES, RELATIONS, has_relations
from .vectors import VECTOR

_OF_SPACY = ("TAG", "POS", "MORPH", "LEMMA", "DEP", "ENT_IOB")
"""What spaCy's own components learn, but what is in `doc.cats` and `doc.spans`."""
_OURS = {
    *(ABBREVIATIONS, ANSWERS, CANDIDATES, ENTITIES, PAIR),
    *(PICO, QUESTIONS, RECORD, RELATIONS, VECTOR),
}
"""Groups of `doc.spans` that say by themselves, or not, what they teach."""


def annotated_for(doc: Doc) -> tuple[str, ...]:
    """Name what a gold Doc is annotated for; Docs of one corpus have the same names.

    RETURNS (tuple[str, ...]): Of "blurb:LABEL_SET" and "pico:LABEL_SET" ("blurb:" where the Doc
        names no set), "relations", "labels", "pairs" (with a score), "texts" (pairs without one),
        and "questions:KIND", in this order; none for a Doc without annotations.
    """
    names = [
        f"{key}:{label_set}"
        for key in (ENTITIES, PICO)
        if has_gold_entities(doc, key)
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


def is_annotated(doc: Doc) -> bool:
    """Tell whether a gold Doc can teach anything, also a component of spaCy's own."""
    # Of a Doc without tokens spaCy says that it has all annotations, of one token a sentence.
    by_spacy = len(doc) and any(map(doc.has_annotation, _OF_SPACY))
    by_spacy = by_spacy or (len(doc) > 1 and doc.has_annotation("SENT_START"))
    return bool(by_spacy or other_groups(doc) or annotated_for(doc))


def other_groups(doc: Doc) -> list[str]:
    """Return the names of `doc.spans` that are not this project's, sorted."""
    return sorted(doc.spans.keys() - _OURS)
