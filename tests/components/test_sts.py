"""`blurb_sts` on a shared encoder: pairs, vectors, how Docs find their component."""

import json
import pickle
from collections.abc import Iterable
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
    PAIR,
    PAIR_SEPARATOR,
    VECTOR,
    predicted_similarity,
    set_gold_pair,
    set_pair,
)
from spacy_blurb.components.pair_docs import make_pair_doc, split_pair_doc
from spacy_blurb.components.sts import BlurbSts
from spacy_blurb.components.sts_scorer import score_pairs
from spacy_blurb.data.readers import make_corpus_v1, make_predicted
from spacy_blurb.errors import BlurbError

from .pipelines import (
    clear_gradients,
    encoder_gradients,
    encoder_weights,
    make_nlp,
    run_python,
    set_head,
    train_step,
)

Pair = tuple[str, str, float | None]
PAIRS: list[Pair] = [
    ("aspirin causes fever", "fever in rats", 3.0),
    ("naloxone", "rats in rats", 0.0),
    ("fever", "fever", 4.0),
    ("hypertension in rats", "naloxone reduces fever", 1.0),
]
TITLES: list[Pair] = [
    ("aspirin", "aspirin in rats", None),
    ("fever", "causes fever", None),
    ("naloxone", "naloxone reduces hypertension", None),
]
TEXTS = ["aspirin causes fever", "", "fever in rats", " ", "rats in rats, " * 9, "\n"]


def gold_pair(nlp: Language, pair: Pair) -> Doc:
    first, second, score = pair
    doc = nlp.make_doc(first + PAIR_SEPARATOR + second)
    if score is None:
        set_pair(doc, len(first) + 1)
    else:
        set_gold_pair(doc, len(first) + 1, score)
    return doc


def to_examples(nlp: Language, pairs: Iterable[Pair] = PAIRS) -> list[Example]:
    references = [gold_pair(nlp, pair) for pair in pairs]
    return [Example(make_predicted(nlp, reference), reference) for reference in references]


def blank_example(nlp: Language, text: str) -> Example:
    return Example(nlp.make_doc(text), nlp.make_doc(text))


def get_sts(nlp: Language) -> Any:
    return nlp.get_pipe("sts")


@pytest.fixture
def nlp(tiny_encoder: Path) -> Language:
    """Initialised, not trained."""
    nlp = make_nlp(tiny_encoder, sts={"vectors": True})
    fix_random_seed(0)
    nlp.initialize(lambda: to_examples(nlp))
    return nlp


@pytest.fixture(scope="module")
def trained(tiny_encoder: Path) -> Language:
    nlp = make_nlp(tiny_encoder, sts={"vectors": True})
    fix_random_seed(0)
    nlp.initialize(lambda: to_examples(nlp))
    sgd = Adam(0.003)
    losses = [train_step(nlp, to_examples(nlp), sgd)["sts"] for _ in range(60)]
    assert losses[-1] < 0.005 < losses[0]
    return nlp


# Construct and initialise ------------------------------------------------------------------------


def test_default_config_is_complete() -> None:
    nlp = spacy.blank("en")
    sts: Any = nlp.add_pipe("blurb_sts", name="sts")
    assert isinstance(sts, BlurbSts)
    assert sts.cfg == {
        "compare": "together",
        "highest": 4.0,
        "vectors": False,
        "contrastive": None,
        "scores_pairs": False,
    }
    model = nlp.get_pipe_config("sts")["model"]
    assert model["@architectures"] == "spacy_blurb.SequenceHead.v1"
    assert nlp.get_pipe_meta("sts").default_score_weights == {"sts_pearson": 1.0}


def test_not_initialised_is_said(tiny_encoder: Path) -> None:
    nlp = make_nlp(tiny_encoder, sts={})
    doc = nlp.make_doc("aspirin")
    for call in (
        lambda: get_sts(nlp)(doc),
        lambda: get_sts(nlp).update(to_examples(nlp)),
        lambda: get_sts(nlp).similarity([(doc, doc)]),
        lambda: doc._.blurb_similarity(doc),
    ):
        with pytest.raises(ValueError, match=r"B451.*'sts' is not initialised.*nlp\.initialize"):
            call()


