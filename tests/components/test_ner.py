"""`blurb_ner` on a shared encoder: predict, learn, travel."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import SGD, Adam, fix_random_seed

from spacy_blurb.annotations import ENTITIES, set_gold_entities
from spacy_blurb.components.ner import BlurbNer
from spacy_blurb.components.ner_model import TagScores
from spacy_blurb.components.ner_scorer import score_entities
from spacy_blurb.components.tag_losses import log_softmax
from spacy_blurb.data.records import Record
from spacy_blurb.errors import BlurbError

from .steps import (
    CNN,
    MakePipeline,
    encoder_weights,
    get_ner,
    light_pipeline,
    to_examples,
    to_record,
    train_step,
)

TEXTS = [
    "aspirin causes fever in rats",
    "",
    "naloxone reduces hypertension",
    " ",
    # Longer than a window of the encoder, with white space inside and at the end.
    "fever in rats, fever in rats,\n\nfever  and aspirin in rats, naloxone (2.5) in rats. ",
    "\n",
]


def blank_example(nlp: Language, text: str) -> Example:
    return Example(nlp.make_doc(text), nlp.make_doc(text))


def target_tags(nlp: Language, example: Example) -> list[int]:
    """Of the only table."""
    (table,) = get_ner(nlp).tables
    return get_ner(nlp)._target_tags(example, table).tolist()


def tag_probs(nlp: Language, docs: list[Doc]) -> list[np.ndarray]:
    return [np.exp(log_softmax(rows)) for rows in get_ner(nlp).predict(docs).logits]


def set_head(nlp: Language) -> None:
    """Weights that let gradients of some size reach the encoder, the same in every run."""
    weights = np.random.default_rng(0).normal(size=(5, 32)).astype("f")
    get_ner(nlp).model.get_ref("output_layer").set_param("W", weights)


@pytest.fixture
def nlp(make_pipeline: MakePipeline, records: list[Record]) -> Language:
    """Initialised, not trained."""
    nlp = make_pipeline()
    nlp.initialize(lambda: to_examples(nlp, records))
    return nlp


@pytest.fixture(scope="module")
def trained(make_pipeline: MakePipeline, records: list[Record]) -> Language:
    nlp = make_pipeline()
    fix_random_seed(0)
    nlp.initialize(lambda: to_examples(nlp, records))
    sgd = Adam(0.01)
    losses = [train_step(nlp, to_examples(nlp, records), sgd) for _ in range(40)]
    assert losses[-1] < 0.01 < losses[0]
    return nlp


def annotations(docs: Iterable[Doc]) -> list[list[tuple[int, int, str, float]]]:
    return [[(e.start, e.end, e.label_, e._.score) for e in doc.ents] for doc in docs]


# Construct and initialise ------------------------------------------------------------------------


def test_default_config_is_complete() -> None:
    nlp = spacy.blank("en")
    ner: Any = nlp.add_pipe("blurb_ner")
    assert isinstance(ner, BlurbNer)
    assert ner.labels == ()
    model = nlp.get_pipe_config("blurb_ner")["model"]
    assert model["@architectures"] == "spacy_blurb.TokenClassifier.v1"
    assert model["tok2vec"]["@architectures"] == "spacy_blurb.TokenVectors.v1"
    assert nlp.get_pipe_meta("blurb_ner").default_score_weights["ents_f"] == 1.0


def test_not_initialised_is_said(make_pipeline: MakePipeline, records: list[Record]) -> None:
    nlp = make_pipeline()
    with pytest.raises(ValueError, match=r"B402.*'blurb_ner' has no labels.*nlp\.initialize"):
        get_ner(nlp)(nlp.make_doc("aspirin"))
    with pytest.raises(ValueError, match="B402"):
        get_ner(nlp).update(to_examples(nlp, records))


def test_initialize_takes_labels_and_sizes_from_examples(nlp: Language) -> None:
    ner = get_ner(nlp)
    assert ner.labels == ("Chemical", "Disease")
    assert ner.label_data == {"blurb": {"bc5cdr": ["Chemical", "Disease"]}}
    head = ner.model.get_ref("output_layer")
    assert (head.get_dim("nO"), head.get_dim("nI")) == (5, 32)
    docs = list(nlp.pipe(TEXTS))
    assert [doc.text for doc in docs] == TEXTS
    for doc, probs in zip(docs, tag_probs(nlp, docs), strict=True):
        assert probs.shape == (len(doc), 5)
        np.testing.assert_allclose(probs.sum(1), 1.0, rtol=1e-5)


def test_initialize_takes_given_labels(make_pipeline: MakePipeline, records: list[Record]) -> None:
    nlp = make_pipeline()
    nlp.config["initialize"]["components"] = {"blurb_ner": {"labels": ["Z", "Disease"]}}
    nlp.initialize(lambda: to_examples(nlp, records))
    assert get_ner(nlp).labels == ("Z", "Disease")
    # A gold label that the component does not have is not learned, neither as entity nor as O.
    (example,) = to_examples(nlp, records[:1])
    assert target_tags(nlp, example) == [-1, 0, 3, 0, 0]


def test_initialize_passes_over_empty_docs(
    make_pipeline: MakePipeline, records: list[Record]
) -> None:
    nlp = make_pipeline()
    empty = to_examples(nlp, [Record(str(n), "") for n in range(12)])
    nlp.initialize(lambda: empty + to_examples(nlp, records))
    assert get_ner(nlp).model.get_ref("output_layer").get_dim("nI") == 32


def test_initialize_without_entities_is_an_error(make_pipeline: MakePipeline) -> None:
    nlp = make_pipeline()
    with pytest.raises(ValueError, match="B400"):
        nlp.initialize(lambda: to_examples(nlp, [Record("1", "rats")]))


def test_labels_are_fixed_once_initialised(make_pipeline: MakePipeline, nlp: Language) -> None:
    ner = get_ner(make_pipeline())
    assert [ner.add_label("X"), ner.add_label("X"), ner.add_label("Y")] == [1, 0, 1]
    assert ner.labels == ("X", "Y")
    assert get_ner(nlp).add_label("Disease") == 0
    with pytest.raises(ValueError, match=r"B401.*'Gene'"):
        get_ner(nlp).add_label("Gene")


# Predict -----------------------------------------------------------------------------------------


def test_a_batch_predicts_as_each_doc_alone(nlp: Language) -> None:
    encoder: Any = nlp.get_pipe("transformer")
    together = [nlp.make_doc(text) for text in TEXTS]
    encoder.set_annotations(together, encoder.predict(together))
    for doc, table in zip(together, tag_probs(nlp, together), strict=True):
        alone = encoder(nlp.make_doc(doc.text))
        (expected,) = tag_probs(nlp, [alone])
        assert table.shape == (len(doc), 5)
        np.testing.assert_allclose(table, expected, atol=1e-5)
        np.testing.assert_allclose(table.sum(axis=1), 1.0, atol=1e-5)


def test_empty_and_white_space_docs(trained: Language) -> None:
    for text in ("", " ", "\n\t "):
        doc = trained(text)
        assert doc.text == text
        assert list(doc.ents) == []
        assert doc.spans[ENTITIES].attrs == {
            "offsets": [],
            "scores": [],
            "sets": [],
            "label_sets": ["bc5cdr"],
        }
    assert [len(doc.ents) for doc in trained.pipe(TEXTS)][:4] == [2, 0, 2, 0]


def test_token_vectors_are_means_of_the_encoders_pieces(nlp: Language) -> None:
    """The alignment, read through the encoder's own names of pieces; windows are of 8."""
    doc: Any = nlp("aspirin fever rats in x-y xyz aspirin qq")
    data = doc._.trf_data
    states = data.model_output.last_hidden_state
    pieces = [piece for window in data.wordpieces.strings for piece in window]
    found = get_ner(nlp).model.get_ref("tok2vec").predict([doc])[0]
    word = next(i for i, token in enumerate(doc) if token.text == "xyz")
    # The "x" before is that of "x-y"; between the pieces of "xyz" one window ends.
    first = [i for i, piece in enumerate(pieces) if piece == "x"][1]
    rows = [first, pieces.index("##y"), pieces.index("##z")]
    assert rows[2] - rows[0] == 4
    mean = states.reshape(-1, 32)[rows].mean(axis=0)
    np.testing.assert_allclose(found[word], mean, atol=1e-6)


