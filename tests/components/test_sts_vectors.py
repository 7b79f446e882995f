"""`blurb_sts` that compares vectors: the cosine of one of each text."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from thinc.api import Adam, fix_random_seed
from transformers import AutoTokenizer, BertModel

from spacy_blurb.annotations import PAIR, predicted_similarity
from spacy_blurb.components.cosine import cosines
from spacy_blurb.encoder.pooling import average_all
from spacy_blurb.errors import BlurbError

from .pipelines import count_passes, encoder_gradients, encoder_weights, make_nlp, train_step
from .test_sts import PAIRS, TITLES, blank_example, get_sts, gold_pair, to_examples

MEAN = {
    "@architectures": "spacy_blurb.SequenceHead.v1",
    "nO": 1,
    "tok2vec": {"@architectures": "spacy_blurb.MeanVector.v1", "upstream": "*"},
}
SETTINGS: dict[str, Any] = {"compare": "vectors", "vectors": True, "model": MEAN}
SHORT = ["aspirin causes fever", "fever in rats"]
TEXTS = [*SHORT, "", " ", "rats in rats, " * 9, "naïve ＩＬ－２ 🐀"]


@pytest.fixture(scope="module")
def untrained(tiny_encoder: Path) -> Language:
    """Ready without training: the vectors are those of the encoder."""
    nlp = make_nlp(tiny_encoder, sts=SETTINGS)
    nlp.initialize(lambda: [blank_example(nlp, "rats")])
    return nlp


def cosine(first: Any, second: Any) -> float:
    lengths = math.sqrt(sum(first * first) * sum(second * second))
    return float(sum(first * second)) / lengths if lengths else 0.0


@given(st.integers(0, 10_000), st.integers(1, 4))
def test_cosines_and_gradients_equal_a_plain_loop(seed: int, n: int) -> None:
    first, second, direction = np.random.default_rng(seed).normal(size=(3, n, 3))
    values, backprop = cosines(first, second)
    assert values == pytest.approx([cosine(a, b) for a, b in zip(first, second, strict=True)])
    gradients = backprop(direction[:, 0])
    for side, gradient in enumerate(gradients):
        for row, column in np.ndindex(*gradient.shape):
            found = []
            for step in (1e-5, -1e-5):
                moved = [first.copy(), second.copy()]
                moved[side][row, column] += step
                found.append(cosine(moved[0][row], moved[1][row]) * direction[row, 0])
            slope = (found[0] - found[1]) / 2e-5
            assert gradient[row, column] == pytest.approx(slope, abs=1e-5)


def test_vectors_of_nothing_have_the_cosine_0() -> None:
    values, backprop = cosines(np.zeros((1, 3)), np.ones((1, 3)))
    assert values.tolist() == [0.0]
    assert not backprop(np.ones(1))[0].any()


def test_vectors_are_those_of_sentence_transformers(
    untrained: Language, tiny_encoder: Path
) -> None:
    """The mean of all pieces of the text, `[CLS]` and `[SEP]` among them."""
    model = BertModel.from_pretrained(tiny_encoder, add_pooling_layer=False).eval()
    tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)
    for text in SHORT:
        with torch.no_grad():
            rows = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]
        doc = untrained(text)
        np.testing.assert_allclose(doc.vector, rows.mean(0).numpy(), atol=1e-5)


def test_the_similarity_is_the_cosine_of_the_vectors(untrained: Language) -> None:
    docs = [untrained(text) for text in TEXTS]
    sts = get_sts(untrained)
    pairs = [(a, b) for a in docs for b in docs]
    expected = pytest.approx([cosine(a.vector, b.vector) for a, b in pairs], abs=1e-5)
    assert sts.similarity(iter(pairs), batch_size=7) == expected
    assert [a._.blurb_similarity(b) for a, b in pairs] == expected
    assert [a.similarity(b) for a, b in pairs] == expected
    assert sts.similarity([]) == []
    one, other = docs[:2]
    both = untrained("aspirin causes fever. fever in rats")
    spans = sts.similarity([(both[:3], both[4:])])
    assert spans == pytest.approx([one.similarity(other)], abs=1e-5)


def test_a_text_in_many_pairs_is_read_once(
    untrained: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = [untrained.make_doc(text) for text in SHORT]
    passes = count_passes(untrained, monkeypatch)
    get_sts(untrained).similarity([(a, b) for a in docs for b in docs])
    pieces = [len(untrained(text)._.trf_data.wordpieces.input_ids[0]) for text in SHORT]
    assert sum(passes) - sum(passes[1:]) == sum(pieces)


@pytest.mark.parametrize("vectors", [True, False])
def test_pairs_get_the_cosine_of_their_texts(tiny_encoder: Path, vectors: bool) -> None:
    nlp = make_nlp(tiny_encoder, sts=SETTINGS | {"vectors": vectors})
    nlp.initialize(lambda: [blank_example(nlp, "rats")])
    pairs = [*PAIRS, ("", "rats", None), ("", "", None), TITLES[0]]
    docs = list(nlp.pipe([gold_pair(nlp, pair) for pair in pairs]))
    for doc, (first, second, _) in zip(docs, pairs, strict=True):
        one, other = nlp.make_doc(first), nlp.make_doc(second)
        (expected,) = get_sts(nlp).similarity([(one, other)])
        assert predicted_similarity(doc) == pytest.approx(expected, abs=1e-5)
        assert (doc._.blurb_vector is not None) == vectors
    single = nlp("rats")
    assert PAIR not in single.spans
    fever = pytest.approx(single._.blurb_similarity(nlp("fever")), abs=1e-5)
    for other in (nlp("fever"), nlp.make_doc("fever"), nlp("a fever")[1:], nlp.vocab["fever"]):
        assert single.similarity(other) == fever


def test_docs_with_vectors_are_compared_without_a_pass(
    untrained: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = (untrained(text) for text in SHORT)
    passes = count_passes(untrained, monkeypatch)
    one.similarity(other)
    assert not passes
    other.spans.clear()
    one.similarity(other)
    assert passes


def test_only_vectors_of_this_pipeline_and_of_one_text_are_taken(
    untrained: Language, tiny_encoder: Path
) -> None:
    nlp = make_nlp(tiny_encoder, sts={"vectors": True})
    nlp.initialize(lambda: to_examples(nlp))
    one, strange = untrained("fever"), nlp("rats")  # `[CLS]`, not the mean
    assert np.abs(strange.vector - untrained("rats").vector).max() > 0.01
    expected = pytest.approx(one.similarity(untrained("rats")), abs=1e-5)
    assert one.similarity(strange) == expected
    assert get_sts(untrained).similarity([(one, strange)]) == [expected]
    # A DocBin is read with the vocab of whoever reads it.
    for other in (strange, untrained("rats")):
        (travelled,) = DocBin(docs=[_bare(other)]).get_docs(untrained.vocab)
        assert one.similarity(travelled) == expected
    pair = untrained(gold_pair(untrained, PAIRS[0]))
    read = pytest.approx(one._.blurb_similarity(pair), abs=1e-5)
    assert [one.similarity(pair), pair.similarity(one)] == [read, read]


def test_a_head_that_has_not_learned_tells_nothing(tiny_encoder: Path) -> None:
    """Also where the way to compare is changed in `cfg`."""
    nlp = make_nlp(tiny_encoder, sts=SETTINGS)
    nlp.initialize(lambda: to_examples(nlp))
    train_step(nlp, to_examples(nlp), Adam(0.003))
    sts = get_sts(nlp)
    one, other = nlp("fever"), nlp("rats")
    sts.cfg["compare"] = "together"
    with pytest.raises(BlurbError, match="B455"):
        sts.similarity([(one, other)])
    assert predicted_similarity(nlp(gold_pair(nlp, PAIRS[0]))) is None


def test_a_contrastive_pipeline_can_compare_its_vectors(tiny_encoder: Path) -> None:
    nlp = make_nlp(tiny_encoder, sts={"contrastive": 0.1})
    nlp.initialize(lambda: to_examples(nlp, TITLES))
    get_sts(nlp).cfg["compare"] = "vectors"
    assert nlp("fever")._.blurb_similarity(nlp("fever")) == pytest.approx(1.0, abs=1e-5)


def test_overlapping_spans_of_the_stock_encoder(tiny_encoder: Path) -> None:
    """Padding is no piece."""
    nlp = spacy.blank("en")
    spans = {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 4, "stride": 3}
    model = {"@architectures": "spacy-transformers.TransformerModel.v3", "name": str(tiny_encoder)}
    trf: Any = nlp.add_pipe("transformer", config={"model": {**model, "get_spans": spans}})
    nlp.initialize()
    docs = [nlp.make_doc(TEXTS[4]), nlp.make_doc("fever")]
    datas = trf.model.predict(docs).doc_data
    vectors = average_all(1.0).predict(datas)
    for vector, data in zip(vectors, datas, strict=True):
        mask = np.asarray(data.wordpieces.attention_mask, dtype=bool)
        rows = data.model_output.last_hidden_state[mask]
        np.testing.assert_allclose(vector, rows.mean(0), atol=1e-5)
    assert not np.all(datas[0].wordpieces.attention_mask)


def test_gradients_equal_finite_differences(tiny_encoder: Path) -> None:
    """Through the encoder, of a batch in which not all is annotated."""
    nlp = make_nlp(tiny_encoder, sts=SETTINGS)
    nlp.initialize(lambda: to_examples(nlp))

    def examples() -> Any:
        return [*to_examples(nlp, PAIRS + TITLES), blank_example(nlp, "rats")]

    shim: Any = nlp.get_pipe("transformer")
    weight = shim.model.shims[0].network.embeddings.pieces.weight
    loss = train_step(nlp, examples(), None)["sts"]
    values = get_sts(nlp).similarity(
        [(nlp.make_doc(first), nlp.make_doc(second)) for first, second, _ in PAIRS]
    )
    errors = [(v - s / 4) ** 2 for v, (*_, s) in zip(values, PAIRS, strict=True) if s is not None]
    assert loss == pytest.approx(sum(errors) / 4, rel=1e-4)
    gradient = encoder_gradients(nlp)["embeddings.pieces.weight"]
    indices = np.argsort(-np.abs(gradient), axis=None)[[0, 20, 60]]
    for row, column in zip(*np.unravel_index(indices, gradient.shape), strict=True):
        losses = []
        for step in (2e-3, -2e-3):
            weight.data[row, column] += step
            losses.append(train_step(nlp, examples(), None)["sts"])
            weight.data[row, column] -= step
        slope = (losses[0] - losses[1]) / 4e-3
        assert gradient[row, column] == pytest.approx(slope, rel=0.02, abs=1e-3)


def test_it_learns_saves_and_loads(tiny_encoder: Path, tmp_path: Path) -> None:
    nlp = make_nlp(tiny_encoder, sts=SETTINGS)
    fix_random_seed(0)
    nlp.initialize(lambda: to_examples(nlp))
    sgd = Adam(0.003)
    losses = [train_step(nlp, to_examples(nlp), sgd)["sts"] for _ in range(60)]
    assert losses[-1] < 0.01 < losses[0]
    assert nlp.evaluate(to_examples(nlp))["sts_pearson"] > 0.95
    expected = nlp("fever")._.blurb_similarity(nlp("rats"))
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert get_sts(loaded).cfg["compare"] == "vectors"
    assert loaded("fever")._.blurb_similarity(loaded("rats")) == pytest.approx(expected, abs=1e-6)
    texts = ["fever", "rats"]
    loaded.add_pipe("doc_cleaner", config={"attrs": {"_.trf_data": None}})
    found = list(loaded.pipe(texts, n_process=2, batch_size=1))
    for doc, text in zip(found, texts, strict=True):
        np.testing.assert_allclose(doc._.blurb_vector, nlp(text).vector, atol=1e-5)
    assert found[0]._.blurb_similarity(found[1]) == pytest.approx(expected, abs=1e-5)
    nlp.replace_listeners("transformer", "sts", ["model.tok2vec"])
    assert nlp("fever")._.blurb_similarity(nlp("rats")) == pytest.approx(expected, abs=1e-6)
    (travelled,) = DocBin(docs=[_bare(loaded("fever"))]).get_docs(loaded.vocab)
    assert travelled._.blurb_similarity(loaded("rats")) == pytest.approx(expected, abs=1e-6)


def _bare(doc: Doc) -> Doc:
    doc._.trf_data = None
    doc.user_hooks.clear()
    return doc


@pytest.mark.parametrize("contrastive", [None, 0.1])
@pytest.mark.parametrize("frozen", [True, False])
def test_a_frozen_encoder_does_not_change(
    tiny_encoder: Path, frozen: bool, contrastive: float | None
) -> None:
    nlp = make_nlp(tiny_encoder, sts=SETTINGS | {"contrastive": contrastive})
    nlp.initialize(lambda: to_examples(nlp))
    before = encoder_weights(nlp)
    for _ in range(2):
        examples = to_examples(nlp, PAIRS + TITLES)
        train_step(nlp, examples, Adam(0.01), frozen=["transformer"] if frozen else [])
    same = [np.array_equal(before[name], value) for name, value in encoder_weights(nlp).items()]
    assert all(same) if frozen else not any(same)


def test_pairs_of_empty_texts_teach_nothing(tiny_encoder: Path) -> None:
    nlp = make_nlp(tiny_encoder, sts=SETTINGS)
    nlp.initialize(lambda: to_examples(nlp))
    before = encoder_weights(nlp)
    assert train_step(nlp, to_examples(nlp, [("", "", 4.0)]), Adam(0.1, L2=0.0))["sts"] == 0.0
    for name, value in encoder_weights(nlp).items():
        np.testing.assert_array_equal(value, before[name], err_msg=name)


def test_another_way_to_compare_is_refused(tiny_encoder: Path) -> None:
    with pytest.raises(ValueError, match=r"compare"):
        make_nlp(tiny_encoder, sts={"compare": "words"})
