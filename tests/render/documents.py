"""A Doc with one of everything."""

from spacy.language import Language
from spacy.tokens import Doc

from spacy_blurb.annotations import (
    PICO,
    FoundRelation,
    set_answers,
    set_found_relations,
    set_record,
    set_scored_entities,
)

TEXT = "Naloxone reverses the effect of clonidine in rats. <b>Rats</b> & mice slept."
CHEMICAL = "Chemical"


def annotated_doc(nlp: Language) -> Doc:
    doc = nlp.make_doc(TEXT)
    naloxone, clonidine = (0, 8, CHEMICAL), (32, 41, CHEMICAL)
    spans = [doc.char_span(*place) for place in (naloxone, clonidine)]
    set_scored_entities(doc, spans, [0.97, 0.5])
    rats = doc.char_span(45, 49, label="Participants")
    set_scored_entities(doc, [rats], [0.75], key=PICO)
    set_found_relations(doc, [FoundRelation(naloxone, clonidine, "CPR:4", 0.93)])
    doc.cats = {"low": 0.2, "<i>high</i>": 0.8, "higher": 0.9}
    row = {
        "id": "0",
        "question": "Who <u>slept</u>?",
        "kind": "spans",
        "options": [],
        "found": True,
    }
    start = TEXT.index("Rats")
    set_answers(doc, "spans", [{**row, "candidates": [["", 0.6, start, start + 4]]}])
    set_record(doc, "d1")
    return doc