def test_annotations_come_from_probabilities(nlp: Language) -> None:
    doc = Doc(nlp.vocab, words=["a", "b", "c", "d"])
    probs = np.repeat([[0.025], [0.05], [0.075], [0.025]], 5, axis=1)
    probs[[0, 1, 2, 3], [3, 4, 1, 0]] = [0.9, 0.8, 0.7, 0.9]
    get_ner(nlp).set_annotations([doc], TagScores([np.log(probs)]))
    assert [(e.start, e.end, e.label_) for e in doc.ents] == [(0, 2, "Disease"), (2, 3, "Chemical")]
    assert [e._.score for e in doc.ents] == pytest.approx([0.72, 0.7])
    assert doc.spans[ENTITIES].attrs["scores"] == pytest.approx([0.72, 0.7])


def test_entities_do_not_begin_or_end_with_white_space(nlp: Language) -> None:
    doc = Doc(nlp.vocab, words=[" ", "a", "\n", "b", " ", "\n", "c"])
    probs = np.full((7, 5), 0.05)
    # B-X I-X I-X I-X I-X, B-X on white space alone, O.
    probs[np.arange(7), [1, 2, 2, 2, 2, 1, 0]] = 0.8
    get_ner(nlp).set_annotations([doc], TagScores([np.log(probs)]))
    assert [(e.start, e.end, e.label_) for e in doc.ents] == [(1, 4, "Chemical")]
    assert doc.spans[ENTITIES].attrs["scores"] == pytest.approx([0.8**3])


