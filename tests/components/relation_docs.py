"""Docs with relations for tests of `blurb_rel`."""

from collections.abc import Iterable, Sequence
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spacy_blurb.annotations import set_gold_entities, set_gold_relations
from spacy_blurb.data.readers import make_predicted

# Text, entities (the first occurrence of the words), relations by position of head and tail.
Gold = tuple[str, list[tuple[str, str]], list[tuple[int, int, str]]]

GOLDS: list[Gold] = [
    (
        "aspirin causes fever in rats",
        [("aspirin", "Chemical"), ("fever", "Disease")],
        [(0, 1, "Causes")],
    ),
    (
        "naloxone reduces hypertension",
        [("naloxone", "Chemical"), ("hypertension", "Disease")],
        [(0, 1, "Reduces")],
    ),
    ("aspirin in rats, hypertension", [("aspirin", "Chemical"), ("hypertension", "Disease")], []),
    ("fever in rats", [("fever", "Disease")], []),
    ("", [], []),
]

VECTORS = {
    "@architectures": "spacy_blurb.SpanVectors.v1",
    "pooling": {"@layers": "reduce_max.v1"},
    "upstream": "*",
}
REENCODED: dict[str, Any] = {
    "@architectures": "spacy_blurb.ReencodedRelations.v1",
    "marking": "dummies",
    "features": "cls",
    "tok2vec": VECTORS,
}
SHARED: dict[str, Any] = {
    "@architectures": "spacy_blurb.SharedRelations.v1",
    "hidden_width": 16,
    "tok2vec": VECTORS,
}
MODELS: dict[str, dict[str, Any]] = {
    "shared": SHARED,
    "dummies-cls": REENCODED,
    "markers-start": {**REENCODED, "marking": "typed_markers", "features": "start"},
    "none-pooled": {**REENCODED, "marking": "none", "features": "pooled"},
}


def set_sentences(doc: Doc) -> None:
    """A sentence begins behind each full stop."""
    for token in doc:
        token.is_sent_start = token.i == 0 or doc[token.i - 1].text == "."


def gold_doc(nlp: Language, gold: Gold, *, complete: bool = False) -> Doc:
    text, entities, relations = gold
    doc = nlp.make_doc(text)
    set_sentences(doc)
    spans = [(text.index(w), text.index(w) + len(w), label) for w, label in entities]
    set_gold_entities(doc, spans, label_sets=[])
    rows = [(head, tail, label, "") for head, tail, label in relations]
    set_gold_relations(doc, rows, none=["none"], complete=complete)
    return doc


def to_examples(
    nlp: Language, golds: Iterable[Gold] = GOLDS, *, complete: bool = False
) -> list[Example]:
    references = [gold_doc(nlp, gold, complete=complete) for gold in golds]
    return [Example(make_predicted(nlp, reference), reference) for reference in references]


def found(doc: Doc) -> list[tuple[str, str, str]]:
    return [(r.head.text, r.tail.text, r.label) for r in doc._.relations]


def ents(doc: Doc, *words: Sequence[str]) -> Doc:
    """Set sentences, and as predicted entities the first occurrence of each word with a label."""
    set_sentences(doc)
    places = [(doc.text.index(word), word, label) for word, label in words]
    doc.ents = [doc.char_span(at, at + len(word), label=label) for at, word, label in places]
    return doc