def test_initialize_needs_scored_pairs_or_contrastive_training(tiny_encoder: Path) -> None:
    nlp = make_nlp(tiny_encoder, sts={})
    for examples in ([blank_example(nlp, "rats")], to_examples(nlp, TITLES)):
        with pytest.raises(ValueError, match="B450"):
            nlp.initialize(lambda examples=examples: examples)
    nlp = make_nlp(tiny_encoder, sts={"contrastive": 0.1})
    with pytest.raises(ValueError, match="B457"):
        nlp.initialize(lambda: [blank_example(nlp, "")])
    nlp.initialize(lambda: [blank_example(nlp, "")] * 12 + to_examples(nlp, TITLES))
    assert get_sts(nlp).model.get_ref("output_layer").get_dim("nI") == 32
    with pytest.raises(BlurbError, match=r"B456.*temperature 0"):
        make_nlp(tiny_encoder, sts={"contrastive": 0})
    with pytest.raises(ValueError, match=r"B448.*no pair in any training example"):
        nlp.initialize(lambda: [blank_example(nlp, "rats")])


@pytest.mark.parametrize("highest", [0, -1.0])
def test_the_highest_score_is_above_0(tiny_encoder: Path, highest: float) -> None:
    with pytest.raises(BlurbError, match=rf"B447.*{highest}"):
        make_nlp(tiny_encoder, sts={"highest": highest})


def test_an_encoder_that_reads_no_pairs_is_refused_before_training(tiny_encoder: Path) -> None:
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy-transformers.TransformerModel.v3", "name": str(tiny_encoder)}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.add_pipe("blurb_sts", name="sts")
    with pytest.raises(BlurbError, match=r"B310.*'sts' finds no encoder.*Encoder\.v1"):
        nlp.initialize(lambda: to_examples(nlp))


def test_the_head_begins_at_the_mean_score(nlp: Language) -> None:
    head = get_sts(nlp).model.get_ref("output_layer")
    assert head.get_param("b").tolist() == [0.5]
    # As BERT's own weights.
    assert 0.01 < np.abs(head.get_param("W")).mean() < 0.03


# Pair Docs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["aspirin  causes fever ", "x", "", " "])
@pytest.mark.parametrize("second", ["fever-in (rats).", "", " \n"])
def test_pair_docs_are_those_of_the_conversion(nlp: Language, first: str, second: str) -> None:
    expected = gold_pair(nlp, (first, second, None))
    doc = make_pair_doc(nlp.make_doc(first), nlp.make_doc(second))
    assert doc.text == expected.text
    assert doc.spans[PAIR].attrs == expected.spans[PAIR].attrs
    halves = split_pair_doc(doc, len(first) + 1)
    assert [half.text for half in halves] == [first, second]


def test_spans_can_be_compared(trained: Language) -> None:
    doc = trained("aspirin causes fever. fever in rats")
    assert doc[1].vector.size == 0
    sts = get_sts(trained)
    expected = sts.similarity([(trained("aspirin causes fever"), trained("fever in rats"))])
    assert sts.similarity([(doc[:3], doc[4:])]) == pytest.approx(expected, abs=1e-6)
    assert doc[:3].as_doc()._.blurb_similarity(doc[4:]) == pytest.approx(expected[0], abs=1e-6)
    # As spaCy's own method, whose place it takes.
    word = doc.similarity(trained("fever"))
    for same in (doc[4], doc.vocab["fever"]):
        assert same.text == "fever"
        assert doc.similarity(same) == pytest.approx(word, abs=1e-6)


def test_the_reader_keeps_pairs(nlp: Language, tmp_path: Path) -> None:
    DocBin(docs=[gold_pair(nlp, PAIRS[0]), nlp.make_doc("rats")]).to_disk(tmp_path / "a.spacy")
    pair, single = make_corpus_v1(tmp_path / "a.spacy")(nlp)
    # The gold score stays behind.
    assert pair.predicted.spans[PAIR].attrs == {"second": 21}
    assert PAIR not in single.predicted.spans


# Predict -----------------------------------------------------------------------------------------


def test_a_batch_predicts_as_each_doc_alone(trained: Language) -> None:
    docs = [gold_pair(trained, pair) for pair in PAIRS]
    docs.insert(1, trained.make_doc(""))
    docs.insert(3, trained.make_doc(" "))
    alone = [trained(doc.copy()) for doc in docs]
    for doc, expected in zip(trained.pipe(docs), alone, strict=True):
        found = predicted_similarity(doc)
        assert found == pytest.approx(predicted_similarity(expected), abs=1e-5)
        assert (found is None) == (not doc.text.strip())
        np.testing.assert_allclose(doc.vector, expected.vector, atol=1e-5)


