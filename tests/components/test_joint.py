"""Several heads on one encoder: every head's gradient arrives."""

from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.training import Example
from thinc.api import SGD, Adam, fix_random_seed

from spacy_blurb.annotations import (
    PAIR_SEPARATOR,
    predicted_similarity,
    set_gold_entities,
    set_gold_pair,
    set_gold_relations,
    set_pair,
)
from spacy_blurb.data.readers import make_predicted

from .pipelines import (
    clear_gradients,
    count_passes,
    encoder_gradients,
    encoder_weights,
    make_nlp,
    set_head,
    train_step,
)
from .questions import CLOSED, MODELS
from .questions import to_examples as to_questions
from .relation_docs import REENCODED, found

NAMES = ("ner", "textcat", "sts", "rel")
SETTINGS = {
    "sts": {"contrastive": 0.1, "vectors": True},
    # The one that encodes Docs of its own.
    "rel": {
        "model": REENCODED,
        "candidates": {"@misc": "spacy_blurb.candidates.v1", "same_sentence": False},
    },
}


def to_examples(nlp: Language) -> list[Example]:
    """Each Doc is annotated for one component, one for none, one for two."""
    references = [
        nlp.make_doc(text)
        for text in (
            "aspirin causes fever in rats",
            "fever",
            f"fever{PAIR_SEPARATOR}fever in rats",
            "rats in rats, rats in rats, rats in rats, rats in rats",
            f"aspirin{PAIR_SEPARATOR}naloxone",
            "",
            f"rats{PAIR_SEPARATOR}naloxone reduces fever",
        )
    ]
    mentions = [(0, 7, "Drug"), (15, 20, "Disease")]
    set_gold_entities(references[0], mentions, label_sets=[])
    set_gold_relations(references[0], [(0, 1, "Causes", "")])
    references[0].cats = {"x": 1.0, "y": 0.0}
    references[1].cats = {"x": 0.0, "y": 1.0}
    set_gold_pair(references[2], 6, 4.0)
    set_pair(references[4], 8)
    set_pair(references[6], 5)
    return [Example(make_predicted(nlp, reference), reference) for reference in references]


def make_joint(encoder: Path, names: tuple[str, ...] = NAMES) -> Language:
    nlp = make_nlp(encoder, **{name: SETTINGS.get(name, {}) for name in names})
    fix_random_seed(0)
    nlp.initialize(lambda: to_examples(nlp))
    return nlp


def set_heads(nlp: Language) -> None:
    for name in nlp.pipe_names[1:]:
        set_head(nlp, name)


@pytest.mark.parametrize("order", [NAMES, NAMES[::-1], ("rel", "sts", "ner", "textcat")])
def test_gradients_are_the_sum_of_each_heads_own(
    tiny_encoder: Path, order: tuple[str, ...]
) -> None:
    total: dict[str, np.ndarray] = {}
    losses = {}
    for name in order:
        nlp = make_joint(tiny_encoder, (name,))
        set_heads(nlp)
        losses[name] = train_step(nlp, to_examples(nlp), None)[name]
        for key, value in encoder_gradients(nlp).items():
            total[key] = total.get(key, 0) + value
        assert losses[name] > 0
    nlp = make_joint(tiny_encoder, order)
    set_heads(nlp)
    step = train_step(nlp, to_examples(nlp), None)
    assert {name: step[name] for name in order} == pytest.approx(losses, rel=1e-4)
    gradients = encoder_gradients(nlp)
    assert gradients.keys() == total.keys()
    for key, value in total.items():
        scale = np.abs(value).max() + 1e-3
        np.testing.assert_allclose(gradients[key] / scale, value / scale, atol=1e-4, err_msg=key)
    clear_gradients(nlp)


def test_no_head_reads_what_it_does_not_learn(
    tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nlp = make_joint(tiny_encoder)
    set_heads(nlp)
    before = encoder_weights(nlp)
    passes = count_passes(nlp, monkeypatch)
    of_both, of_labels, scored, of_none, pair, empty, _ = to_examples(nlp)
    sgd = SGD(0.5)
    # Nothing to learn, or one pair of texts, which has nothing to be told apart from.
    for batch in ([of_none], [empty], [of_none, empty], [pair]):
        train_step(nlp, batch, sgd)
        assert not passes
    for name, value in encoder_weights(nlp).items():
        np.testing.assert_array_equal(value, before[name], err_msg=name)
    for batch in ([of_labels, of_none], [scored]):
        train_step(nlp, batch, sgd)
        assert len(passes) == 1
        passes.clear()
    # Entities and labels from the Doc; relations from its marked copies.
    train_step(nlp, [of_both], sgd)
    assert len(passes) == 2
    listeners = nlp.get_pipe("transformer").listeners  # type: ignore[attr-defined]
    assert all(listener._backprop is None for listener in listeners)


def test_contrastive_pairs_are_encoded_text_by_text_only(
    tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nlp = make_joint(tiny_encoder, ("sts",))
    before = encoder_weights(nlp)
    passes = count_passes(nlp, monkeypatch)
    examples = to_examples(nlp)
    assert train_step(nlp, [examples[4], examples[6]], SGD(0.5))["sts"] > 0
    assert len(passes) == 1
    assert any((value != before[name]).any() for name, value in encoder_weights(nlp).items())


def test_one_pipeline_learns_all(tiny_encoder: Path, tmp_path: Path) -> None:
    nlp = make_joint(tiny_encoder)
    sgd = Adam(0.003)
    for _ in range(80):
        train_step(nlp, to_examples(nlp), sgd)
    nlp.to_disk(tmp_path)
    for pipeline in (nlp, spacy.load(tmp_path)):
        scores = pipeline.evaluate(to_examples(pipeline))
        assert (scores["ents_f"], scores["cats_micro_f"], scores["rel_micro_f"]) == (1.0, 1.0, 1.0)
        doc = pipeline("aspirin causes fever in rats")
        assert [ent.text for ent in doc.ents] == ["aspirin", "fever"]
        assert found(doc) == [("aspirin", "fever", "Causes")]
        assert doc.cats["x"] > 0.9 > 0.1 > doc.cats["y"]
        assert doc.vector.shape == (32,)
        pair = pipeline(to_examples(pipeline)[2].predicted)
        assert predicted_similarity(pair) == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("way", ["spacy train", "nlp.update", "select_pipes"])
def test_a_last_component_at_rest_is_said_and_the_encoder_learns(
    tiny_encoder: Path, way: str
) -> None:
    """It would give back the gradients of all; what a question's own pass teaches is there."""
    nlp = make_nlp(tiny_encoder, qa={"model": MODELS["labels"]}, textcat={})

    def make_examples() -> list[Example]:
        examples = to_questions(nlp, CLOSED)
        for number, example in enumerate(examples):
            example.reference.cats = {"x": float(number % 2)}
        return examples

    nlp.initialize(make_examples)
    set_head(nlp, "qa")
    sgd = SGD(0.1)

    def learn() -> None:
        if way == "spacy train":
            train_step(nlp, make_examples(), sgd, frozen=["textcat"])
        elif way == "nlp.update":
            nlp.update(make_examples(), sgd=sgd, exclude=["textcat"])
        else:
            with nlp.select_pipes(disable=["textcat"]):
                nlp.update(make_examples(), sgd=sgd)

    before = encoder_weights(nlp)
    learn()
    with pytest.warns(UserWarning, match="B431"):
        learn()
    after = encoder_weights(nlp)
    assert not all(np.array_equal(before[name], after[name]) for name in before)
