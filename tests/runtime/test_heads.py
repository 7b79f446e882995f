"""Every kind of head on an exported encoder: what it finds, odd and long texts, processes."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from thinc.api import Adam, fix_random_seed

from spacy_blurb.annotations import (
    attach_questions,
    doc_answers,
    predicted_entities,
    set_gold_entities,
)
from spacy_blurb.data.readers import make_predicted
from spacy_blurb.evaluation.export import export_pipeline

from ..components import questions
from ..components.pipelines import make_nlp, train_step
from ..components.relation_docs import GOLDS, MODELS, ents
from ..components.relation_docs import to_examples as relation_examples

LEARNED = ["aspirin causes fever in rats", "naloxone reduces hypertension"]
ODD = [
    "",
    " \n\t",
    "β-catenin, ﬁbrosis and e\u0301tude \u202e👩🏽‍⚕️ aspirin",
    "x" * 3000,
    "aspirin causes fever in rats. " * 400,
]
CRF = {
    "@architectures": "spacy_blurb.TokenClassifier.v1",
    "decoder": "crf",
    "tok2vec": {"@architectures": "spacy_blurb.TokenVectors.v1", "upstream": "transformer"},
}


def entity_examples(nlp: Language) -> list[Example]:
    """Two label sets on different Docs, and PICO elements."""
    references = [nlp.make_doc(text) for text in (LEARNED[0], LEARNED[0], LEARNED[1])]
    set_gold_entities(references[0], [(0, 7, "Drug")], label_sets=["drugs"])
    set_gold_entities(references[1], [(15, 20, "Disease")], label_sets=["diseases"])
    set_gold_entities(references[2], [(9, 29, "Outcome")], label_sets=["ebm_pico"], key="pico")
    return [Example(make_predicted(nlp, reference), reference) for reference in references]


def label_examples(nlp: Language) -> list[Example]:
    references = [nlp.make_doc(text) for text in LEARNED]
    for doc, value in zip(references, (1.0, 0.0), strict=True):
        doc.cats = {"x": value, "y": 1 - value}
    return [Example(make_predicted(nlp, reference), reference) for reference in references]


def train(nlp: Language, name: str, make: Callable[[Language], list[Example]]) -> Language:
    fix_random_seed(0)
    nlp.initialize(lambda: make(nlp))
    sgd = Adam(0.004)
    losses = [train_step(nlp, make(nlp), sgd)[name] for _ in range(60)]
    assert losses[-1] < 0.1 * losses[0]
    return nlp


def make_qa(encoder: Path, kind: str) -> Language:
    return questions.train(questions.make_qa_nlp(encoder, kind), questions.ROWS[kind])


HEADS: dict[str, Callable[[Path], Language]] = {
    "ner": lambda path: train(make_nlp(path, ner={}), "ner", entity_examples),
    "crf": lambda path: train(make_nlp(path, ner={"model": CRF}), "ner", entity_examples),
    "textcat": lambda path: train(make_nlp(path, textcat={}), "textcat", label_examples),
    "labels": lambda path: make_qa(path, "labels"),
    "spans": lambda path: make_qa(path, "spans"),
    "options": lambda path: make_qa(path, "options"),
    **{
        name: lambda path, model=MODELS[name]: train(
            make_nlp(path, rel={"model": model}), "rel", relation_examples
        )
        for name in ("shared", "dummies-cls", "markers-start", "none-pooled")
    },
}


def make_docs(nlp: Language, head: str, texts: list[str]) -> list[Doc]:
    """Docs with what the head works on: entities of the text, or a question."""
    docs = [nlp.make_doc(text) for text in texts]
    if head in MODELS:
        known = {word: label for _, words, _ in GOLDS for word, label in words}
        for doc in docs:
            ents(doc, *((word, label) for word, label in known.items() if word in doc.text[:40]))
    if head in questions.MODELS:
        own = (["fever", "rats in rats"],) if head == "options" else ()
        for doc in docs:
            attach_questions(doc, [("causes fever?", *own) if own else "causes fever?"])
    return docs


def carried(doc: Doc) -> dict[str, Any]:
    """What a Doc carries, offsets and labels; probabilities apart."""
    spans = [
        (span.start_char, span.end_char, span.label_)
        for key in ("blurb", "pico")
        if key in doc.spans
        for span in doc.spans[key]
    ]
    relations = [(r.head.start_char, r.tail.start_char, r.label) for r in doc._.relations]
    answers = [(a.label, a.start_char, a.end_char, a.text) for a in doc_answers(doc)]
    return {"spans": spans, "relations": relations, "answers": answers}


def probabilities(doc: Doc) -> list[float]:
    found = [doc.cats[label] for label in sorted(doc.cats)]
    found += [score for key in ("blurb", "pico") if key in doc.spans for score in _scores(doc, key)]
    found += [r.score for r in doc._.relations]
    return found + [answer.score for answer in doc_answers(doc)]


def _scores(doc: Doc, key: str) -> list[float]:
    return list(doc.spans[key].attrs.get("scores", ()))


@pytest.mark.parametrize("head", HEADS)
def test_heads_find_the_same(head: str, tiny_encoder: Path, tmp_path: Path) -> None:
    nlp = HEADS[head](tiny_encoder)
    nlp.to_disk(tmp_path / "trained")
    export_pipeline(str(tmp_path / "trained"), tmp_path / "exported", "openvino-bf16", tolerance=1)
    config = {"components": {"transformer": {"precision": "fp32"}}}
    exported = spacy.load(tmp_path / "exported", config=config)
    expected = list(nlp.pipe(make_docs(nlp, head, LEARNED)))
    found = list(exported.pipe(make_docs(exported, head, LEARNED)))
    assert [carried(doc) for doc in found] == [carried(doc) for doc in expected]
    assert any(list(carried(doc).values()) != [[], [], []] or doc.cats for doc in found)
    assert any(map(probabilities, found))
    for doc, other in zip(found, expected, strict=True):
        assert probabilities(doc) == pytest.approx(probabilities(other), abs=5e-3)
    # Odd texts: nothing is lost or outside, and batches change nothing.
    odd = list(exported.pipe(make_docs(exported, head, ODD), batch_size=2))
    assert [doc.text for doc in odd] == ODD
    alone = [exported(doc) for doc in make_docs(exported, head, ODD)]
    assert [carried(doc) for doc in odd] == [carried(doc) for doc in alone]
    for doc in odd:
        for start, end, _ in carried(doc)["spans"]:
            assert 0 <= start < end <= len(doc.text)
        for answer in doc_answers(doc):
            if answer.start_char is not None:
                assert doc.text[answer.start_char : answer.end_char] == answer.text
    stored = DocBin(docs=odd, store_user_data=True).to_bytes()
    again = list(DocBin().from_bytes(stored).get_docs(exported.vocab))
    assert [carried(doc) for doc in again] == [carried(doc) for doc in odd]


def test_label_sets_stay_apart(tiny_encoder: Path, tmp_path: Path) -> None:
    nlp = HEADS["ner"](tiny_encoder)
    nlp.to_disk(tmp_path / "trained")
    export_pipeline(str(tmp_path / "trained"), tmp_path / "exported", "openvino-bf16", tolerance=1)
    doc = spacy.load(tmp_path / "exported")(LEARNED[0])
    sets = doc.spans["blurb"].attrs["sets"]
    assert dict(zip([s.label_ for s in doc.spans["blurb"]], sets, strict=True)) == {
        "Drug": "drugs",
        "Disease": "diseases",
    }
    assert doc.spans["blurb"].attrs["label_sets"] == ["diseases", "drugs"]
    assert doc.spans["pico"].attrs["label_sets"] == ["ebm_pico"]
    assert len(predicted_entities(doc)) == 2


PROGRAM = """
import multiprocessing, sys
import spacy