def test_a_pair_is_encoded_with_both_texts(trained: Language) -> None:
    """As `[CLS] A [SEP] B [SEP]` with segments, so it differs from the text without its border."""
    doc: Any = trained(gold_pair(trained, PAIRS[0]))
    (names,) = doc._.trf_data.wordpieces.strings
    assert names == [
        *("[CLS]", "aspirin", "causes", "fever", "[SEP]"),
        *("fever", "in", "rats", "[SEP]"),
    ]
    assert doc._.trf_data.wordpieces.token_type_ids.tolist() == [[0] * 5 + [1] * 4]
    similarity = predicted_similarity(doc)
    assert similarity == pytest.approx(3 / 4, abs=0.1)
    row = doc._.trf_data.model_output.last_hidden_state[:1]
    head = get_sts(trained).model.get_ref("output_layer")
    by_hand = row @ head.get_param("W").T + head.get_param("b")
    assert similarity == pytest.approx(by_hand.item(), abs=1e-5)


def test_similarity_is_the_mean_of_both_orders(trained: Language) -> None:
    sts = get_sts(trained)
    one, other = trained("aspirin causes fever"), trained("fever in rats")
    orders = [trained(make_pair_doc(one, other)), trained(make_pair_doc(other, one))]
    scores = [predicted_similarity(doc) for doc in orders]
    assert abs(scores[0] - scores[1]) > 1e-3
    expected = pytest.approx(sum(scores) / 2, abs=1e-5)
    assert one.similarity(other) == expected
    assert other.similarity(one) == expected
    assert one._.blurb_similarity(other) == expected
    docs = [trained.make_doc(text) for text in TEXTS]
    pairs = [(a, b) for a in docs for b in docs]
    in_batches = sts.similarity(iter(pairs), batch_size=5)
    assert in_batches == pytest.approx([sts.similarity([pair])[0] for pair in pairs], abs=1e-5)
    assert in_batches[2] == expected
    assert sts.similarity([]) == []


def test_vectors(trained: Language) -> None:
    for doc in trained.pipe(TEXTS):
        assert doc.tensor.size == 0
        assert doc.vector.shape == (32,)
        # Not a view of the whole batch.
        assert doc.vector.base is None
        np.testing.assert_array_equal(doc._.blurb_vector, doc.vector)
        if not len(doc):
            assert not doc.vector.any()
            continue
        data: Any = doc._.trf_data
        lengths = np.asarray(data.wordpieces.lengths)
        starts = np.cumsum(lengths) - lengths
        mean = data.model_output.last_hidden_state[starts].mean(axis=0)
        np.testing.assert_allclose(doc.vector, mean, atol=1e-6)
        doc._.trf_data = None
        doc.user_hooks.clear()
        (from_docbin,) = DocBin(docs=[doc]).get_docs(Vocab())
        for other in (Doc(Vocab()).from_bytes(doc.to_bytes()), from_docbin):
            np.testing.assert_array_equal(other._.blurb_vector, doc.vector)
        json.dumps(doc.spans[VECTOR].attrs)
    get_sts(trained).cfg["vectors"] = False
    try:
        assert trained("fever")._.blurb_vector is None
    finally:
        get_sts(trained).cfg["vectors"] = True


# Learn -------------------------------------------------------------------------------------------


def test_loss_and_gradient_by_hand(nlp: Language) -> None:
    examples = [*to_examples(nlp, [PAIRS[0], *TITLES[:1], PAIRS[1]]), blank_example(nlp, "rats")]
    values = np.array([[0.5], [9], [-0.5], [9]], dtype="f")
    loss, gradient = get_sts(nlp).get_loss(examples, values)
    assert loss == pytest.approx((0.25**2 + 0.5**2) / 2)
    assert gradient.tolist() == [[-0.25], [0], [-0.5], [0]]


@pytest.mark.parametrize("score", [-0.5, 4.5])
def test_scores_outside_of_the_range(nlp: Language, score: float) -> None:
    with pytest.raises(BlurbError, match=rf"B452.*score {score} of the pair 'fever.*0 to 4.0"):
        train_step(nlp, to_examples(nlp, [("fever", "rats", score)]), None)
    with pytest.raises(BlurbError, match="B452"):  # before the training
        nlp.initialize(lambda: to_examples(nlp, [("fever", "rats", score)]))


