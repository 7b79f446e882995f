"""`blurb_qa` on a shared encoder: what holds for labels, spans and options alike."""

import copy
import dataclasses
import json
import math
import pickle
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Corpus, Example
from spacy.vocab import Vocab
from thinc.api import SGD, Adam, fix_random_seed

from spacy_blurb.annotations import (
    ANSWERS,
    QUESTIONS,
    attach_questions,
    doc_answers,
    doc_questions,
    set_answers,
    set_questions,
)
from spacy_blurb.components.qa import BlurbQa
from spacy_blurb.components.qa_scorer import KEYS, score_answers
from spacy_blurb.data.readers import make_corpus_v1
from spacy_blurb.errors import BlurbError

from .pipelines import (
    count_passes,
    encoder_gradients,
    encoder_weights,
    make_nlp,
    run_python,
    set_head,
    train_step,
)
from .questions import (
    CHOICES,
    CLOSED,
    EXTRACTIVE,
    MODELS,
    ROWS,
    get_qa,
    gold_doc,
    make_qa_nlp,
    train,
)
from .questions import to_examples as examples_of

KINDS = sorted(ROWS)


@pytest.fixture(scope="module")
def pipelines(tiny_encoder: Path) -> dict[str, Language]:
    """A trained pipeline of each kind."""
    return {kind: train(make_qa_nlp(tiny_encoder, kind), ROWS[kind]) for kind in KINDS}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def trained(pipelines: dict[str, Language], kind: str) -> Language:
    return pipelines[kind]


def asked_docs(nlp: Language, kind: str) -> list[Doc]:
    """The Docs that were learned, and some that are odd, with two questions each."""
    options = ["fever", "rats in rats"] if kind == "options" else None
    docs = []
    for text, question, gold in [
        *ROWS[kind],
        ("", "fever?", {}),
        (" \n", "?", {}),
        ("rats", "", {}),
    ]:
        own = gold.get("options", options)
        rows = [question, "causes?"]
        docs.append(attach_questions(nlp.make_doc(text), [(q, own) if own else q for q in rows]))
    return docs


def flat(docs: list[Doc]) -> list[tuple[Any, ...]]:
    return [(a.id, a.label, a.text, a.start_char, a.end_char) for d in docs for a in doc_answers(d)]


def scores(docs: list[Doc]) -> list[float]:
    return [c.score for doc in docs for answer in doc_answers(doc) for c in answer.candidates]


# Construct and initialise ------------------------------------------------------------------------


def test_default_config_is_complete() -> None:
    nlp = spacy.blank("en")
    qa: Any = nlp.add_pipe("blurb_qa", name="qa")
    assert isinstance(qa, BlurbQa)
    settings = {"threshold": 0.0, "n_best": 5, "max_answer_tokens": 30, "no_answer": False}
    assert qa.cfg == {"labels": [], "temperature": 1.0, **settings}
    assert qa.kind == "labels"
    model = nlp.get_pipe_config("qa")["model"]
    assert model["@architectures"] == "spacy_blurb.AnswerClassifier.v1"
    assert nlp.get_pipe_meta("qa").default_score_weights["qa_score"] == 1.0


def test_settings_out_of_range_and_foreign_models_are_refused(tiny_encoder: Path) -> None:
    for settings in ({"n_best": 0}, {"max_answer_tokens": 0}, {"threshold": 1.5}):
        with pytest.raises(BlurbError, match="B489"):
            make_qa_nlp(tiny_encoder, "spans", **settings)
    model = {
        "@architectures": "spacy_blurb.SequenceHead.v1",
        "tok2vec": MODELS["labels"]["tok2vec"],
    }
    with pytest.raises(BlurbError, match=r"B480.*'qa'.*answers no questions"):
        make_nlp(tiny_encoder, qa={"model": model})


def test_not_initialised_is_said(tiny_encoder: Path, kind: str) -> None:
    nlp = make_qa_nlp(tiny_encoder, kind)
    doc = nlp.make_doc("aspirin")
    for call in (
        lambda: get_qa(nlp)(doc),
        lambda: get_qa(nlp).update(examples_of(nlp, ROWS[kind])),
        lambda: get_qa(nlp).ask(doc, "fever?"),
        lambda: doc._.ask("fever?", kind=kind),
    ):
        with pytest.raises(ValueError, match=r"B487.*'qa' is not initialised.*nlp\.initialize"):
            call()


@pytest.mark.parametrize("other", KINDS)
def test_initialize_needs_questions_of_its_kind(tiny_encoder: Path, kind: str, other: str) -> None:
    nlp = make_qa_nlp(tiny_encoder, kind)
    examples = examples_of(nlp, [*ROWS[other], ("", "", {})])
    if kind == other:
        nlp.initialize(lambda: examples)
        assert get_qa(nlp).labels == (("maybe", "no", "yes") if kind == "labels" else ())
        assert (get_qa(nlp).label_data is None) == (kind != "labels")
    else:
        with pytest.raises(ValueError, match=f"B485.*'qa' answers by {kind}"):
            nlp.initialize(lambda: examples)