def test_what_nobody_sees_is_no_entity(nlp: Language) -> None:
    """Zero-width spaces and soft hyphens alone, and at the ends."""
    doc = Doc(nlp.vocab, words=["\u200b", "a", "\u00ad", "b", "\ufeff\u2060", "c"])
    probs = np.full((6, 5), 0.05)
    probs[np.arange(6), [1, 2, 2, 0, 1, 0]] = 0.8
    get_ner(nlp).set_annotations([doc], TagScores([np.log(probs)]))
    assert [(e.start, e.end, e.label_) for e in doc.ents] == [(1, 2, "Chemical")]


# Learn -------------------------------------------------------------------------------------------


def test_targets_when_tokens_differ(nlp: Language) -> None:
    words = ["x", "aspirin-induced", "fever", "now"]
    predicted = Doc(nlp.vocab, words=words, spaces=[True, True, True, False])
    reference = nlp.make_doc(predicted.text)
    assert [t.text for t in reference] == ["x", "aspirin", "-", "induced", "fever", "now"]

    def targets(*mentions: tuple[int, int, str]) -> list[int]:
        set_gold_entities(reference, mentions, label_sets=[])
        return target_tags(nlp, Example(predicted, reference))

    assert targets((2, 17, "Disease"), (18, 23, "Disease")) == [0, 3, 3, 0]
    assert targets((2, 23, "Chemical")) == [0, 1, 2, 0]
    # The mention ends inside a predicted token: nothing is taught about that token.
    assert targets((2, 9, "Chemical")) == [0, -1, 0, 0]


