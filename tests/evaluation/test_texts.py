"""Results of labels and pairs, computed by hand with components that know the answers."""

import json
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example

from spacy_blurb.annotations import (
    is_pair,
    set_gold_pair,
    set_record,
    set_similarity,
)
from spacy_blurb.data.docbin import write_docbin
from spacy_blurb.data.records import LabelledText, TextPair
from spacy_blurb.errors import BlurbError
from spacy_blurb.evaluation.results import evaluate_pipeline
from spacy_blurb.tasks import get_task

LABELS = ("growth", "death", "metastasis")
SENTENCES = [
    LabelledText("1_s0", "cells grow and die", ("growth",), "1"),
    LabelledText("1_s1", "no growth here", ("death", "growth"), "1"),
    LabelledText("2_s0", "cells die", (), "2"),
    LabelledText("3_s0", "cells spread", ("metastasis",), "3"),
    LabelledText("1_s2", "and rest", ("metastasis",), "1"),
]
WORDS = {"grow": "growth", "die": "death", "spread": "metastasis"}


@Language.component("labels_by_words")
def labels_by_words(doc: Doc) -> Doc:
    words = {token.text for token in doc}
    doc.cats = {label: 0.75 if word in words else 0.25 for word, label in WORDS.items()}
    return doc


@Language.component("similarity_by_length")
def similarity_by_length(doc: Doc) -> Doc:
    if is_pair(doc):
        set_similarity(doc, len(doc) / 8)
    return doc


def make_nlp(component: str, name: str) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe(component, name=name)
    return nlp


def write_labels(path: Path) -> Path:
    write_docbin(SENTENCES, path, spacy.blank("en").tokenizer, label_sets=[], labels=LABELS)
    return path


def evaluate(name: str, nlp: Language, data: Path, docs: Any = None) -> tuple[dict, list[dict]]:
    """Result and rows of the prediction file."""
    output = data.with_name("r.json")
    docs = read(data, nlp) if docs is None else docs
    result = evaluate_pipeline(get_task(name), nlp, docs, output, data=data)
    text = (output.parent / result["predictions"]).read_text(encoding="utf-8")
    return result, [json.loads(line) for line in text.splitlines()]


def read(path: Path, nlp: Language) -> list[Doc]:
    return list(DocBin().from_disk(path).get_docs(nlp.vocab))


def test_labels_are_scored_by_document(tmp_path: Path) -> None:
    """Gold 1: all three, 2: none, 3: metastasis. Found 1: growth, death, 2: death, 3: right."""
    nlp, data = make_nlp("labels_by_words", "textcat"), write_labels(tmp_path / "a.spacy")
    result, rows = evaluate("textcat", nlp, data)
    assert (result["correct"], result["predicted"], result["gold"]) == (3, 4, 4)
    assert (result["precision"], result["recall"], result["score"]) == (0.75, 0.75, 0.75)
    assert (result["n"], result["texts"], result["metric"]) == (3, 5, "micro_f1")
    low, high = result["ci95"]
    assert low < 0.75 < high
    assert result["per_label"] == {
        "death": {"precision": 0.5, "recall": 1.0, "f1": pytest.approx(2 / 3), "gold": 1},
        "growth": {"precision": 1.0, "recall": 1.0, "f1": 1.0, "gold": 1},
        "metastasis": {"precision": 1.0, "recall": 0.5, "f1": pytest.approx(2 / 3), "gold": 2},
    }
    assert [row["id"] for row in rows] == ["1_s0", "1_s1", "2_s0", "3_s0", "1_s2"]
    assert rows[0] == {
        "id": "1_s0",
        "document": "1",
        "labels": ["death", "growth"],
        "probs": {"growth": 0.75, "death": 0.75, "metastasis": 0.25},
    }


def test_labels_that_cannot_be_scored(tmp_path: Path) -> None:
    nlp, data = make_nlp("labels_by_words", "textcat"), write_labels(tmp_path / "a.spacy")
    docs = read(data, nlp)
    with pytest.raises(BlurbError, match=r"B532.*'1_s0' is annotated for death, growth, .*hoc"):
        evaluate("hoc", nlp, data, docs)
    docs[2].cats = {}
    with pytest.raises(BlurbError, match=r"B530.*'2_s0' has no gold labels"):
        evaluate("textcat", nlp, data, docs)


def test_a_threshold_of_the_component_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nlp, data = make_nlp("labels_by_words", "textcat"), write_labels(tmp_path / "a.spacy")
    component: Any = nlp.get_pipe("textcat")
    for threshold, expected in ((0.25, 9), (0.8, 0)):
        # The component is a function, which other tests have too.
        monkeypatch.setattr(component, "cfg", {"threshold": threshold}, raising=False)
        result, _ = evaluate("textcat", nlp, data)
        assert (result["predicted"], result["threshold"]) == (expected, threshold)


