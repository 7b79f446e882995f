"""One pipeline for all: from corpora that each annotate one thing, on one pass of the encoder."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spacy.language import Language
from spacy.training import Example
from thinc.api import Adam, fix_random_seed

from spacy_blurb.data.readers import make_corpus_v1

from .corpora import COMPONENT, CORPORA, write_corpora
from .pipelines import clear_gradients, encoder_gradients, make_nlp, train_step
from .relation_docs import SHARED

NAMES = ("ner", "rel", "textcat", "qa", "sts")
SCORES = {
    "ner": ("ents_f", "ents_per_type", "pico_f", "pico_per_type"),
    "rel": ("rel_micro_f", "rel_f_per_type", "rel_candidate_recall"),
    "textcat": ("cats_micro_f", "cats_macro_f"),
    "qa": ("qa_score", "qa_accuracy"),
    "sts": ("sts_pearson",),
}
TEXT = "naloxone causes fever in rats"

Examples = dict[str, list[Example]]


def make_joint(encoder: Path) -> Language:
    settings: dict[str, Any] = {name: {} for name in NAMES}
    candidates = {"@misc": "spacy_blurb.candidates.v1", "same_sentence": False}
    settings["rel"] = {"model": SHARED, "candidates": candidates}
    settings["sts"] = {"vectors": True}
    return make_nlp(encoder, window=64, **settings)


def read_all(nlp: Language, folders: dict[str, Path]) -> Examples:
    return {name: list(make_corpus_v1(f / "dev.spacy")(nlp)) for name, f in folders.items()}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_corpora(tmp_path_factory.mktemp("corpora"))


@pytest.fixture(scope="module")
def joint(tiny_encoder: Path, folders: dict[str, Path]) -> Language:
    """Trained corpus by corpus, in turns."""
    nlp = make_joint(tiny_encoder)
    fix_random_seed(0)
    nlp.initialize(lambda: [eg for some in read_all(nlp, folders).values() for eg in some])
    sgd = Adam(0.003)
    for _ in range(60):
        for some in read_all(nlp, folders).values():
            train_step(nlp, some, sgd)
    return nlp


@pytest.fixture
def fresh(tiny_encoder: Path, folders: dict[str, Path]) -> tuple[Language, Examples]:
    nlp = make_joint(tiny_encoder)
    examples = read_all(nlp, folders)
    fix_random_seed(0)
    nlp.initialize(lambda: [eg for some in examples.values() for eg in some])
    return nlp, examples


@contextmanager
def counted_passes(nlp: Language) -> Iterator[list[int]]:
    """Collect how many pieces the encoder reads in each of its passes."""
    transformer: Any = nlp.get_pipe("transformer")
    shim = transformer.model.shims[0]
    passes: list[int] = []
    predict = shim.predict

    def count(inputs: Any) -> Any:
        passes.append(len(inputs[0]))
        return predict(inputs)

    shim.predict = count
    yield passes
    del shim.predict


def head_weights(nlp: Language, name: str) -> list[np.ndarray]:
    pipe: Any = nlp.get_pipe(name)
    nodes = [node for node in pipe.model.walk() if node.name != "blurb_encoder"]
    return [
        node.get_param(key).copy()
        for node in nodes
        for key in node.param_names
        if node.has_param(key)
    ]


def test_label_sets_of_rows_with_pairs_are_no_tables(joint: Language) -> None:
    ner: Any = joint.get_pipe("ner")
    assert {key: sorted(sets) for key, sets in ner.label_data.items()} == {
        "blurb": ["bc5_chem", "ncbi_disease"],
        "pico": ["ebm_pico"],
    }


@pytest.mark.parametrize("corpus", CORPORA)
def test_a_corpus_teaches_its_own_component_only(
    fresh: tuple[Language, Examples], corpus: str
) -> None:
    nlp, examples = fresh
    sgd = Adam(0.01)
    # What has learned before has momentum.
    for some in examples.values():
        train_step(nlp, some, sgd)
    before = {name: head_weights(nlp, name) for name in NAMES}
    losses = train_step(nlp, examples[corpus], sgd)
    for name in NAMES:
        same = all(map(np.array_equal, before[name], head_weights(nlp, name)))
        assert same == (name != COMPONENT[corpus]), name
        assert (losses[name] == 0.0) == (name != COMPONENT[corpus]), name


def test_a_head_with_its_own_encoder_rests_too(fresh: tuple[Language, Examples]) -> None:
    nlp, examples = fresh
    nlp.replace_listeners("transformer", "ner", ["model.tok2vec"])
    sgd = Adam(0.01)
    for name in ("chemicals", "labels"):
        train_step(nlp, examples[name], sgd)
    before = head_weights(nlp, "ner")
    assert train_step(nlp, examples["labels"], sgd)["ner"] == 0.0
    assert all(map(np.array_equal, before, head_weights(nlp, "ner")))
    assert train_step(nlp, examples["chemicals"], sgd)["ner"] > 0.0
    assert not all(map(np.array_equal, before, head_weights(nlp, "ner")))


def test_a_mixed_batch_is_learned_as_each_corpus_alone(fresh: tuple[Language, Examples]) -> None:
    """A Doc of another corpus changes neither the loss of a component nor its gradient."""
    nlp, examples = fresh
    losses: dict[str, float] = {}
    for name in NAMES:
        own = [eg for c, some in examples.items() if COMPONENT[c] == name for eg in some]
        losses[name] = train_step(nlp, own, None)[name]
    total = encoder_gradients(nlp)
    clear_gradients(nlp)
    mixed = [eg for some in examples.values() for eg in some]
    random.Random(0).shuffle(mixed)
    found = train_step(nlp, mixed, None)
    assert {name: found[name] for name in NAMES} == pytest.approx(losses, rel=1e-4)
    for key, value in encoder_gradients(nlp).items():
        scale = np.abs(total[key]).max() + 1e-3
        np.testing.assert_allclose(value / scale, total[key] / scale, atol=1e-4, err_msg=key)


def test_scores_are_over_the_docs_that_are_annotated(
    joint: Language, folders: dict[str, Path]
) -> None:
    def evaluate(*components: str) -> dict[str, Any]:
        corpora = read_all(joint, folders).items()
        return joint.evaluate(
            [e for c, some in corpora if COMPONENT[c] in components for e in some]
        )

    scores = evaluate(*NAMES)
    for name in NAMES:
        alone, others = evaluate(name), evaluate(*(other for other in NAMES if other != name))
        for key in SCORES[name]:
            assert scores[key] == alone[key], key
            assert others[key] is None, key
    assert (scores["ents_f"], scores["pico_f"], scores["cats_micro_f"]) == (1.0, 1.0, 1.0)
    assert (scores["rel_micro_f"], scores["qa_accuracy"]) == (1.0, 1.0)
    assert scores["sts_pearson"] > 0.95


def test_one_doc_carries_all_from_one_pass(joint: Language) -> None:
    n_pieces = len(joint.tokenizer(TEXT)) + 2
    with counted_passes(joint) as passes:
        doc = joint(TEXT)
        assert [(ent.text, ent.label_) for ent in doc.ents] == [
            ("naloxone", "Chemical"),
            ("fever", "Disease"),
        ]
        assert {span.text for span in doc.spans["pico"]} >= {"rats"}
        assert [(r.head.text, r.label, r.tail.text) for r in doc._.relations] == [
            ("naloxone", "1", "fever")
        ]
        assert set(doc.cats) == {"x", "y"}
        assert doc.vector.shape == (32,)
        assert passes == [n_pieces]
        assert doc._.ask("causes fever?").label == "yes"
        assert len(passes) == 2
        # Both orders are read together.
        doc.similarity(joint.make_doc("naloxone"))
        assert len(passes) == 3


def test_a_stream_takes_one_pass_per_buffer(joint: Language) -> None:
    with counted_passes(joint) as passes:
        docs = list(joint.pipe([TEXT, "rats", "fever in rats"], batch_size=3))
    assert len(passes) == 1
    assert len(docs) == 3