def test_labels_can_be_given(tiny_encoder: Path) -> None:
    nlp = make_qa_nlp(tiny_encoder, "labels")
    nlp.config["initialize"]["components"]["qa"] = {"labels": ["yes", "no", "maybe", "never"]}
    nlp.initialize(lambda: examples_of(nlp, CLOSED))
    assert get_qa(nlp).labels == ("yes", "no", "maybe", "never")


def test_given_labels_must_be_those_of_the_questions(tiny_encoder: Path) -> None:
    """Now, and not at the batch of the training that has a rare one."""
    nlp = make_qa_nlp(tiny_encoder, "labels")
    nlp.config["initialize"]["components"]["qa"] = {"labels": ["yes"]}
    with pytest.raises(BlurbError, match=r"B482.*the labels are yes\."):
        nlp.initialize(lambda: examples_of(nlp, CLOSED))
    assert get_qa(nlp).labels == ()
    nlp.config["initialize"]["components"]["qa"] = {"labels": ["yes", "no", "yes", "maybe"]}
    nlp.initialize(lambda: examples_of(nlp, CLOSED))
    assert get_qa(nlp).labels == ("yes", "no", "maybe")


def test_an_encoder_that_reads_no_pairs_is_refused_before_training(
    tiny_encoder: Path, kind: str
) -> None:
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy-transformers.TransformerModel.v3", "name": str(tiny_encoder)}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.add_pipe("blurb_qa", name="qa", config={"model": MODELS[kind]})
    with pytest.raises(BlurbError, match=r"B310.*'qa' finds no encoder.*Encoder\.v1"):
        nlp.initialize(lambda: examples_of(nlp, ROWS[kind]))


# Predict -----------------------------------------------------------------------------------------


def test_a_batch_answers_as_each_doc_alone(trained: Language, kind: str) -> None:
    docs = asked_docs(trained, kind)
    alone = [trained(doc.copy()) for doc in docs]
    together = list(trained.pipe(docs))
    assert flat(together) == flat(alone)
    np.testing.assert_allclose(scores(together), scores(alone), atol=1e-5)


def test_ask_answers_as_questions_that_travel(trained: Language, kind: str) -> None:
    docs = [trained(doc) for doc in asked_docs(trained, kind)]
    asked = [(doc, q.question, q.options) for doc in docs for q in doc_questions(doc)]
    questions = [(q, options) if options else q for _, q, options in asked]
    found = get_qa(trained).ask([doc for doc, _, _ in asked], questions)
    expected = [answer for doc in docs for answer in doc._.answers]
    for one, other in zip(found, expected, strict=True):
        assert (one.label, one.text, one.start_char) == (other.label, other.text, other.start_char)
        assert one.score == pytest.approx(other.score, abs=1e-5)
        assert one.question == other.question
    doc, question, options = asked[0]
    by_doc = doc._.ask(question, list(options) or None)
    assert by_doc.text == found[0].text
    assert by_doc.score == pytest.approx(found[0].score, abs=1e-5)
    assert get_qa(trained).ask([], []) == []


def test_one_doc_or_one_question_for_all(trained: Language, kind: str) -> None:
    qa = get_qa(trained)
    options = ["rats", "fever"]
    one: Any = ("fever?", options) if kind == "options" else "fever?"
    other: Any = ("rats?", options) if kind == "options" else "rats?"
    docs = [trained("aspirin causes fever"), trained("rats in rats")]
    for_all = qa.ask(docs, [one])
    assert [a.score for a in for_all] == pytest.approx([qa.ask(d, [one])[0].score for d in docs])
    assert [answer.question for answer in qa.ask(docs[0], [one, other])] == ["fever?", "rats?"]
    assert [a.score for a in qa.ask(docs, one)] == [a.score for a in for_all]
    with pytest.raises(BlurbError, match=r"B486.*2 Docs and 3 questions"):
        qa.ask(docs, [one, other, one])
    for what in (docs[0][:2], "aspirin", [docs[0], docs[0][:2]]):
        with pytest.raises(BlurbError, match=r"B475.*'aspirin.*as_doc"):
            qa.ask(what, [one])