def test_missing_annotations_are_ignored(nlp: Language) -> None:
    ner = get_ner(nlp)
    reference = nlp.make_doc("aspirin in rats")
    reference.set_ents([Span(reference, 0, 1, label="Chemical")], missing=[reference[1:2]])
    example = Example(nlp.make_doc(reference.text), reference)
    assert target_tags(nlp, example) == [1, -1, 0]
    logits = np.array([[0, 1, 0, 0, 0], [9, 9, 9, 9, 0], [2, 0, 0, 0, 0]], dtype="f")
    loss, ((gradient,), _) = ner.get_loss([example], TagScores([logits]))
    e = np.e
    expected = (-np.log(e / (e + 4)) - np.log(e**2 / (e**2 + 4))) / 2
    assert loss == pytest.approx(expected, rel=1e-5)
    assert not gradient[1].any()
    assert gradient[0, 1] == pytest.approx((e / (e + 4) - 1) / 2, rel=1e-5)


def test_gradient_equals_finite_differences_of_the_loss(
    nlp: Language, records: list[Record]
) -> None:
    ner = get_ner(nlp)
    examples = [*to_examples(nlp, records), blank_example(nlp, "in rats")]
    rng = np.random.default_rng(0)
    logits = [rng.normal(size=(len(eg.x), 5)).astype("f") for eg in examples]
    _, (gradients, _) = ner.get_loss(examples, TagScores(logits))
    for doc, gradient in enumerate(gradients):
        for index in np.ndindex(*gradient.shape):
            losses = []
            for step in (1e-2, -1e-2):
                moved = [table.copy() for table in logits]
                moved[doc][index] += step
                losses.append(ner.get_loss(examples, TagScores(moved))[0])
            assert gradient[index] == pytest.approx((losses[0] - losses[1]) / 2e-2, abs=1e-4)
    assert not gradients[-1].any()


def test_empty_docs_in_a_batch_change_nothing(
    make_pipeline: MakePipeline, records: list[Record]
) -> None:
    """Gradients arrive at the Docs they belong to, so one step gives the same weights."""
    weights = []
    for order in ([0, 1], [None, 0, None, 1, None]):
        nlp = make_pipeline()
        examples = to_examples(nlp, records)
        nlp.initialize(lambda examples=examples: examples)
        set_head(nlp)
        weights.append(encoder_weights(nlp))
        (empty,) = to_examples(nlp, [Record("e", "")])
        train_step(nlp, [empty if i is None else examples[i] for i in order], SGD(0.1))
        weights[-1] = {k: v - weights[-1][k] for k, v in encoder_weights(nlp).items()}
    assert np.abs(weights[0]["layers.0.output.weight"]).max() > 1e-4
    for name, value in weights[0].items():
        np.testing.assert_allclose(weights[1][name], value, atol=1e-5, err_msg=name)


def test_docs_without_annotation_teach_nothing_but_end_the_step(nlp: Language) -> None:
    before = encoder_weights(nlp)
    set_head(nlp)
    head = get_ner(nlp).model.get_ref("output_layer").get_param("W").copy()
    (listener,) = nlp.get_pipe("transformer").listeners
    assert train_step(nlp, [blank_example(nlp, "aspirin in rats")], SGD(0.5)) == 0.0
    for name, value in encoder_weights(nlp).items():
        np.testing.assert_array_equal(value, before[name], err_msg=name)
    np.testing.assert_array_equal(get_ner(nlp).model.get_ref("output_layer").get_param("W"), head)
    # The listener lets go of its batch when it backpropagates, and only then.
    assert listener._backprop is None
    assert listener._outputs is None


def test_a_batch_of_empty_docs_is_no_step(nlp: Language) -> None:
    assert train_step(nlp, to_examples(nlp, [Record("1", "")]), SGD(0.5)) == 0.0


@pytest.mark.parametrize("frozen", [True, False])
def test_a_frozen_encoder_does_not_change(
    nlp: Language, records: list[Record], frozen: bool
) -> None:
    before = encoder_weights(nlp)
    head = get_ner(nlp).model.get_ref("output_layer").get_param("W").copy()
    names = ["transformer"] if frozen else []
    sgd = Adam(0.01, L2=0.01, L2_is_weight_decay=True)
    for _ in range(2):
        train_step(nlp, to_examples(nlp, records), sgd, frozen=names)
    after = encoder_weights(nlp)
    # The embeddings have rows that no piece uses.
    layers = [name for name in before if "layers" in name and name.endswith("weight")]
    same = [np.array_equal(before[name], after[name]) for name in layers]
    assert all(same) if frozen else not any(same)
    assert not np.array_equal(get_ner(nlp).model.get_ref("output_layer").get_param("W"), head)