if __name__ == "__main__":
    method, folder = sys.argv[1:]
    multiprocessing.set_start_method(method)
    nlp = spacy.load(folder)
    texts = ["aspirin causes fever in rats", "", "naloxone reduces hypertension " * 30] * 3

    def found(**settings):
        docs = nlp.pipe(texts, **settings)
        return [
            (
                [(s.start, s.label_) for s in d.spans["blurb"]],
                [(r.head.start, r.tail.start, r.label) for r in d._.relations],
                sorted(d.cats),
                d._.blurb_vector.shape,
            )
            for d in docs
        ]

    expected = found()
    assert all(expected[0][:3]) and expected[0][3] == (32,), expected[0]
    assert found(n_process=2, batch_size=3) == expected
    print("done")
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_heads_of_one_pipeline_in_two_processes(
    method: str, tiny_encoder: Path, tmp_path: Path
) -> None:
    from ..components.test_joint import make_joint, to_examples

    nlp = make_joint(tiny_encoder)
    sgd = Adam(0.003)
    for _ in range(80):
        train_step(nlp, to_examples(nlp), sgd)
    nlp.to_disk(tmp_path / "trained")
    export_pipeline(str(tmp_path / "trained"), tmp_path / "exported", "openvino-bf16", tolerance=1)
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    command = [sys.executable, str(program), method, str(tmp_path / "exported")]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == ["done"]
