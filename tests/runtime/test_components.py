"""Components of all kinds on an exported encoder: spaCy's own, and those that make pair Docs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.training import Example
from thinc.api import Adam

from spacy_blurb.annotations import set_gold_pair, set_pair
from spacy_blurb.errors import BlurbError
from spacy_blurb.evaluation.export import export_pipeline

from ..components.pipelines import make_nlp, set_head
from ..components.test_sts_vectors import MEAN
from ..encoder.test_stock_components import add_heads, make_examples

TEXTS = ["aspirin causes fever", "", "rats in fever rats " * 20, " \n "]


def export(nlp: Language, folder: Path, backend: Any = "openvino-bf16") -> Language:
    nlp.to_disk(folder / "trained")
    export_pipeline(str(folder / "trained"), folder / "exported", backend, tolerance=1.0)
    config = {"components": {"transformer": {"precision": "fp32"}}}
    return spacy.load(folder / "exported", config=config)


def wake_head(nlp: Language, name: str) -> None:
    """Heads begin at zero, where no vector matters."""
    pipe: Any = nlp.get_pipe(name)
    generator = np.random.default_rng(0)
    for node in pipe.model.get_ref("output_layer").walk():
        if node.has_param("W"):
            node.set_param("W", generator.normal(size=node.get_param("W").shape).astype("f"))


def test_spacys_own_components(tiny_encoder: Path, tmp_path: Path) -> None:
    nlp = make_nlp(tiny_encoder)
    add_heads(nlp, ["tagger", "parser", "ner", "spancat", "textcat", "blurb_ner"])
    nlp.initialize(lambda: make_examples(nlp))
    for name in ("tagger", "textcat", "blurb_ner"):
        wake_head(nlp, name)
    exported = export(nlp, tmp_path)
    for name in ("tagger", "textcat", "blurb_ner"):
        (config,) = [exported.config["components"][name]["model"]["tok2vec"]]
        listener = config.get("listener", config)
        assert listener["@architectures"] == "spacy_blurb.RuntimeListener.v1"
    for doc, expected in zip(exported.pipe(TEXTS), nlp.pipe(TEXTS), strict=True):
        assert [t.tag_ for t in doc] == [t.tag_ for t in expected]
        assert [t.head.i for t in doc] == [t.head.i for t in expected]
        assert [(e.start, e.end) for e in doc.ents] == [(e.start, e.end) for e in expected.ents]
        assert doc.cats == pytest.approx(expected.cats, abs=2e-3)


def make_similarity(encoder: Path, settings: dict[str, Any]) -> Language:
    nlp = make_nlp(encoder, sts={"vectors": True} | settings)
    examples = []
    for score in (0.0, 4.0):
        doc = nlp.make_doc("fever aspirin")
        set_pair(doc, 6)
        reference = doc.copy()
        set_gold_pair(reference, 6, score)
        examples.append(Example(doc, reference))
    nlp.initialize(lambda: examples)
    set_head(nlp, "sts")
    return nlp


@pytest.fixture(scope="module", params=[{}, {"compare": "vectors", "model": MEAN}])
def similarity(
    tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> tuple[Language, Language]:
    """An exported pipeline, and the original."""
    nlp = make_similarity(tiny_encoder, request.param)
    return export(nlp, tmp_path_factory.mktemp("similarity")), nlp


def test_pairs_reach_the_exported_encoder(similarity: tuple[Language, Language]) -> None:
    exported, nlp = similarity
    for first, second in ((TEXTS[0], TEXTS[2]), ("fever", "aspirin")):
        docs = [[side(text) for text in (first, second)] for side in (exported, nlp)]
        found, expected = (pair[0]._.blurb_similarity(pair[1]) for pair in docs)
        assert found == pytest.approx(expected, abs=2e-3)
        for doc, other in zip(*docs, strict=True):
            np.testing.assert_allclose(doc.vector, other.vector, atol=4e-3)
    # A disabled encoder serves pairs all the same.
    loaded = spacy.load(exported.path, disable=["transformer"])
    component: Any = loaded.get_pipe("sts")
    pair = loaded.make_doc("fever"), loaded.make_doc("aspirin")
    assert component.similarity([pair])[0] == pytest.approx(found, abs=2e-2)


def test_a_bad_doc_does_not_end_a_stream(similarity: tuple[Language, Language]) -> None:
    nlp = spacy.load(similarity[0].path)
    docs = [nlp.make_doc(text) for text in ("fever", "aspirin", "rats")]
    docs[1].spans["pair"] = []  # one without its second text
    with pytest.raises(Exception, match="second"):
        list(nlp.pipe(doc.copy() for doc in docs))
    failed: list[str] = []
    nlp.set_error_handler(lambda name, pipe, docs, error: failed.extend([name, docs[0].text]))
    assert [doc.text for doc in nlp.pipe(docs, batch_size=1)] == ["fever", "rats"]
    assert failed == ["transformer", "aspirin"]


def test_tokens_that_were_merged_behind_the_encoder(tiny_encoder: Path, tmp_path: Path) -> None:
    """spaCy's own components, whose listener is ours here."""
    nlp = make_nlp(tiny_encoder)
    add_heads(nlp, ["tagger"])
    nlp.initialize(lambda: make_examples(nlp))
    exported = export(nlp, tmp_path)
    ruler: Any = exported.add_pipe("entity_ruler", before="tagger")
    ruler.add_patterns([{"label": "X", "pattern": "aspirin causes"}])
    exported.add_pipe("merge_entities", before="tagger")
    assert len(exported("fever in rats")) == 3
    with pytest.raises(BlurbError, match=r"B316.*read 3, and now there are 2"):
        exported("aspirin causes fever")