def test_spacys_own_textcat_gives_one_label(tmp_path: Path) -> None:
    nlp, data = spacy.blank("en"), tmp_path / "a.spacy"
    component: Any = nlp.add_pipe("textcat")
    docs = [nlp.make_doc(text) for text in ("a", "a b", "a b c")]
    for doc, right in zip(docs, "xyz", strict=True):
        doc.cats = {label: float(label == right) for label in "xyz"}
    DocBin(docs=docs).to_disk(data)
    nlp.initialize(lambda: [Example(nlp.make_doc(doc.text), doc) for doc in docs])
    assert component.cfg["threshold"] == 0
    result, rows = evaluate("textcat", nlp, data)
    assert [len(row["labels"]) for row in rows] == [1, 1, 1]
    assert result["predicted"] == 3


def test_two_components_choose_by_rules_of_their_own(tmp_path: Path) -> None:
    """One of labels that exclude each other, and one that gives any number of others."""
    nlp, data = spacy.blank("en"), tmp_path / "a.spacy"
    design: Any = nlp.add_pipe("textcat")
    topics: Any = nlp.add_pipe("textcat_multilabel", name="topics")
    docs = [nlp.make_doc("a"), nlp.make_doc("a b")]
    docs[0].cats = {"rct": 1.0, "cohort": 0.0, "heart": 1.0, "lung": 1.0}
    docs[1].cats = {"rct": 0.0, "cohort": 1.0, "heart": 0.0, "lung": 0.0}
    DocBin(docs=docs).to_disk(data)
    for component, labels in ((design, ["rct", "cohort"]), (topics, ["heart", "lung"])):
        examples = [Example(nlp.make_doc(doc.text), doc.copy()) for doc in docs]
        for example in examples:
            example.reference.cats = {label: example.reference.cats[label] for label in labels}
        component.initialize(lambda examples=examples: examples, nlp=nlp)
    found = [{"rct": 0.4, "cohort": 0.3}, {"rct": 0.3, "cohort": 0.4}]
    both = [{"heart": 0.9, "lung": 0.8}, {"heart": 0.1, "lung": 0.2}]
    for component, rows in ((design, found), (topics, both)):
        component.set_annotations = lambda docs, scores, rows=rows: [
            doc.cats.update(row) for doc, row in zip(docs, rows, strict=True)
        ]
    result, _ = evaluate("textcat", nlp, data)
    assert (result["score"], result["gold"], result["predicted"]) == (1.0, 4, 4)


@pytest.mark.parametrize("names", ["all labels", "the right label", "one label more"])
def test_gold_that_names_one_label_does_not_choose_it(tmp_path: Path, names: str) -> None:
    """A component that always finds "x" is right once in three texts."""
    nlp, data = spacy.blank("en"), tmp_path / "a.spacy"
    component: Any = nlp.add_pipe("textcat")
    docs = [nlp.make_doc(text) for text in ("a", "a b", "a b c")]
    for doc, right in zip(docs, "xyz", strict=True):
        doc.cats = {label: float(label == right) for label in "xyz"}
    nlp.initialize(lambda: [Example(nlp.make_doc(doc.text), doc) for doc in docs])
    component.set_annotations = lambda docs, scores: [
        doc.cats.update({"x": 0.8, "y": 0.1, "z": 0.1}) for doc in docs
    ]
    if names == "the right label":
        for doc, right in zip(docs, "xyz", strict=True):
            doc.cats = {right: 1.0}
    if names == "one label more":
        for doc, right in zip(docs, "xyz", strict=True):
            doc.cats = {right: 1.0, **({"z": 0.0} if right == "x" else {})}
    DocBin(docs=docs).to_disk(data)
    result, _ = evaluate("textcat", nlp, data)
    assert result["score"] == pytest.approx(1 / 3)
    # Nor does a label count as right because no text has it.
    DocBin(docs=docs[1:]).to_disk(data)
    result, _ = evaluate("textcat", nlp, data)
    assert (result["score"], result["predicted"]) == (0, 2)


PAIRS = [
    TextPair("p1", "a", "b", 0.0),
    TextPair("p2", "a b", "c d e", 2.0),
    TextPair("p3", "a b c", "d e f g", 4.0),
]


def test_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """3, 6 and 8 tokens, the line end between the texts included, against 0, 2 and 4."""
    nlp, data = make_nlp("similarity_by_length", "sts"), tmp_path / "a.spacy"
    write_docbin(PAIRS, data, nlp.tokenizer, label_sets=[])
    component: Any = nlp.get_pipe("sts")
    monkeypatch.setattr(component, "cfg", {"highest": 4.0}, raising=False)
    result, rows = evaluate("biosses", nlp, data)
    expected = 10 / (8 * (38 / 3)) ** 0.5
    assert result["score"] == pytest.approx(expected)
    assert (result["n"], result["metric"]) == (3, "pearson")
    assert rows == [
        {"id": "p1", "score": 1.5},
        {"id": "p2", "score": 3.0},
        {"id": "p3", "score": 4.0},
    ]


def test_pairs_that_cannot_be_scored(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer", name="sts")
    doc = nlp.make_doc("a\nb")
    with pytest.raises(BlurbError, match=r"B531.*Document '0' is not a pair"):
        evaluate("biosses", nlp, tmp_path / "a.spacy", [doc])
    set_gold_pair(doc, 2, 1.0)
    set_record(doc, "x")
    with pytest.raises(BlurbError, match=r"B533.*'sts' gave the pair 'x' no similarity"):
        evaluate("biosses", nlp, tmp_path / "a.spacy", [doc])