def test_gradient_factor_scales_what_the_encoder_gets(
    make_pipeline: MakePipeline, records: list[Record]
) -> None:
    steps = []
    for factor in (1.0, 0.5, 0.0):
        tok2vec = {"@architectures": "spacy_blurb.TokenVectors.v1", "grad_factor": factor}
        model = {"@architectures": "spacy_blurb.TokenClassifier.v1", "tok2vec": tok2vec}
        nlp = make_pipeline(model=model)
        nlp.initialize(lambda nlp=nlp: to_examples(nlp, records))
        set_head(nlp)
        before = encoder_weights(nlp)
        train_step(nlp, to_examples(nlp, records), SGD(0.01))
        name = "layers.1.output.weight"
        steps.append(encoder_weights(nlp)[name] - before[name])
    assert np.abs(steps[0]).max() > 1e-4
    np.testing.assert_allclose(steps[1], steps[0] / 2, atol=1e-6)
    assert not steps[2].any()


# Score -------------------------------------------------------------------------------------------


def test_mentions_that_no_token_fits_count_as_missed() -> None:
    nlp = spacy.blank("en")
    reference = nlp.make_doc("hypertension in rats")
    mentions = [(0, 12, "Disease"), (5, 12, "Disease")]
    assert set_gold_entities(reference, mentions, label_sets=[]) == 1
    predicted = nlp.make_doc(reference.text)
    predicted.set_ents([Span(predicted, 0, 1, label="Disease")])
    scores = score_entities([Example(predicted, reference), blank_example(nlp, "fever")])
    assert (scores["ents_p"], scores["ents_r"]) == (1.0, 0.5)
    assert scores["ents_f"] == pytest.approx(2 / 3)


def test_without_annotated_docs_there_is_no_score() -> None:
    nlp = spacy.blank("en")
    assert score_entities([blank_example(nlp, "fever")])["ents_f"] is None


# Overfit, save, load, travel ---------------------------------------------------------------------


def test_overfit_and_score(trained: Language, records: list[Record]) -> None:
    scores = trained.evaluate(to_examples(trained, records))
    assert (scores["ents_p"], scores["ents_r"], scores["ents_f"]) == (1.0, 1.0, 1.0)
    assert set(scores["ents_per_type"]) == {"Chemical", "Disease"}
    doc = trained("aspirin causes fever in rats")
    assert [(ent.text, ent.label_) for ent in doc.ents] == [
        ("aspirin", "Chemical"),
        ("fever", "Disease"),
    ]
    assert all(0.9 < ent._.score <= 1.0 for ent in doc.ents)


def test_reload_predicts_the_same(
    trained: Language, make_pipeline: MakePipeline, records: list[Record], tmp_path: Path
) -> None:
    expected = annotations(trained.pipe(TEXTS))
    trained.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert annotations(loaded.pipe(TEXTS)) == expected
    assert get_ner(loaded).labels == ("Chemical", "Disease")
    assert loaded.evaluate(to_examples(loaded, records))["ents_f"] == 1.0
    with pytest.raises(ValueError, match="B401"):
        get_ner(loaded).add_label("Gene")
    from_bytes = make_pipeline()
    from_bytes.from_bytes(trained.to_bytes())
    assert annotations(from_bytes.pipe(TEXTS)) == expected


def test_docs_keep_spans_and_scores(trained: Language) -> None:
    doc = trained(TEXTS[0])
    expected = annotations([doc])[0]
    doc._.trf_data = None  # as the doc_cleaner of our configs does
    from_bytes = Doc(Vocab()).from_bytes(doc.to_bytes())
    data = DocBin(docs=[doc]).to_bytes()
    (from_docbin,) = DocBin().from_bytes(data).get_docs(Vocab())
    for other in (from_bytes, from_docbin):
        assert annotations([other])[0] == expected
        group = other.spans[ENTITIES]
        assert [(s.start, s.end, s.label_) for s in group] == [row[:3] for row in expected]
        assert group.attrs["scores"] == [row[3] for row in expected]


