"""The paper's alternatives: tag schemes, a BiLSTM, a CRF."""

import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Model, fix_random_seed

from spacy_blurb.components.bilstm import build_bilstm_v1
from spacy_blurb.components.ner_model import TagScores
from spacy_blurb.data.records import Record
from spacy_blurb.errors import BlurbError

from .steps import get_ner, light_pipeline, overfit, to_examples, to_record

BILSTM = {"@architectures": "spacy_blurb.BiLSTM.v1", "hidden_width": 8, "depth": 1}
HEADS: dict[str, dict[str, Any]] = {
    "IO": {"tag_scheme": "IO"},
    "BIOUL": {"tag_scheme": "BIOUL"},
    "CRF": {"decoder": "crf"},
    "BIOUL, CRF": {"tag_scheme": "BIOUL", "decoder": "crf"},
    "IO, CRF": {"tag_scheme": "IO", "decoder": "crf"},
    "BiLSTM": {"encode": BILSTM},
    "BiLSTM, CRF": {"encode": BILSTM, "decoder": "crf"},
}
N_TAGS = {"IO": 3, "BIO": 5, "BIOUL": 9}
RECORDS = [
    to_record("aspirin causes high fever in rats", ("aspirin", "Chem"), ("high fever", "Dis")),
    to_record("fever in rats", ("fever", "Dis")),
    to_record("acetyl salicylic acid or aspirin", ("acetyl salicylic acid", "Chem"),
              ("aspirin", "Chem")),
    to_record("rats in rats"),
]  # fmt: skip
TEXTS = [*(record.text for record in RECORDS), "", " ", "high fever aspirin \n fever"]


def spans(docs: Iterable[Doc]) -> list:
    return [[(s.start, s.end, s.label_, s._.score) for s in doc.spans["blurb"]] for doc in docs]


@pytest.mark.parametrize("name", HEADS)
def test_overfit_save_load_score(name: str, tmp_path: Path) -> None:
    nlp = light_pipeline(**HEADS[name])
    examples = to_examples(nlp, RECORDS)
    overfit(nlp, examples)
    assert nlp.evaluate(to_examples(nlp, RECORDS))["ents_f"] == 1.0
    scheme = HEADS[name].get("tag_scheme", "BIO")
    assert get_ner(nlp).model.get_ref("output_layer").get_dim("nO") == N_TAGS[scheme]
    expected = spans(nlp.pipe(TEXTS))
    assert [row[:3] for row in expected[0]] == [(0, 1, "Chem"), (2, 4, "Dis")]
    assert all(0.5 < row[3] <= 1.0 for row in expected[0])
    # A batch predicts as each Doc alone.
    for rows, alone in zip(expected, spans(nlp(text) for text in TEXTS), strict=True):
        assert [row[:3] for row in rows] == [row[:3] for row in alone]
        assert [row[3] for row in rows] == pytest.approx([row[3] for row in alone], abs=1e-5)
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert spans(loaded.pipe(TEXTS)) == expected
    # The scheme that was trained is saved; another one in the config changes nothing.
    other = spacy.load(tmp_path, config={"components.blurb_ner.tag_scheme": "IO"})
    assert spans(other.pipe(TEXTS)) == expected
    # Processes that are spawned get the component as a pickle.
    copy = pickle.loads(pickle.dumps(get_ner(nlp)))
    assert spans(copy.pipe(map(nlp.make_doc, TEXTS))) == expected


def test_io_merges_neighbours_and_the_others_do_not() -> None:
    found = {}
    records = [to_record("aspirin fever rats", ("aspirin", "X"), ("fever", "X"))]
    for scheme in N_TAGS:
        nlp = light_pipeline(tag_scheme=scheme)
        overfit(nlp, to_examples(nlp, records))
        found[scheme] = [ent.text for ent in nlp("aspirin fever rats").ents]
    assert found == {
        "IO": ["aspirin fever"],
        "BIO": ["aspirin", "fever"],
        "BIOUL": ["aspirin", "fever"],
    }


def test_an_unknown_scheme_is_said() -> None:
    with pytest.raises(BlurbError, match=r"B413.*'BILOU'.*IO, BIO and BIOUL"):
        light_pipeline(tag_scheme="BILOU")


def make_scores(nlp: Language, records: list[Record]) -> TagScores:
    rng = np.random.default_rng(0)
    n_tags = get_ner(nlp).model.get_ref("output_layer").get_dim("nO")
    logits = [rng.normal(size=(len(nlp.make_doc(r.text)), n_tags)) for r in records]
    return TagScores(logits, rng.normal(size=(n_tags, n_tags)))


