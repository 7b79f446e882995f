"""`blurb_textcat` on a shared encoder: predict, learn, travel."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.cli.find_threshold import find_threshold
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import SGD, Adam, fix_random_seed

from spacy_blurb.annotations import set_record
from spacy_blurb.components.textcat import BlurbTextcat
from spacy_blurb.components.textcat_scorer import score_labels
from spacy_blurb.errors import BlurbError

from .pipelines import encoder_weights, make_nlp, run_python, set_head, train_step

# Text → labels of drugs and illnesses, both or none.
TEXTS = {
    "aspirin causes fever in rats": {"drug", "illness"},
    "naloxone in rats": {"drug"},
    "fever, hypertension": {"illness"},
    "rats in rats": set(),
}
LONG = "rats in rats, rats in rats, " * 6 + "\n\naspirin  (2.5) in rats. "
MIXED = ["aspirin causes fever in rats", "", "naloxone in rats", " ", LONG, "\n"]


def to_examples(nlp: Language, texts: Iterable[str] = TEXTS) -> list[Example]:
    examples = []
    for text in texts:
        reference = nlp.make_doc(text)
        reference.cats = {label: float(label in TEXTS[text]) for label in ("drug", "illness")}
        examples.append(Example(nlp.make_doc(text), reference))
    return examples


def blank_example(nlp: Language, text: str) -> Example:
    return Example(nlp.make_doc(text), nlp.make_doc(text))


def get_textcat(nlp: Language) -> Any:
    return nlp.get_pipe("textcat")


@pytest.fixture
def nlp(tiny_encoder: Path) -> Language:
    """Initialised, not trained."""
    nlp = make_nlp(tiny_encoder, textcat={})
    fix_random_seed(0)
    nlp.initialize(lambda: to_examples(nlp))
    return nlp


@pytest.fixture(scope="module")
def trained(tiny_encoder: Path) -> Language:
    nlp = make_nlp(tiny_encoder, textcat={})
    fix_random_seed(0)
    nlp.initialize(lambda: to_examples(nlp))
    sgd = Adam(0.01)
    losses = [train_step(nlp, to_examples(nlp), sgd)["textcat"] for _ in range(40)]
    assert losses[-1] < 0.02 < losses[0]
    return nlp


# Construct and initialise ------------------------------------------------------------------------


def test_default_config_is_complete() -> None:
    nlp = spacy.blank("en")
    textcat: Any = nlp.add_pipe("blurb_textcat", name="textcat")
    assert isinstance(textcat, BlurbTextcat)
    assert textcat.labels == ()
    assert textcat.cfg == {"labels": [], "threshold": 0.5, "exclusive": False}
    model = nlp.get_pipe_config("textcat")["model"]
    assert model["@architectures"] == "spacy_blurb.SequenceHead.v1"
    assert model["tok2vec"]["@architectures"] == "spacy_blurb.SequenceVector.v1"


def test_not_initialised_is_said(tiny_encoder: Path) -> None:
    nlp = make_nlp(tiny_encoder, textcat={})
    with pytest.raises(ValueError, match=r"B442.*'textcat' has no labels.*nlp\.initialize"):
        get_textcat(nlp)(nlp.make_doc("aspirin"))
    with pytest.raises(ValueError, match="B442"):
        get_textcat(nlp).update(to_examples(nlp))


def test_initialize_takes_labels_and_sizes_from_examples(nlp: Language) -> None:
    assert get_textcat(nlp).label_data == ["drug", "illness"]
    head = get_textcat(nlp).model.get_ref("output_layer")
    assert (head.get_dim("nO"), head.get_dim("nI")) == (2, 32)


def test_initialize_takes_given_labels_and_passes_over_empty_docs(tiny_encoder: Path) -> None:
    nlp = make_nlp(tiny_encoder, textcat={})
    nlp.config["initialize"]["components"] = {"textcat": {"labels": ["z", "drug"]}}
    nlp.initialize(lambda: [blank_example(nlp, "")] * 12 + to_examples(nlp))
    assert get_textcat(nlp).labels == ("z", "drug")
    assert get_textcat(nlp).model.get_ref("output_layer").get_dim("nI") == 32
    # "z" is not annotated, "illness" not learned.
    targets, known = get_textcat(nlp)._targets(to_examples(nlp))
    assert known.tolist() == [[False, True]] * 4
    assert targets[:, 1].tolist() == [1, 1, 0, 0]


def test_initialize_without_labels_is_an_error(tiny_encoder: Path) -> None:
    nlp = make_nlp(tiny_encoder, textcat={})
    with pytest.raises(ValueError, match="B440"):
        nlp.initialize(lambda: [blank_example(nlp, "rats")])


def test_labels_are_fixed_once_initialised(tiny_encoder: Path, nlp: Language) -> None:
    textcat = get_textcat(make_nlp(tiny_encoder, textcat={}))
    assert [textcat.add_label("x"), textcat.add_label("x"), textcat.add_label("y")] == [1, 0, 1]
    assert textcat.labels == ("x", "y")
    assert get_textcat(nlp).add_label("drug") == 0
    with pytest.raises(ValueError, match=r"B441.*'gene'"):
        get_textcat(nlp).add_label("gene")


# Predict -----------------------------------------------------------------------------------------


def test_a_batch_predicts_as_each_doc_alone(trained: Language) -> None:
    together = list(trained.pipe(MIXED))
    for doc, text in zip(together, MIXED, strict=True):
        assert doc.text == text
        assert list(doc.cats) == ["drug", "illness"]
        assert doc.cats == pytest.approx(trained(text).cats, abs=1e-5)
    assert together[1].cats == {"drug": 0.0, "illness": 0.0}
    # White space is a text without pieces, not a Doc without tokens.
    assert all(0 < prob < 1 for doc in (together[3], together[5]) for prob in doc.cats.values())
    assert [doc.cats for doc in trained.pipe(["", ""])] == [{"drug": 0.0, "illness": 0.0}] * 2


def test_a_long_doc_is_judged_by_the_mean_of_its_windows(trained: Language) -> None:
    doc: Any = trained(LONG)
    data = doc._.trf_data
    lengths = np.asarray(data.wordpieces.lengths)
    assert len(lengths) > 3
    rows = data.model_output.last_hidden_state[np.cumsum(lengths) - lengths]
    head = get_textcat(trained).model.get_ref("output_layer")
    logits = rows.mean(axis=0) @ head.get_param("W").T + head.get_param("b")
    assert list(doc.cats.values()) == pytest.approx((1 / (1 + np.exp(-logits))).tolist(), abs=1e-5)


def test_labels_of_other_components_stay(nlp: Language) -> None:
    doc = nlp.make_doc("rats")
    doc.cats = {"theirs": 0.25}
    get_textcat(nlp).set_annotations([doc], np.array([[0.5, 0.75]]))
    assert doc.cats == {"theirs": 0.25, "drug": 0.5, "illness": 0.75}


# Learn -------------------------------------------------------------------------------------------


def test_loss_by_hand_with_missing_labels(nlp: Language) -> None:
    examples = [*to_examples(nlp, ["naloxone in rats"]), blank_example(nlp, "rats")]
    examples.append(blank_example(nlp, "fever"))
    examples[2].reference.cats = {"illness": 1.0, "unknown": 1.0}
    logits = np.array([[1, -2], [3, 3], [4, 0.5]], dtype="f")
    loss, gradient = get_textcat(nlp).get_loss(examples, logits)

    def sigmoid(x: float) -> float:
        return 1 / (1 + np.exp(-x))

    expected = -(np.log(sigmoid(1)) + np.log(1 - sigmoid(-2)) + np.log(sigmoid(0.5))) / 3
    assert loss == pytest.approx(expected, rel=1e-5)
    by_hand = [[sigmoid(1) - 1, sigmoid(-2)], [0, 0], [0, sigmoid(0.5) - 1]]
    np.testing.assert_allclose(gradient, np.array(by_hand) / 3, atol=1e-6)


@pytest.mark.parametrize("exclusive", [False, True])
def test_gradient_equals_finite_differences_of_the_loss(nlp: Language, exclusive: bool) -> None:
    textcat = get_textcat(nlp)
    textcat.cfg["exclusive"] = exclusive
    texts = ["naloxone in rats", "fever, hypertension"]
    examples = [*to_examples(nlp, texts), blank_example(nlp, "rats")]
    logits = np.random.default_rng(0).normal(size=(3, 2)).astype("f")
    _, gradient = textcat.get_loss(examples, logits)
    for index in np.ndindex(*logits.shape):
        moved = [logits.copy(), logits.copy()]
        moved[0][index] += 1e-2
        moved[1][index] -= 1e-2
        up, down = (textcat.get_loss(examples, m)[0] for m in moved)
        assert gradient[index] == pytest.approx((up - down) / 2e-2, abs=1e-4)
    assert gradient[:2].all()
    assert not gradient[2].any()


def test_exclusive_labels(tiny_encoder: Path) -> None:
    nlp = make_nlp(tiny_encoder, textcat={"exclusive": True})
    texts = ["naloxone in rats", "fever, hypertension"]
    fix_random_seed(0)
    nlp.initialize(lambda: to_examples(nlp, texts))
    loss, gradient = get_textcat(nlp).get_loss(to_examples(nlp, texts), np.zeros((2, 2), dtype="f"))
    assert loss == pytest.approx(np.log(2))
    assert gradient.tolist() == [[-0.25, 0.25], [0.25, -0.25]]
    for text, found in (("rats in rats", "0 of them in doc"), (next(iter(TEXTS)), "2 of them")):
        with pytest.raises(BlurbError, match=f"B443.*{text}.*{found}"):
            get_textcat(nlp).get_loss(to_examples(nlp, [text]), np.zeros((1, 2), dtype="f"))
    for _ in range(30):
        train_step(nlp, to_examples(nlp, texts), Adam(0.01))
    for doc in nlp.pipe([*texts, LONG]):
        assert sum(doc.cats.values()) == pytest.approx(1.0, abs=1e-5)
    # A threshold plays no part.
    get_textcat(nlp).cfg["threshold"] = 1.0
    assert nlp.evaluate(to_examples(nlp, texts))["cats_micro_f"] == 1.0


def test_exclusive_labels_are_checked_before_the_training(tiny_encoder: Path) -> None:
    """A Doc that only says what it is not stopped it in the middle."""
    nlp = make_nlp(tiny_encoder, textcat={"exclusive": True})
    texts = ["naloxone in rats", "fever, hypertension"]
    examples = [*to_examples(nlp, texts), blank_example(nlp, "rats"), blank_example(nlp, "")]
    nlp.initialize(lambda: examples)
    label = get_textcat(nlp).labels[0]
    wrong = Example.from_dict(nlp.make_doc("fever"), {"cats": {label: 0.0, "tpyo": 0.0}})
    with pytest.raises(BlurbError, match=r"B443.*'fever' has 0 of them"):
        nlp.initialize(lambda: [*examples, wrong])
    # Once mended, no label of what was wrong is left.
    nlp.initialize(lambda: examples)
    assert get_textcat(nlp).label_data == ["drug", "illness"]


def test_a_label_alone_excludes_nothing(tiny_encoder: Path) -> None:
    """Every text had it with probability 1, at a loss of 0 and an F1 of 1."""
    nlp = make_nlp(tiny_encoder, textcat={"exclusive": True})
    example = Example.from_dict(nlp.make_doc("fever"), {"cats": {"ill": 1.0}})
    with pytest.raises(BlurbError, match=r"B444.*only one: 'ill'"):
        nlp.initialize(lambda: [example])


@pytest.mark.parametrize("value", [None, "1", -1, 0.4, float("nan"), 7])
def test_gold_values_are_0_or_1(nlp: Language, value: Any) -> None:
    example = to_examples(nlp, ["naloxone in rats"])[0]
    example.reference.cats = {"drug": value, "illness": 0.0}
    told = r"B445.*'naloxone in rats' has the value .* for label 'drug'"
    for call in (
        lambda: nlp.initialize(lambda: [example]),
        lambda: train_step(nlp, [example], SGD(0.1)),
        lambda: score_labels([example]),
    ):
        with pytest.raises(BlurbError, match=told):
            call()
    # What others give their labels is theirs.
    example.reference.cats = {"drug": 1.0, "illness": 0.0, "other": value}
    train_step(nlp, [example], SGD(0.1))
    assert score_labels([example], labels=["drug", "illness"])["cats_micro_r"] == 0.0


def test_texts_without_tokens_are_no_data(tiny_encoder: Path) -> None:
    nlp = make_nlp(tiny_encoder, textcat={})
    examples = [Example.from_dict(nlp.make_doc(""), {"cats": {"a": v}}) for v in (0.0, 1.0)]
    with pytest.raises(ValueError, match="B457"):
        nlp.initialize(lambda: examples)


def test_two_components_pass_over_the_labels_of_the_other(tiny_encoder: Path) -> None:
    nlp = make_nlp(tiny_encoder, textcat={"exclusive": True})
    nlp.add_pipe("blurb_textcat", name="topics")
    by_name = {"textcat": {"labels": ["rct", "cohort"]}, "topics": {"labels": ["heart"]}}
    nlp.config["initialize"]["components"] = by_name
    examples = to_examples(nlp, ["naloxone in rats", "fever, hypertension"])
    examples[0].reference.cats = {"rct": 1.0}
    examples[1].reference.cats = {"heart": 1.0}
    with pytest.warns(UserWarning, match=r"B446.*'topics'.*does not have 'heart'"):
        nlp.initialize(lambda: examples)
    for example, learns in zip(examples, ("textcat", "topics"), strict=True):
        losses = train_step(nlp, [example], SGD(0.1))
        assert {name for name in by_name if losses[name]} == {learns}


def test_empty_docs_in_a_batch_change_nothing(tiny_encoder: Path) -> None:
    changes = []
    for order in ([0, 1], [None, 0, None, 1, None]):
        nlp = make_nlp(tiny_encoder, textcat={})
        examples = to_examples(nlp)
        nlp.initialize(lambda examples=examples: examples)
        set_head(nlp, "textcat")
        before = encoder_weights(nlp)
        empty = Example(nlp.make_doc(""), nlp.make_doc(""))
        empty.reference.cats = {"drug": 1.0, "illness": 1.0}
        train_step(nlp, [empty if i is None else examples[i] for i in order], SGD(0.1))
        changes.append({k: v - before[k] for k, v in encoder_weights(nlp).items()})
    assert max(np.abs(value).max() for value in changes[0].values()) > 1e-4
    for name, value in changes[0].items():
        np.testing.assert_allclose(changes[1][name], value, atol=1e-5, err_msg=name)
    assert train_step(nlp, [empty], SGD(0.1))["textcat"] == 0.0


def test_docs_without_labels_teach_nothing_but_end_the_step(nlp: Language) -> None:
    set_head(nlp, "textcat")
    before = encoder_weights(nlp)
    head = get_textcat(nlp).model.get_ref("output_layer").get_param("W").copy()
    (listener,) = nlp.get_pipe("transformer").listeners
    assert train_step(nlp, [blank_example(nlp, "aspirin in rats")], SGD(0.5))["textcat"] == 0.0
    for name, value in encoder_weights(nlp).items():
        np.testing.assert_array_equal(value, before[name], err_msg=name)
    np.testing.assert_array_equal(
        get_textcat(nlp).model.get_ref("output_layer").get_param("W"), head
    )
    assert listener._backprop is None


@pytest.mark.parametrize("frozen", [True, False])
def test_a_frozen_encoder_does_not_change(nlp: Language, frozen: bool) -> None:
    set_head(nlp, "textcat")
    before = encoder_weights(nlp)
    head = get_textcat(nlp).model.get_ref("output_layer").get_param("W").copy()
    sgd = Adam(0.01, L2=0.01, L2_is_weight_decay=True)
    for _ in range(2):
        train_step(nlp, to_examples(nlp), sgd, frozen=["transformer"] if frozen else [])
    same = [np.array_equal(before[name], value) for name, value in encoder_weights(nlp).items()]
    assert all(same) if frozen else not any(same)
    assert not np.array_equal(get_textcat(nlp).model.get_ref("output_layer").get_param("W"), head)


def test_other_tokens_of_the_gold_doc_teach_the_same(nlp: Language) -> None:
    logits = np.ones((1, 2), dtype="f")
    (example,) = to_examples(nlp, ["naloxone in rats"])
    words = Doc(nlp.vocab, words=["nalo", "xone", "in", "rats"], spaces=[False, True, True, False])
    words.cats = example.reference.cats
    assert words.text == example.predicted.text
    loss, _ = get_textcat(nlp).get_loss([Example(example.predicted, words)], logits)
    assert loss == get_textcat(nlp).get_loss([example], logits)[0]


# Score -------------------------------------------------------------------------------------------


def scored(nlp: Language, gold: dict[str, float], found: dict[str, float], group: str) -> Example:
    example = blank_example(nlp, "rats")
    example.reference.cats, example.predicted.cats = gold, found
    if group:
        set_record(example.reference, f"{group}_{id(example)}", group=group)
    return example


def test_parts_of_a_document_are_united() -> None:
    nlp = spacy.blank("en")
    examples = [
        # Document a: gold x, z; predicted x, y. Its first sentence misses x.
        scored(nlp, {"x": 1, "y": 0, "z": 1}, {"x": 0.2, "y": 0.9, "z": 0.1}, "a"),
        # Document b: gold x; predicted x, w, which it is not annotated for.
        scored(nlp, {"x": 1, "y": 0, "z": 0}, {"x": 0.5, "y": 0.4, "z": 0.1, "w": 1.0}, "b"),
        scored(nlp, {"x": 1, "y": 0, "z": 0}, {"x": 0.7, "y": 0.9, "z": 0.1}, "a"),
        # Two Docs without id: documents of their own, gold z and z, predicted z and none.
        scored(nlp, {"z": 1}, {"z": 0.9, "x": 0.9}, ""),
        scored(nlp, {"z": 1}, {"z": 0.3}, ""),
        # Not annotated: not counted.
        scored(nlp, {}, {"x": 0.9}, "a"),
    ]
    expected = {
        "cats_micro_p": 3 / 4,
        "cats_micro_r": 3 / 5,
        "cats_micro_f": 6 / 9,
        "cats_macro_f": (1 + 0 + 1 / 2 + 0) / 4,
        "cats_f_per_type": {
            "v": {"p": 0, "r": 0, "f": 0},
            "x": {"p": 1, "r": 1, "f": 1},
            "y": {"p": 0, "r": 0, "f": 0},
            "z": {"p": 1, "r": 1 / 3, "f": 0.5},
        },
    }
    for order in (examples, examples[::-1]):
        found = score_labels(order, labels=["v", "x", "y", "z"])
        assert found.pop("cats_f_per_type") == expected["cats_f_per_type"]
        assert found == pytest.approx({k: v for k, v in expected.items() if k in found})
    assert score_labels(examples, threshold=0.3)["cats_micro_r"] == pytest.approx(4 / 5)


def test_labels_of_another_component_are_not_scored() -> None:
    nlp = spacy.blank("en")
    both = scored(nlp, {"x": 1, "y": 0, "other": 1}, {"x": 0.7, "y": 0.3, "other": 0.9}, "")
    other = scored(nlp, {"other": 1}, {"x": 0.9, "y": 0.1, "other": 0.9}, "")
    for exclusive in (False, True):
        found = score_labels([both, other], labels=["x", "y"], exclusive=exclusive)
        assert (found["cats_micro_p"], found["cats_micro_r"]) == (1, 1)
        assert set(found["cats_f_per_type"]) == {"x", "y"}


def test_gold_that_names_one_label_does_not_choose_it() -> None:
    nlp = spacy.blank("en")
    examples = [
        scored(nlp, {label: 1}, {"x": 0.1, "y": 0.2, "z": 0.7}, "") for label in ("x", "y", "z")
    ]
    found = score_labels(examples, labels=["x", "y", "z"], exclusive=True)
    assert found["cats_micro_p"] == found["cats_micro_f"] == pytest.approx(1 / 3)


def test_without_annotated_docs_there_is_no_score() -> None:
    nlp = spacy.blank("en")
    assert set(score_labels([blank_example(nlp, "fever")]).values()) == {None}


# Overfit, save, load, travel ---------------------------------------------------------------------


def test_reload_predicts_and_scores_the_same(
    trained: Language, tiny_encoder: Path, tmp_path: Path
) -> None:
    assert trained.evaluate(to_examples(trained))["cats_micro_f"] == 1.0
    expected = [doc.cats for doc in trained.pipe(MIXED)]
    trained.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert [doc.cats for doc in loaded.pipe(MIXED)] == expected
    assert loaded.evaluate(to_examples(loaded))["cats_micro_f"] == 1.0
    with pytest.raises(ValueError, match="B441"):
        get_textcat(loaded).add_label("gene")
    from_bytes = make_nlp(tiny_encoder, textcat={}).from_bytes(trained.to_bytes())
    assert [doc.cats for doc in from_bytes.pipe(MIXED)] == expected
    # The threshold is read when it is used.
    get_textcat(loaded).cfg["threshold"] = 1.0
    assert loaded.evaluate(to_examples(loaded))["cats_micro_r"] == 0.0
    get_textcat(loaded).cfg["threshold"] = 0.0
    assert loaded.evaluate(to_examples(loaded))["cats_micro_p"] == 0.5
    for wrong in (None, "0.5", float("nan"), 2):
        get_textcat(loaded).cfg["threshold"] = wrong
        with pytest.raises(BlurbError, match=rf"B422.*'textcat'.*is {wrong!r}\."):
            loaded.evaluate(to_examples(loaded))


def test_spacy_finds_a_threshold(trained: Language, tmp_path: Path) -> None:
    trained.to_disk(tmp_path / "model")
    docs = [example.reference for example in to_examples(trained)]
    DocBin(docs=docs).to_disk(tmp_path / "dev.spacy")
    best, score, trials = find_threshold(
        tmp_path / "model",
        tmp_path / "dev.spacy",
        "textcat",
        "threshold",
        "cats_micro_f",
        n_trials=3,
    )
    assert (best, score) == (0.5, 1.0)
    # All labels of all four texts are given, half of them rightly; at 1.0 none.
    assert trials == {0.0: pytest.approx(2 / 3), 0.5: 1.0, 1.0: 0.0}


def test_docs_keep_their_labels(trained: Language) -> None:
    doc = trained(MIXED[0])
    doc._.trf_data = None  # as the doc_cleaner of our configs does
    (from_docbin,) = DocBin(docs=[doc]).get_docs(Vocab())
    for other in (Doc(Vocab()).from_bytes(doc.to_bytes()), from_docbin):
        assert other.cats == doc.cats


PARALLEL = """
import json, sys
import spacy
nlp = spacy.load(sys.argv[1])
texts = json.loads(sys.argv[2])
nlp(texts[0])
print(json.dumps([doc.cats for doc in nlp.pipe(texts, n_process=2, batch_size=2)]))
"""


def test_two_processes_predict_the_same(trained: Language, tmp_path: Path) -> None:
    trained.to_disk(tmp_path)
    found = json.loads(run_python(PARALLEL, str(tmp_path), json.dumps(MIXED)))
    for cats, doc in zip(found, trained.pipe(MIXED), strict=True):
        assert cats == pytest.approx(doc.cats, abs=1e-5)