TRAINING: dict[str, tuple[str, Callable[[Language, list[Example]], Any]]] = {
    "update": ("B700", lambda nlp, examples: nlp.update(examples)),
    "update by an optimizer": ("B700", lambda nlp, examples: nlp.update(examples, sgd=Adam(0.1))),
    "update of heads": (
        "B700",
        lambda nlp, examples: nlp.update(
            examples, sgd=Adam(0.1), exclude=["transformer"], annotates=["transformer"]
        ),
    ),
    "rehearse": ("B700", lambda nlp, examples: nlp.rehearse(examples)),
    "resume": ("B700", lambda nlp, examples: nlp.resume_training()),
    "initialize": ("B700", lambda nlp, examples: nlp.initialize(lambda: examples)),
    "initialize without examples": ("B700", lambda nlp, examples: nlp.initialize()),
    "replace listeners": (
        "B727",
        lambda nlp, examples: nlp.replace_listeners("transformer", "sts", ["model.tok2vec"]),
    ),
}


@pytest.mark.parametrize("call", TRAINING)
def test_an_exported_pipeline_is_not_trained(
    call: str, similarity: tuple[Language, Language]
) -> None:
    """It says so, and is the same afterwards."""
    exported, _ = similarity
    doc = exported.make_doc("fever aspirin")
    set_pair(doc, 6)
    reference = doc.copy()
    set_gold_pair(reference, 6, 1.0)
    config, expected = exported.config.to_str(), exported("fever").vector
    code, train = TRAINING[call]
    with pytest.raises(BlurbError, match=code):
        train(exported, [Example(doc, reference)])
    assert exported.config.to_str() == config
    np.testing.assert_array_equal(exported("fever").vector, expected)


def test_a_disabled_encoder_is_missed(similarity: tuple[Language, Language]) -> None:
    loaded = spacy.load(similarity[0].path, disable=["transformer"])
    with pytest.raises(BlurbError, match="B701"):
        loaded("fever")


def test_an_empty_component_says_so() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("blurb_runtime", name="transformer")
    with pytest.raises(BlurbError, match="B702"):
        nlp("fever")


def test_another_backend_in_the_config(exported: Callable[[str], Path]) -> None:
    config = {"components": {"transformer": {"backend": "onnx-int8"}}}
    with pytest.raises(BlurbError, match="B704"):
        spacy.load(exported("openvino-bf16"), config=config)


@pytest.mark.parametrize("kind", ["own encoder", "BiLSTM", "no encoder"])
def test_what_needs_torch_is_refused(kind: str, tiny_encoder: Path, tmp_path: Path) -> None:
    nlp = make_nlp(tiny_encoder, ner={})
    if kind == "BiLSTM":
        nlp.remove_pipe("ner")
        encode = {"@architectures": "spacy_blurb.BiLSTM.v1", "hidden_width": 4}
        nlp.add_pipe("blurb_ner", name="ner", config={"model": {"encode": encode}})
    nlp.initialize(lambda: make_examples(nlp))
    if kind == "own encoder":
        nlp.replace_listeners("transformer", "ner", ["model.tok2vec"])
    if kind == "no encoder":
        nlp = spacy.blank("en")
    nlp.to_disk(tmp_path / "trained")
    with pytest.raises(BlurbError, match="B722"):
        export_pipeline(str(tmp_path / "trained"), tmp_path / "out", "openvino-bf16")