@pytest.mark.parametrize("scheme", N_TAGS)
def test_crf_gradient_equals_finite_differences(scheme: str) -> None:
    nlp = light_pipeline(tag_scheme=scheme, decoder="crf")
    records = [*RECORDS[:2], Record("", "")]
    examples = to_examples(nlp, records)
    nlp.initialize(lambda: examples)
    scores = make_scores(nlp, records)
    _, gradient = get_ner(nlp).get_loss(examples, scores)
    pairs = [*zip(scores.logits, gradient.logits, strict=True), (scores.pairs, gradient.pairs)]
    for values, gradients in pairs:
        for index in np.ndindex(*values.shape):
            losses = []
            for step in (1e-4, -2e-4):
                values[index] += step
                losses.append(get_ner(nlp).get_loss(examples, scores)[0])
            values[index] += 1e-4
            assert gradients[index] == pytest.approx((losses[0] - losses[1]) / 2e-4, abs=1e-5)


def test_a_crf_learns_pairs_of_tags() -> None:
    nlp = light_pipeline(decoder="crf")
    overfit(nlp, to_examples(nlp, RECORDS))
    pairs = get_ner(nlp).predict([nlp.make_doc("rats")]).pairs
    # O, B-Chem, I-Chem, B-Dis, I-Dis: two I follow I or B in the examples, O follows O.
    assert pairs[0, 0] > 0 < pairs[1, 2]
    # What the scheme forbids has no part in the loss.
    assert pairs[0, 2] == pairs[1, 4] == 0


def test_a_crf_scores_spans_by_all_sequences() -> None:
    nlp = light_pipeline(tag_scheme="IO", decoder="crf")
    nlp.initialize(lambda: to_examples(nlp, [to_record("a b", ("a", "X"))]))
    # O O: 0, O I: 1, I O: 2, I I: 2 + 1 + 1.
    scores = TagScores([np.array([[0.0, 2.0], [0.0, 1.0]])], np.array([[0.0, 0.0], [0.0, 1.0]]))
    doc = nlp.make_doc("a b")
    get_ner(nlp).set_annotations([doc], scores)
    (span,) = doc.ents
    expected = np.exp(4) / np.exp([0, 1, 2, 4]).sum()
    assert (span.text, span._.score) == ("a b", pytest.approx(expected))
    # A temperature divides scores of tags and of pairs, so that the best sequence stays the best.
    get_ner(nlp).cfg["temperature"] = 4.0
    doc = nlp.make_doc("a b")
    get_ner(nlp).set_annotations([doc], scores)
    (span,) = doc.ents
    expected = np.exp(1) / np.exp(np.array([0, 1, 2, 4]) / 4).sum()
    assert (span.text, span._.score) == ("a b", pytest.approx(expected))


# BiLSTM ------------------------------------------------------------------------------------------


@pytest.fixture
def bilstm() -> tuple[Model, list]:
    fix_random_seed(0)
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(length, 3)).astype("f") for length in (4, 0, 2, 1)]
    model = build_bilstm_v1(hidden_width=2, depth=2)
    model.initialize(X=X)
    return model, X


def test_bilstm_gradients_equal_finite_differences(bilstm: tuple) -> None:
    model, X = bilstm
    Y, backprop = model.begin_update(X)
    assert [y.shape for y in Y] == [(4, 4), (0, 4), (2, 4), (1, 4)]
    rng = np.random.default_rng(1)
    dY = [rng.normal(size=y.shape).astype("f") for y in Y]
    dX = backprop(dY)

    def loss() -> float:
        rows = zip(model.predict(X), dY, strict=True)
        return sum(float((y.astype("d") * dy).sum()) for y, dy in rows)

    params = [(model.get_param(name), model.get_grad(name)) for name in model.param_names]
    for values, gradients in [*zip(X, dX, strict=True), *params]:
        for index in list(np.ndindex(*values.shape))[::3]:
            losses = []
            for step in (1e-2, -2e-2):
                values[index] += step
                losses.append(loss())
            values[index] += 1e-2
            assert gradients[index] == pytest.approx((losses[0] - losses[1]) / 2e-2, abs=1e-3)


def test_bilstm_looks_both_ways_and_not_into_other_docs(bilstm: tuple) -> None:
    model, X = bilstm
    before = [y.copy() for y in model.predict(X)]
    X[0][2] += 1
    after = model.predict(X)
    assert (np.abs(after[0] - before[0]).max(axis=1) > 1e-4).all()
    for one, other in zip(before[1:], after[1:], strict=True):
        np.testing.assert_array_equal(one, other)
    (alone,) = model.predict(X[:1])
    np.testing.assert_allclose(alone, after[0], atol=1e-6)


def test_bilstm_options_change_its_shape() -> None:
    X = [np.zeros((2, 3), dtype="f")]
    shallow, deep = build_bilstm_v1(5, 1), build_bilstm_v1(5, 2)
    assert shallow.initialize(X=X).predict(X)[0].shape == (2, 10)
    deep.initialize(X=X)
    assert len(deep.param_names) == 2 * len(shallow.param_names) == 16
    assert [y.shape for y in shallow.predict([X[0][:0]])] == [(0, 10)]