def test_lost_pairs_are_said(nlp: Language, tmp_path: Path) -> None:
    """spaCy's own reader, as in `spacy evaluate`, makes Docs of text alone."""
    DocBin(docs=[gold_pair(nlp, PAIRS[0])]).to_disk(tmp_path / "a.spacy")
    examples = list(Corpus(tmp_path / "a.spacy")(nlp))
    with pytest.raises(BlurbError, match=r"B453 *.*'aspirin causes fever.*Corpus\.v1"):
        nlp.evaluate(examples)
    with pytest.raises(BlurbError, match="B453"):
        nlp.update(examples, sgd=False)


def test_lost_pairs_are_said_in_contrastive_training(tiny_encoder: Path) -> None:
    """They taught nothing, at a loss of 0."""
    nlp = make_nlp(tiny_encoder, sts={"contrastive": 0.1})
    nlp.initialize(lambda: to_examples(nlp, TITLES))
    lost = [Example(nlp.make_doc(eg.text), eg.reference) for eg in to_examples(nlp, TITLES)]
    with pytest.raises(BlurbError, match="B453"):
        train_step(nlp, lost, None)
    with pytest.raises(BlurbError, match="B453"):
        nlp.initialize(lambda: lost)


def test_docs_without_a_score_teach_nothing_but_end_the_step(nlp: Language) -> None:
    set_head(nlp, "sts")
    before = encoder_weights(nlp)
    (listener,) = nlp.get_pipe("transformer").listeners
    examples = [*to_examples(nlp, TITLES), blank_example(nlp, "aspirin"), blank_example(nlp, "")]
    assert train_step(nlp, examples, SGD(0.5))["sts"] == 0.0
    for name, value in encoder_weights(nlp).items():
        np.testing.assert_array_equal(value, before[name], err_msg=name)
    assert listener._backprop is None
    assert train_step(nlp, [blank_example(nlp, "")], SGD(0.5))["sts"] == 0.0


@pytest.mark.parametrize("settings", [{}, {"contrastive": 0.1}])
@pytest.mark.parametrize("frozen", [True, False])
def test_a_frozen_encoder_does_not_change(
    tiny_encoder: Path, frozen: bool, settings: dict[str, Any]
) -> None:
    nlp = make_nlp(tiny_encoder, sts=settings)
    nlp.initialize(lambda: to_examples(nlp))
    set_head(nlp, "sts")
    before = encoder_weights(nlp)
    sgd = Adam(0.01, L2=0.01, L2_is_weight_decay=True)
    for _ in range(2):
        examples = to_examples(nlp, PAIRS + TITLES)
        train_step(nlp, examples, sgd, frozen=["transformer"] if frozen else [])
    same = [np.array_equal(before[name], value) for name, value in encoder_weights(nlp).items()]
    assert all(same) if frozen else not any(same)


# Contrastive training ----------------------------------------------------------------------------


def test_contrastive_gradients_equal_finite_differences(tiny_encoder: Path) -> None:
    """Through the encoder, for texts of unequal length and one embedding entry each."""
    nlp = make_nlp(tiny_encoder, sts={"contrastive": 0.5})
    nlp.initialize(lambda: to_examples(nlp, TITLES))
    transformer: Any = nlp.get_pipe("transformer")
    weight = transformer.model.shims[0].network.embeddings.pieces.weight
    train_step(nlp, to_examples(nlp, TITLES), None)
    gradient = encoder_gradients(nlp)["embeddings.pieces.weight"]
    indices = np.argsort(-np.abs(gradient), axis=None)[[0, 20, 60]]
    for row, column in zip(*np.unravel_index(indices, gradient.shape), strict=True):
        losses = []
        for step in (2e-3, -2e-3):
            weight.data[row, column] += step
            losses.append(train_step(nlp, to_examples(nlp, TITLES), None)["sts"])
            weight.data[row, column] -= step
        slope = (losses[0] - losses[1]) / 4e-3
        assert gradient[row, column] == pytest.approx(slope, rel=0.02, abs=1e-3)