PARALLEL = """
import json, sys
import spacy
folder, texts = sys.argv[1], json.loads(sys.argv[2])
nlp = spacy.load(folder)
nlp(texts[0])
docs = nlp.pipe(texts, n_process=2, batch_size=2)
print(json.dumps([[(e.start, e.end, e.label_, e._.score) for e in doc.ents] for doc in docs]))
"""


def test_ids_of_entities_that_are_replaced_are_gone(trained: Language) -> None:
    """A rule's id would be that of another entity, which nobody has identified."""
    doc = trained.make_doc("fever in rats")
    rule = Span(doc, 0, 3, label="RULE", span_id="C2")
    doc.ents = [rule]
    assert doc[0].ent_id_ == "C2"
    doc = trained(doc)
    assert doc.ents
    assert [(ent.ent_id_, ent.id_) for ent in doc.ents] == [("", "")] * len(doc.ents)
    assert {token.ent_id_ for token in doc} == {""}


def test_two_processes_predict_the_same(trained: Language, tmp_path: Path) -> None:
    """After a first call, and with as many threads as torch takes by itself."""
    trained.to_disk(tmp_path)
    texts = TEXTS * 2
    run = subprocess.run(
        [sys.executable, "-c", PARALLEL, str(tmp_path), json.dumps(texts)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"},
    )
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout.splitlines()[-1])
    for row, expected in zip(found, annotations(trained.pipe(texts)), strict=True):
        assert [tuple(entity[:3]) for entity in row] == [entity[:3] for entity in expected]
        scores = [entity[3] for entity in expected]
        assert [entity[3] for entity in row] == pytest.approx(scores, abs=1e-5)


def test_docs_without_entities_on_the_shared_vectors_of_spacy() -> None:
    """spaCy's `tok2vec` waits for the gradient of every component, and sends arrays."""
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec", config={"model": CNN})
    vectors = {"@architectures": "spacy.Tok2VecListener.v1", "width": 16, "upstream": "*"}
    model = {"@architectures": "spacy_blurb.TokenClassifier.v1", "tok2vec": vectors}
    nlp.add_pipe("blurb_ner", config={"model": model})
    examples = to_examples(nlp, [to_record("fever in rats", ("fever", "Disease"))])
    nlp.initialize(lambda: examples)
    assert nlp.update([blank_example(nlp, "fever in rats")])["blurb_ner"] == 0.0
    assert nlp.update(examples)["blurb_ner"] > 0


CALIBRATED = [to_record("aspirin causes fever", ("aspirin", "Chem"))]


@pytest.mark.parametrize("temperature", [0, -1.0, "1", None, float("nan")])
def test_temperatures_that_cannot_be(temperature: object) -> None:
    nlp = light_pipeline()
    nlp.initialize(lambda: to_examples(nlp, CALIBRATED))
    get_ner(nlp).cfg["temperature"] = temperature
    with pytest.raises(BlurbError, match=r"B416.*temperature"):
        nlp("aspirin")


def test_a_new_head_has_no_old_calibration() -> None:
    nlp = light_pipeline()
    nlp.initialize(lambda: to_examples(nlp, CALIBRATED))
    ner = get_ner(nlp)
    ner.cfg.update(temperature=3.0, thresholds=dict.fromkeys(ner.labels, 0.5))
    nlp.initialize(lambda: to_examples(nlp, CALIBRATED))
    assert (ner.cfg["temperature"], ner.cfg["thresholds"]) == (1.0, {})
    ner.cfg["thresholds"] = {ner.labels[0]: "0.5"}
    with pytest.raises(BlurbError, match="B415"):
        nlp("aspirin")