def test_many_questions_are_more_than_one_batch(
    trained: Language, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = asked_docs(trained, kind)
    expected = flat([trained(doc.copy()) for doc in docs])
    monkeypatch.setattr("spacy_blurb.components.judging.BATCH_TOKENS", 12)
    assert flat(list(trained.pipe(docs))) == expected


def test_docs_without_questions_are_left_alone(trained: Language) -> None:
    doc = trained("aspirin causes fever")
    assert ANSWERS not in doc.spans
    assert doc._.answers == []


def test_nothing_asked_and_no_text(trained: Language, kind: str) -> None:
    """An empty question has no answer; an empty text only where the answer would be a part."""
    qa = get_qa(trained)
    options = ["rats", "fever"] if kind == "options" else []
    for text in ("aspirin", "", " "):
        for question in ("", " \n"):
            asked: Any = (question, options) if options else question
            (answer,) = qa.ask(trained.make_doc(text), [asked])
            assert (answer.label, answer.text, answer.score) == ("", "", 0.0)
            assert (answer.span, answer.candidates) == (None, ())
    asked = ("fever?", options) if options else "fever?"
    for text in ("", " \n"):
        (answer,) = qa.ask(trained.make_doc(text), [asked])
        assert (answer.text == "") == (kind == "spans")
        assert (answer.score == 0.0) == (kind == "spans")
        assert answer.span is None


def test_odd_text(trained: Language, kind: str) -> None:
    """Offsets count characters, whatever is in the text and in the question."""
    text = "\ufeffa\u0301spirin 🧬 caus\u00ades  fever\u200b in ｒａｔｓ\r\n\x85 naïve 𝛽2 İn"
    for question in ("fever 🧬?\u0301", "\u200b?", "\x85fever\r\n?", "İ ß\u2028?"):
        asked: Any = (question, ["𝛽2", "", " "]) if kind == "options" else question
        doc = trained(attach_questions(trained.make_doc(text), [asked]))
        (answer,) = doc._.answers
        assert doc.text == text
        assert 0 < answer.score <= 1
        for candidate in answer.candidates:
            if kind == "spans":
                assert text[candidate.start_char : candidate.end_char] == candidate.text
        if answer.span is not None:
            assert answer.span.text == answer.text
            assert list(doc.spans[ANSWERS]) == [answer.span]


def test_a_question_longer_than_the_window(trained: Language, kind: str) -> None:
    question = "aspirin causes fever in rats " * 20
    asked: Any = (question, ["rats", "fever"]) if kind == "options" else question
    for text in ("fever in rats", "naloxone reduces fever " * 20):
        (answer,) = get_qa(trained).ask(trained.make_doc(text), [asked])
        assert answer.text
        assert answer.score > 0
    # What stands behind the window counts.
    other: Any = (question + "naloxone", asked[1]) if kind == "options" else question + "naloxone"
    doc = trained.make_doc("fever in rats")
    found = [get_qa(trained).ask(doc, [q])[0].score for q in (asked, other)]
    assert found[0] != found[1]


def test_twenty_thousand_words(trained: Language, kind: str) -> None:
    if kind == "spans":
        # Long windows, for time; the answer stands behind all but the last of them.
        text = "rats in rats " * 6665 + "aspirin causes fever in rats"
    else:
        text = "rats in " * 10000
    doc = trained.make_doc(text)
    assert len(doc) >= 20000
    asked: Any = ("causes fever?", ["rats", "fever"]) if kind == "options" else "causes fever?"
    settings = get_qa(trained)._link._nlp().get_pipe("transformer").model.shims[0]
    reader = settings._reader
    settings._reader = type(reader)(reader.tokenizer, reader.cls_id, reader.sep_id, 256, 32)
    try:
        (answer,) = get_qa(trained).ask(doc, [asked])
    finally:
        settings._reader = reader
    assert answer.score > 0
    if kind == "spans":
        assert text[answer.start_char : answer.end_char] == answer.text
        assert all(c.start_char >= 0 for c in answer.candidates)


# Learn -------------------------------------------------------------------------------------------


def test_gradients_equal_finite_differences(tiny_encoder: Path, kind: str) -> None:
    """Of the head's and the encoder's weights, through pairs of several windows."""
    nlp = make_qa_nlp(tiny_encoder, kind, no_answer=True)
    long = "rats in rats, naloxone reduces fever; aspirin causes hypertension in rats"
    answers = [[14, "naloxone"], [0, "rats"], [5, "in rats"]]
    golds = {
        "labels": [{"label": "yes"}, {"label": "no"}],
        "spans": [{"answers": answers}, {"answers": [[-1, "nothing"]]}],
        "options": [{"label": "1", "options": ["rats", "fever"]}] * 2,
    }[kind]
    rows = [(long, "in?", golds[0]), ("fever in rats", "causes?", golds[1])]
    nlp.initialize(lambda: examples_of(nlp, rows))
    set_head(nlp, "qa")
    head = get_qa(nlp).model.get_ref("output_layer")
    encoder: Any = nlp.get_pipe("transformer").model.shims[0].network
    train_step(nlp, examples_of(nlp, rows), None)
    of_encoder = encoder_gradients(nlp)["layers.1.inner.weight"]
    of_head = head.get_grad("W").copy()
    for gradient, weight in (
        (of_head, head.get_param("W")),
        (of_encoder, dict(encoder.named_parameters())["layers.1.inner.weight"].data),
    ):
        largest = np.argsort(-np.abs(gradient), axis=None)[[0, 5, 20]]
        for row, column in zip(*np.unravel_index(largest, gradient.shape), strict=True):
            losses = []
            for step in (2e-3, -2e-3):
                weight[row, column] += step
                losses.append(train_step(nlp, examples_of(nlp, rows), None)["qa"])
                weight[row, column] -= step
            slope = (losses[0] - losses[1]) / 4e-3
            assert gradient[row, column] == pytest.approx(slope, rel=0.02, abs=2e-3)


def test_questions_without_gold_teach_nothing_but_end_the_step(
    tiny_encoder: Path, kind: str
) -> None:
    nlp = make_qa_nlp(tiny_encoder, kind)
    nlp.initialize(lambda: examples_of(nlp, ROWS[kind]))
    set_head(nlp, "qa")
    before = encoder_weights(nlp)
    (listener,) = nlp.get_pipe("transformer").listeners
    others = [row for other in KINDS if other != kind for row in ROWS[other]]
    examples = [*examples_of(nlp, [*others, ("rats", "?", {})]), *examples_of(nlp, [("", "?", {})])]
    examples.append(Example(nlp.make_doc("rats"), nlp.make_doc("rats")))
    assert train_step(nlp, examples, SGD(0.5))["qa"] == 0.0
    for name, value in encoder_weights(nlp).items():
        np.testing.assert_array_equal(value, before[name], err_msg=name)
    assert listener._backprop is None
    assert train_step(nlp, examples_of(nlp, [("", "?", {})]), SGD(0.5))["qa"] == 0.0


def test_training_encodes_each_text_once(
    tiny_encoder: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its question, and not as it is as well, which nobody would read."""
    nlp = make_qa_nlp(tiny_encoder, kind)
    nlp.initialize(lambda: examples_of(nlp, ROWS[kind]))
    passes = count_passes(nlp, monkeypatch)
    train_step(nlp, examples_of(nlp, ROWS[kind]), SGD(0.5))
    assert len(passes) == 1
    train_step(nlp, examples_of(nlp, [("rats", "?", {})]), SGD(0.5))
    assert len(passes) == 1


@pytest.mark.parametrize("frozen", [True, False])
def test_a_frozen_encoder_does_not_change(tiny_encoder: Path, kind: str, frozen: bool) -> None:
    nlp = make_qa_nlp(tiny_encoder, kind)
    nlp.initialize(lambda: examples_of(nlp, ROWS[kind]))
    set_head(nlp, "qa")
    before = encoder_weights(nlp)
    head = get_qa(nlp).model.get_ref("output_layer").get_param("W").copy()
    sgd = Adam(0.01, L2=0.01, L2_is_weight_decay=True)
    for _ in range(2):
        frozen_names = ["transformer"] if frozen else []
        train_step(nlp, examples_of(nlp, ROWS[kind]), sgd, frozen=frozen_names)
    same = [np.array_equal(before[name], value) for name, value in encoder_weights(nlp).items()]
    assert all(same) if frozen else not any(same)
    assert not np.array_equal(head, get_qa(nlp).model.get_ref("output_layer").get_param("W"))


def test_mismatched_tokenisation(tiny_encoder: Path, kind: str) -> None:
    """Gold answers are character offsets, so other tokens are no matter, here halves of words.

    Both halves have the vector of their common piece, and an answer has both.
    """
    nlp = make_qa_nlp(tiny_encoder, kind)
    examples = []
    for eg in examples_of(nlp, ROWS[kind]):
        words = [part for token in eg.x for part in (token.text[:2], token.text[2:]) if part]
        spaces = [
            bool(t.whitespace_) and end for t in eg.x for end in ([False] * (len(t) > 2) + [True])
        ]
        examples.append(Example(Doc(nlp.vocab, words=words, spaces=spaces), eg.reference))
        assert examples[-1].x.text == eg.x.text
    fix_random_seed(0)
    nlp.initialize(lambda: examples)
    sgd = Adam(0.003)
    for _ in range(60):
        train_step(nlp, examples, sgd)
    for eg in examples:
        (gold,) = doc_questions(eg.reference)
        attach_questions(eg.x, [(gold.question, gold.options) if gold.options else gold.question])
        (answer,) = nlp(eg.x)._.answers
        expected = gold.label if kind != "spans" else gold.answers[0][1]
        assert (answer.label or answer.text) == expected


# Overfit, save, load, travel ---------------------------------------------------------------------


def test_reload_answers_and_scores_the_same(
    trained: Language, kind: str, tiny_encoder: Path, tmp_path: Path
) -> None:
    assert trained.evaluate(examples_of(trained, ROWS[kind]))["qa_score"] == 1.0
    docs = [trained(doc) for doc in asked_docs(trained, kind)]
    trained.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    from_bytes = make_qa_nlp(tiny_encoder, kind).from_bytes(trained.to_bytes())
    for nlp in (loaded, from_bytes):
        found = list(nlp.pipe(asked_docs(nlp, kind)))
        assert flat(found) == flat(docs)
        np.testing.assert_allclose(scores(found), scores(docs), atol=1e-6)
    assert loaded.evaluate(examples_of(loaded, ROWS[kind]))["qa_score"] == 1.0
    pickled = pickle.loads(pickle.dumps(get_qa(trained)))
    text, question, gold = ROWS[kind][0]
    asked: Any = (question, gold["options"]) if kind == "options" else question
    (answer,) = pickled.ask(trained.make_doc(text), [asked])
    assert answer.score == pytest.approx(docs[0]._.answers[0].score, abs=1e-6)


def test_settings_changed_after_loading_take_effect(
    trained: Language, kind: str, tmp_path: Path
) -> None:
    trained.to_disk(tmp_path)
    nlp = spacy.load(tmp_path)
    text, question, gold = ROWS[kind][0]
    asked: Any = (question, gold["options"]) if kind == "options" else question
    doc = nlp.make_doc(text)
    qa = get_qa(nlp)
    (before,) = qa.ask(doc, [asked])
    qa.cfg["temperature"] = 5.0
    (softer,) = qa.ask(doc, [asked])
    assert before.text == softer.text
    assert softer.score < before.score
    qa.cfg["threshold"] = softer.score + 0.01
    (none,) = qa.ask(doc, [asked])
    assert (none.label, none.text, none.span, none.score) == ("", "", None, softer.score)
    assert none.candidates == softer.candidates
    nlp.to_disk(tmp_path / "changed")
    again = spacy.load(tmp_path / "changed")
    assert get_qa(again).ask(again.make_doc(text), [asked])[0].text == ""


def test_an_encoder_of_its_own(trained: Language, kind: str, tmp_path: Path) -> None:
    trained.to_disk(tmp_path / "shared")
    nlp = spacy.load(tmp_path / "shared")
    text, question, gold = ROWS[kind][0]
    asked: Any = (question, gold["options"]) if kind == "options" else question
    (expected,) = get_qa(nlp).ask(nlp.make_doc(text), [asked])
    nlp.replace_listeners("transformer", "qa", ["model.tok2vec"])
    nlp.to_disk(tmp_path / "own")
    for alone in (nlp, spacy.load(tmp_path / "own", exclude=["transformer"])):
        (found,) = get_qa(alone).ask(alone.make_doc(text), [asked])
        assert (found.label, found.text) == (expected.label, expected.text)
        assert found.score == pytest.approx(expected.score, abs=1e-6)
    # And it learns so.
    alone.remove_pipe("transformer") if "transformer" in alone.pipe_names else None
    weight = get_qa(alone).model.get_ref("output_layer").get_param("W").copy()
    train_step(alone, examples_of(alone, ROWS[kind][1:] + ROWS[kind][:1]), Adam(0.01))
    assert not np.array_equal(weight, get_qa(alone).model.get_ref("output_layer").get_param("W"))


def test_answers_travel(trained: Language, kind: str) -> None:
    docs = [trained(doc) for doc in asked_docs(trained, kind)]
    for doc in docs:
        doc._.trf_data = None
        json.dumps(doc.spans[ANSWERS].attrs)
        (from_docbin,) = DocBin(docs=[doc]).get_docs(Vocab())
        for other in (Doc(Vocab()).from_bytes(doc.to_bytes()), from_docbin):
            assert flat([other]) == flat([doc])
            assert scores([other]) == scores([doc])
            spans = [answer.span for answer in other._.answers if answer.span is not None]
            assert [(s.start, s.end) for s in spans] == [
                (s.start, s.end) for s in doc.spans[ANSWERS]
            ]
            assert [(s.start, s.end) for s in other.spans[ANSWERS]] == [
                (s.start, s.end) for s in spans
            ]
        # Asked again, old answers are replaced.
        assert flat([trained(doc)]) == flat([doc])


PARALLEL = """
import json, sys
import spacy
from spacy.tokens import DocBin
nlp = spacy.load(sys.argv[1])
docs = list(DocBin().from_disk(sys.argv[2]).get_docs(nlp.vocab))
nlp(docs[0].copy())
rows = [doc.spans["answers"].attrs for doc in nlp.pipe(docs, n_process=2, batch_size=2)]
print(json.dumps(rows))
"""


def test_two_processes_answer_the_same(trained: Language, kind: str, tmp_path: Path) -> None:
    trained.add_pipe("doc_cleaner", config={"attrs": {"_.trf_data": None}})
    try:
        trained.to_disk(tmp_path / "pipeline")
    finally:
        trained.remove_pipe("doc_cleaner")
    docs = asked_docs(trained, kind)
    DocBin(docs=docs).to_disk(tmp_path / "docs.spacy")
    rows = json.loads(
        run_python(PARALLEL, str(tmp_path / "pipeline"), str(tmp_path / "docs.spacy"))
    )
    expected = [trained(doc).spans[ANSWERS].attrs for doc in docs]
    assert [[a["found"] for a in row["answers"]] for row in rows] == [
        [a["found"] for a in row["answers"]] for row in expected
    ]
    for row, other in zip(rows, expected, strict=True):
        for found, right in zip(row["answers"], other["answers"], strict=True):
            assert [c[0::2] for c in found["candidates"]] == [c[0::2] for c in right["candidates"]]
            np.testing.assert_allclose(
                [c[1] for c in found["candidates"]],
                [c[1] for c in right["candidates"]],
                atol=1e-5,
            )


# How Docs find their component -------------------------------------------------------------------


def test_docs_that_have_travelled_find_the_component(pipelines: dict[str, Language]) -> None:
    nlp = pipelines["labels"]
    doc = nlp(CLOSED[0][0])
    expected = doc._.ask(CLOSED[0][1])
    doc._.trf_data = None
    (travelled,) = DocBin(docs=[doc]).get_docs(nlp.vocab)
    assert travelled._.ask(CLOSED[0][1]).score == pytest.approx(expected.score, abs=1e-6)


def test_docs_of_no_pipeline_name_the_component_to_call(pipelines: dict[str, Language]) -> None:
    strange = Doc(Vocab(), words=["aspirin"])
    with pytest.raises(BlurbError, match=r'B488 *.*No components.*get_pipe\("qa"\)\.ask\(docs'):
        strange._.ask("fever?")
    doc = pipelines["labels"]("aspirin")
    with pytest.raises(BlurbError, match=r"B488 *.*No components for questions by spans"):
        doc._.ask("fever?", kind="spans")
    with pytest.raises(BlurbError, match=r"B488 *.*No components for questions by options"):
        doc._.ask("fever?", ["a", "b"])


def test_two_kinds_in_one_pipeline(tiny_encoder: Path) -> None:
    """One encoder, one more component; who answers is said by kind."""
    nlp = make_qa_nlp(tiny_encoder, "labels")
    nlp.add_pipe("blurb_qa", name="qa_spans", config={"model": MODELS["spans"]})
    examples = examples_of(nlp, [*CLOSED, *EXTRACTIVE])
    fix_random_seed(0)
    nlp.initialize(lambda: examples)
    sgd = Adam(0.003)
    for _ in range(80):
        losses = train_step(nlp, examples, sgd)
    assert max(losses["qa"], losses["qa_spans"]) < 0.05
    assert nlp.evaluate(examples)["qa_score"] == 1.0
    doc = nlp(CLOSED[0][0])
    with pytest.raises(BlurbError, match=r"B488 *.*2 components for questions.*kind="):
        doc._.ask(CLOSED[0][1])
    assert doc._.ask(CLOSED[0][1], kind="labels").label == "yes"
    assert doc._.ask(EXTRACTIVE[0][1], kind="spans").text == "aspirin"
    both = nlp(attach_questions(nlp.make_doc(CLOSED[0][0]), [CLOSED[0][1]]))._.answers
    assert [answer.kind for answer in both] == ["labels", "spans"]


def test_a_new_head_has_no_old_temperature(tiny_encoder: Path) -> None:
    nlp = make_qa_nlp(tiny_encoder, "labels")
    nlp.initialize(lambda: examples_of(nlp, CLOSED))
    get_qa(nlp).cfg["temperature"] = 3.0
    nlp.initialize(lambda: examples_of(nlp, CLOSED))
    assert get_qa(nlp).cfg["temperature"] == 1.0


def test_spans_are_no_gold_answer_where_there_are_options(pipelines: dict[str, Language]) -> None:
    """Nor does such a question disturb what the others of its batch teach."""
    both = ("rats", "?", {"answers": [[0, "rats"]], "options": ["fever", "rats"]})
    nlp = pipelines["spans"]
    losses = [
        train_step(nlp, examples_of(nlp, rows), None)["qa"]
        for rows in (EXTRACTIVE, [both, *EXTRACTIVE])
    ]
    assert losses[0] == pytest.approx(losses[1])


def test_two_of_one_kind_do_not_erase_each_other_in_silence(tiny_encoder: Path) -> None:
    nlp = make_qa_nlp(tiny_encoder, "labels")
    nlp.add_pipe("blurb_qa", name="second", config={"model": MODELS["labels"]})
    nlp.initialize(lambda: examples_of(nlp, CLOSED))
    doc = attach_questions(nlp.make_doc("rats"), ["fever?"])
    with pytest.warns(UserWarning, match=r"B458.*'second' replaces .* 'qa' gave.*by labels"):
        nlp(doc)
    with pytest.raises(BlurbError, match=r"B488 *.*2 components for questions .*\(qa, second\)"):
        doc._.ask("fever?")


def test_a_doc_that_is_used_again_has_no_old_answers(tiny_encoder: Path) -> None:
    nlp = make_qa_nlp(tiny_encoder, "labels")
    nlp.add_pipe("blurb_qa", name="qa_spans", config={"model": MODELS["spans"]})
    nlp.initialize(lambda: examples_of(nlp, [*CLOSED, *EXTRACTIVE]))
    doc = nlp(attach_questions(nlp.make_doc("rats"), ["fever?"]))
    assert [answer.kind for answer in doc._.answers] == ["labels", "spans"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        doc = nlp(attach_questions(doc, ["aspirin?", "rats?"]))
        assert [answer.question for answer in doc._.answers] == ["aspirin?", "rats?"] * 2
        doc = nlp(attach_questions(doc, []))
    assert doc._.answers == []


def test_a_sourced_component_serves_all_pipelines(pipelines: dict[str, Language]) -> None:
    trained = pipelines["spans"]
    blank = [spacy.blank("en"), spacy.blank("en")]
    for nlp in blank:
        for name in ("transformer", "qa"):
            nlp.add_pipe(name, source=trained)
    text, question, _ = EXTRACTIVE[0]
    docs = [nlp(text) for nlp in (*blank, trained)]
    for doc in docs:
        assert doc._.ask(question).text == "aspirin"


@pytest.mark.parametrize(
    "questions",
    [
        [("fever?", ["rats"]), ["rats", "fever"]],
        [("fever?", ["rats"]), 3],
        [("fever?", "rats")],
        [("fever?", "rats", "fever")],
        [("fever?", ["rats", 3])],
        [None],
        [["fever?"]],
        5,
        None,
    ],
)
def test_what_is_no_question_is_refused(pipelines: dict[str, Language], questions: Any) -> None:
    nlp = pipelines["options"]
    with pytest.raises(BlurbError, match=r"B479 *.*A question is a text"):
        attach_questions(nlp.make_doc("rats"), questions)
    with pytest.raises(BlurbError, match=r"B479 *.*A question is a text"):
        get_qa(nlp).ask(nlp("rats"), questions)


def test_strings_are_no_lists(pipelines: dict[str, Language]) -> None:
    """Of letters, that is: neither questions nor options."""
    nlp = pipelines["options"]
    doc = attach_questions(nlp.make_doc("rats"), "fever?")
    assert [question.question for question in doc_questions(doc)] == ["fever?"]
    doc = attach_questions(nlp.make_doc("rats"), ("fever?", ("rats", "fever")))
    assert [question.options for question in doc_questions(doc)] == [("rats", "fever")]
    doc = attach_questions(nlp.make_doc("rats"), ("fever?", "rats"))
    assert [question.question for question in doc_questions(doc)] == ["fever?", "rats"]
    with pytest.raises(BlurbError, match=r"B479.*'rats'"):
        nlp("rats")._.ask("fever?", "rats")


# Errors ------------------------------------------------------------------------------------------


def test_options_where_they_are_needed_and_where_not(pipelines: dict[str, Language]) -> None:
    with pytest.raises(BlurbError, match=r"B483.*'fever\?' has none"):
        get_qa(pipelines["options"]).ask(pipelines["options"]("x"), "fever?")
    for kind in ("labels", "spans"):
        with pytest.raises(BlurbError, match=f"B484.*answers by {kind}"):
            get_qa(pipelines[kind]).ask(pipelines[kind]("x"), [("fever?", ["a", "b"])])


def test_gold_answers_that_cannot_be(pipelines: dict[str, Language]) -> None:
    nlp = pipelines["labels"]
    with pytest.raises(BlurbError, match=r"B482.*question '0' is 'never'.*maybe, no, yes"):
        train_step(nlp, examples_of(nlp, [("rats", "?", {"label": "never"})]), None)
    nlp = pipelines["options"]
    for label in ("2", "-1", "yes", "٠"):
        row = ("rats", "?", {"label": label, "options": ["a", "b"]})
        with pytest.raises(BlurbError, match=f"B481.*'{label}'.*2 options"):
            train_step(nlp, examples_of(nlp, [row]), None)


def test_two_questions_with_one_id_are_refused() -> None:
    doc = spacy.blank("en")("rats")
    row: dict[str, Any] = {"question": "rats?", "options": []}
    with pytest.raises(BlurbError, match=r"B476.*'rats'.*'7'"):
        set_questions(doc, [{"id": "7", **row}, {"id": "8", **row}, {"id": "7", **row}])


def test_a_span_component_passes_over_questions_of_other_kinds(tiny_encoder: Path) -> None:
    """Also where they have spans too: it would not answer them."""
    nlp = make_qa_nlp(tiny_encoder, "spans")
    text, question, gold = EXTRACTIVE[0]
    others = [
        (text, question, {**gold, "label": "yes"}),
        (text, question, {**gold, **CHOICES[0][2]}),
    ]
    with pytest.raises(ValueError, match="B485"):
        nlp.initialize(lambda: examples_of(nlp, others))


def test_a_doc_without_text_teaches_nothing_whatever_is_beside_it(
    pipelines: dict[str, Language],
) -> None:
    nlp = pipelines["labels"]
    empty = examples_of(nlp, [("", "fever?", {"label": "yes"})])
    beside = examples_of(nlp, [("rats", "", {})])
    for batch in (empty, empty + beside):
        assert train_step(nlp, batch, None)["qa"] == 0.0


def test_lost_questions_are_said(pipelines: dict[str, Language], tmp_path: Path) -> None:
    """spaCy's own reader, as in `spacy evaluate`, makes Docs of text alone."""
    nlp = pipelines["labels"]
    text, question, gold = CLOSED[0]
    DocBin(docs=[gold_doc(nlp, text, (question, gold))]).to_disk(tmp_path / "a.spacy")
    with pytest.raises(BlurbError, match=r"B490 *.*'aspirin causes fever.*Corpus\.v1"):
        nlp.evaluate(list(Corpus(tmp_path / "a.spacy")(nlp)))
    (example,) = make_corpus_v1(tmp_path / "a.spacy")(nlp)
    # The gold answer stays behind.
    assert example.x.spans[QUESTIONS].attrs["questions"] == [
        {"id": "0", "question": question, "options": []}
    ]
    assert nlp.evaluate([example])["qa_accuracy"] == 1.0


@pytest.mark.parametrize(
    ("key", "values", "code"),
    [
        ("temperature", [0, -1.0, math.nan, "2", None], "B416"),
        ("threshold", [-0.1, 2, math.nan, "0.8", None], "B489"),
        ("n_best", [0, 2.5, "5", None], "B489"),
        ("max_answer_tokens", [0, -1, None], "B489"),
    ],
)
def test_changed_settings_out_of_range_are_refused(
    pipelines: dict[str, Language], key: str, values: list[Any], code: str
) -> None:
    """Else there would be no answers, or wrong ones, without a word."""
    nlp = pipelines["spans"]
    cfg = get_qa(nlp).cfg
    before = nlp("fever in rats")._.ask("causes?")
    for value in values:
        old = cfg[key]
        cfg[key] = value
        try:
            with pytest.raises(BlurbError, match=rf"{code}.*'qa'.*{re.escape(repr(value))}"):
                nlp("fever in rats")._.ask("causes?")
        finally:
            cfg[key] = old
    assert nlp("fever in rats")._.ask("causes?").text == before.text


def test_questions_of_the_same_words_are_scored_apart() -> None:
    doc = spacy.blank("en")("aspirin causes fever in rats")
    rows = [
        {"id": str(n), "question": "?", "options": [], "answers": [[start, text]]}
        for n, (start, text) in enumerate([(0, "aspirin"), (24, "rats")])
    ]
    gold, found = doc.copy(), doc.copy()
    set_questions(gold, rows)
    set_questions(found, rows)
    answer = {"question": "?", "kind": "spans", "options": [], "found": True}
    answer["candidates"] = [["", 0.9, 0, 7]]
    set_answers(found, "spans", [{**answer, "id": str(n)} for n in range(2)])
    scores = score_answers([Example(found, gold)])
    assert (scores["qa_em"], scores["qa_mrr"]) == (0.5, 0.5)


def test_answers_can_be_pickled_without_their_span(pipelines: dict[str, Language]) -> None:
    answer = pipelines["spans"]("fever in rats")._.ask("causes?")
    assert answer.span is not None
    for copied in (pickle.loads(pickle.dumps(answer)), copy.deepcopy(answer)):
        assert copied == dataclasses.replace(answer, span=None)


def test_score_without_questions() -> None:
    doc = spacy.blank("en")("x")
    assert score_answers([Example(doc, doc)]) == dict.fromkeys(KEYS)


def test_scores_of_what_is_not_answered_are_none(pipelines: dict[str, Language]) -> None:
    nlp = pipelines["labels"]
    found = nlp.evaluate(examples_of(nlp, [*EXTRACTIVE, *CHOICES]))
    assert {key: found[key] for key in KEYS} == dict.fromkeys(KEYS)