def test_contrastive_training_brings_what_belongs_together_near(tiny_encoder: Path) -> None:
    nlp = make_nlp(tiny_encoder, sts={"contrastive": 0.1, "vectors": True})
    fix_random_seed(0)
    nlp.initialize(lambda: to_examples(nlp, TITLES))
    sgd = Adam(0.003)
    losses = [train_step(nlp, to_examples(nlp, TITLES), sgd)["sts"] for _ in range(30)]
    assert losses[-1] < 0.1 * losses[0]
    titles = np.array([nlp(first).vector for first, _, _ in TITLES])
    abstracts = np.array([nlp(second).vector for _, second, _ in TITLES])
    distances = ((titles[:, None] - abstracts[None]) ** 2).sum(axis=-1)
    assert distances.argmin(axis=1).tolist() == [0, 1, 2]
    # There was no score to learn, so none is made up, and spaCy compares vectors.
    one, other = nlp("fever"), nlp("rats")
    with pytest.raises(BlurbError, match=r"B455.*doc\.vector"):
        one._.blurb_similarity(other)
    assert "similarity" not in one.user_hooks
    assert predicted_similarity(nlp(gold_pair(nlp, PAIRS[0]))) is None
    assert nlp.evaluate(to_examples(nlp))["sts_pearson"] is None
    # A later training on scores has some.
    train_step(nlp, to_examples(nlp), sgd)
    assert predicted_similarity(nlp(gold_pair(nlp, PAIRS[0]))) is not None


def test_scored_pairs_take_no_part_in_contrastive_training(tiny_encoder: Path) -> None:
    gradients = []
    for contrastive in (None, 0.1):
        nlp = make_nlp(tiny_encoder, sts={"contrastive": contrastive})
        nlp.initialize(lambda nlp=nlp: to_examples(nlp))
        set_head(nlp, "sts")
        # One pair alone has nothing that it could be told from.
        train_step(nlp, to_examples(nlp, [*PAIRS, TITLES[0]]), None)
        gradients.append(encoder_gradients(nlp))
        clear_gradients(nlp)
    for name, value in gradients[0].items():
        np.testing.assert_array_equal(value, gradients[1][name], err_msg=name)


# How Docs find their component -------------------------------------------------------------------


def test_docs_that_have_travelled_find_the_component(trained: Language) -> None:
    one, other = trained("aspirin causes fever"), trained("fever in rats")
    expected = pytest.approx(one.similarity(other), abs=1e-6)
    one._.trf_data = None
    with pytest.warns(UserWarning, match="W109"):
        data = one.to_bytes()
    travelled = Doc(trained.vocab).from_bytes(data)
    assert travelled._.blurb_similarity(other) == expected
    (from_docbin,) = DocBin(docs=[one]).get_docs(trained.vocab)
    assert from_docbin._.blurb_similarity(other) == expected


def test_what_is_compared_are_docs(trained: Language) -> None:
    doc = trained("aspirin")
    sts = get_sts(trained)
    for wrong in ([("aspirin", "fever")], [(doc, "fever")], (doc, doc), [(doc, doc, doc)], [doc]):
        with pytest.raises(BlurbError, match=r"B449 *.*similarity\(\[\(doc, other\)\]\)"):
            sts.similarity(wrong)
    with pytest.raises(BlurbError, match=r"B449.*'fever' \(str\)"):
        doc._.blurb_similarity("fever")
    assert sts.similarity([(doc, doc)], batch_size=0) == sts.similarity([(doc, doc)])


def test_docs_of_no_pipeline_name_the_component_to_call(trained: Language) -> None:
    strange = Doc(Vocab(), words=["aspirin"])
    with pytest.raises(BlurbError, match=r'B454 *.*No components.*get_pipe\("sts"\)\.similarity'):
        strange._.blurb_similarity(trained("fever"))


def test_two_components_of_one_vocab_are_not_guessed_between(
    tiny_encoder: Path, trained: Language
) -> None:
    nlp = make_nlp(tiny_encoder, sts={})
    nlp.initialize(lambda: to_examples(nlp))
    nlp.add_pipe("blurb_sts", name="second")
    doc = nlp.make_doc("fever")
    with pytest.raises(BlurbError, match=r"B454 *.*2 components"):
        doc._.blurb_similarity(doc)
    # Others, of other vocabs, are not in the way.
    assert trained("fever")._.blurb_similarity(trained("fever")) > 0.5


def test_a_sourced_component_serves_both_pipelines(trained: Language) -> None:
    nlp = spacy.blank("en")
    for name in ("transformer", "sts"):
        nlp.add_pipe(name, source=trained)
    expected = trained("fever").similarity(trained("rats"))
    one, other = nlp("fever"), nlp("rats")
    assert one.vocab is not trained.vocab
    assert one.similarity(other) == pytest.approx(expected, abs=1e-6)
    assert one._.blurb_similarity(other) == pytest.approx(expected, abs=1e-6)
    assert trained("fever")._.blurb_similarity(trained("rats")) == pytest.approx(expected, abs=1e-6)


