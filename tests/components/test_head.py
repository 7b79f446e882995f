"""What all heads refuse: Docs that the encoder has not read, or that have changed since."""

from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam

from spacy_blurb.annotations import set_gold_pair, set_questions
from spacy_blurb.data.readers import make_predicted
from spacy_blurb.errors import BlurbError

from . import relation_docs
from .pipelines import make_nlp

TEXT = "aspirin causes fever in rats"
READERS = ("ner", "textcat", "rel", "sts")


def make_examples(nlp: Language) -> list[Example]:
    """Annotated for every head."""
    references = [relation_docs.gold_doc(nlp, gold) for gold in relation_docs.GOLDS[:2]]
    for number, doc in enumerate(references):
        doc.cats = {"x": float(number), "y": 1.0 - number}
    row = {"id": "0", "question": "causes?", "label": "yes", "answers": [], "options": []}
    set_questions(references[0], [row])
    references.append(nlp.make_doc("fever\naspirin"))
    set_gold_pair(references[-1], 6, 4.0)
    return [Example(make_predicted(nlp, reference), reference) for reference in references]


@pytest.fixture
def nlp(tiny_encoder: Path) -> Language:
    settings: Any = {"rel": {"model": relation_docs.SHARED}, "sts": {"vectors": True}}
    settings["rel"]["candidates"] = {"@misc": "spacy_blurb.candidates.v1", "same_sentence": False}
    nlp = make_nlp(tiny_encoder, ner={}, textcat={}, **settings)
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


def with_entities(nlp: Language) -> Doc:
    """Two, of which `rel` has a pair to judge."""
    doc = nlp.make_doc(TEXT)
    doc.ents = [doc.char_span(0, 7, label="Chemical"), doc.char_span(15, 20, label="Disease")]
    return doc


@pytest.mark.parametrize("name", READERS)
def test_docs_that_the_encoder_has_not_read(nlp: Language, tmp_path: Path, name: str) -> None:
    """spacy-transformers' listener would give zeros, of which heads make entities and labels."""
    with nlp.select_pipes(enable=[name]), pytest.raises(BlurbError, match=rf"B315.*'{name}'"):
        nlp(with_entities(nlp))
    nlp.to_disk(tmp_path)
    exclude = [*(other for other in READERS if other != name), "transformer"]
    loaded = spacy.load(tmp_path, exclude=exclude)
    with pytest.raises(BlurbError, match="B315"):
        list(loaded.pipe([loaded.make_doc(""), with_entities(loaded)]))
    assert len(loaded("")) == 0


def test_annotating_without_the_encoder(nlp: Language) -> None:
    sgd = Adam(0.001)
    nlp.update(make_examples(nlp), sgd=sgd, annotates=["transformer", "ner"])
    with pytest.raises(BlurbError, match=r"B315.*annotating_components"):
        nlp.update(make_examples(nlp), sgd=sgd, annotates=["ner"])


def test_a_head_with_an_encoder_of_its_own_needs_no_other(nlp: Language) -> None:
    nlp.replace_listeners("transformer", "ner", ["model.tok2vec"])
    with nlp.select_pipes(enable=["ner"]):
        assert nlp(TEXT).has_annotation("ENT_IOB")


@pytest.mark.parametrize("name", ["ner", "rel"])
def test_tokens_that_were_merged_behind_the_encoder(nlp: Language, name: str) -> None:
    """Vectors of tokens would be those of their neighbours."""
    add_merger(nlp, before=name)
    with nlp.select_pipes(enable=["transformer", "marker", "merge_entities", name]):
        with pytest.raises(BlurbError, match=r"B316.*read 5, and now there are 4"):
            nlp(TEXT)
        # `nlp.pipe` too, and in training with a frozen encoder.
        with pytest.raises(BlurbError, match="B316"):
            list(nlp.pipe(["aspirin", TEXT]))
        if name == "ner":
            annotating = ["transformer", "marker", "merge_entities"]
            with pytest.raises(BlurbError, match="B316"):
                nlp.update(
                    make_examples(nlp)[:1],
                    sgd=Adam(0.001),
                    exclude=["transformer"],
                    annotates=annotating,
                )


def test_tokens_that_are_merged_elsewhere(nlp: Language) -> None:
    """Before the encoder, or behind all that read tokens: the vector of a text has none."""
    add_merger(nlp, before="transformer")
    assert len(nlp(TEXT)) == 4
    for name in ("marker", "merge_entities"):
        nlp.remove_pipe(name)
    expected = nlp(TEXT)
    add_merger(nlp, before="textcat")
    for name in ("ner", "rel"):
        nlp.remove_pipe(name)
    doc = nlp(TEXT)
    assert len(doc) == 4
    assert doc.cats == pytest.approx(expected.cats)


def add_merger(nlp: Language, *, before: str) -> None:
    """Make "aspirin causes" one token."""
    ruler: Any = nlp.add_pipe("entity_ruler", "marker", before=before)
    ruler.overwrite = True
    ruler.add_patterns([{"label": "Chemical", "pattern": "aspirin causes"}])
    ruler.add_patterns([{"label": "Disease", "pattern": "fever"}])
    nlp.add_pipe("merge_entities", before=before)


@pytest.mark.parametrize("name", [*READERS, "qa"])
@pytest.mark.parametrize("is_behind", [False, True])
def test_no_encoder_before_the_head(tiny_encoder: Path, name: str, is_behind: bool) -> None:
    """Alone, or before the encoder."""
    nlp = make_nlp(tiny_encoder)
    nlp.add_pipe(f"blurb_{name}", name=name, first=True)
    if not is_behind:
        nlp.remove_pipe("transformer")
    with pytest.raises(BlurbError, match=rf"B310.*'{name}' finds no encoder.*blurb_runtime"):
        nlp.initialize(lambda: make_examples(nlp))