# Overfit, save, load, travel ---------------------------------------------------------------------


def test_reload_predicts_and_scores_the_same(
    trained: Language, tiny_encoder: Path, tmp_path: Path
) -> None:
    assert trained.evaluate(to_examples(trained))["sts_pearson"] > 0.99
    expected = [predicted_similarity(trained(gold_pair(trained, pair))) for pair in PAIRS]
    between = trained("fever").similarity(trained("rats"))
    trained.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    from_bytes = make_nlp(tiny_encoder, sts={}).from_bytes(trained.to_bytes())
    pickled = pickle.loads(pickle.dumps(get_sts(trained)))
    one, other = trained.make_doc("fever"), trained.make_doc("rats")
    assert pickled.similarity([(one, other)]) == pytest.approx([between], abs=1e-6)
    for nlp in (loaded, from_bytes):
        found = [predicted_similarity(nlp(gold_pair(nlp, pair))) for pair in PAIRS]
        assert found == pytest.approx(expected, abs=1e-6)
        assert nlp("fever").similarity(nlp("rats")) == pytest.approx(between, abs=1e-6)
        np.testing.assert_allclose(nlp("rats").vector, trained("rats").vector, atol=1e-6)
    assert loaded.evaluate(to_examples(loaded))["sts_pearson"] > 0.99


def test_an_encoder_of_its_own(trained: Language, tmp_path: Path) -> None:
    trained.to_disk(tmp_path / "shared")
    nlp = spacy.load(tmp_path / "shared")
    expected = nlp("fever").similarity(nlp("rats"))
    nlp.replace_listeners("transformer", "sts", ["model.tok2vec"])
    nlp.to_disk(tmp_path / "own")
    for alone in (nlp, spacy.load(tmp_path / "own", exclude=["transformer"])):
        assert alone("fever").similarity(alone("rats")) == pytest.approx(expected, abs=1e-6)


def test_docs_keep_their_similarity(trained: Language) -> None:
    doc = trained(gold_pair(trained, PAIRS[0]))
    expected = predicted_similarity(doc)
    doc._.trf_data = None
    doc.user_hooks.clear()
    (from_docbin,) = DocBin(docs=[doc]).get_docs(Vocab())
    for other in (Doc(Vocab()).from_bytes(doc.to_bytes()), from_docbin):
        assert predicted_similarity(other) == expected
        assert other.spans[PAIR].attrs["second"] == 21


def test_docs_have_a_vector(tiny_encoder: Path) -> None:
    nlp = make_nlp(tiny_encoder, sts={"vectors": True})
    nlp.initialize(lambda: to_examples(nlp))
    doc = nlp("aspirin causes fever")
    assert doc.has_vector
    assert doc.copy().has_vector
    assert not nlp("").has_vector
    assert not nlp.make_doc("fever").has_vector


PARALLEL = """
import json, sys, warnings
import spacy
# Hooks are lost on the way from a worker, and nobody is told for every one of them.
warnings.filterwarnings("error", message=".*W109")
nlp = spacy.load(sys.argv[1])
texts = json.loads(sys.argv[2])
first = nlp(texts[0])
docs = list(nlp.pipe(texts, n_process=2, batch_size=2))
similar = [first._.blurb_similarity(doc) for doc in docs]
print(json.dumps([[doc._.blurb_vector.tolist() for doc in docs], similar]))
"""


def test_two_processes_predict_the_same(trained: Language, tmp_path: Path) -> None:
    trained.add_pipe("doc_cleaner", config={"attrs": {"_.trf_data": None}})
    try:
        trained.to_disk(tmp_path)
    finally:
        trained.remove_pipe("doc_cleaner")
    vectors, similar = json.loads(run_python(PARALLEL, str(tmp_path), json.dumps(TEXTS)))
    docs = [trained(text) for text in TEXTS]
    expected = np.array([doc.vector for doc in docs])
    np.testing.assert_allclose(vectors, expected, atol=1e-5)
    assert similar == pytest.approx([docs[0].similarity(doc) for doc in docs], abs=1e-5)


def test_score_without_pairs() -> None:
    assert score_pairs([blank_example(spacy.blank("en"), "x")]) == {"sts_pearson": None}
