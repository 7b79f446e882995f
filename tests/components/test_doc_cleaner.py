"""Docs of packaged pipelines carry no tensors, and their vectors can still be asked for."""

import pickle
from pathlib import Path

import spacy
from spacy.tokens import Doc

from .pipelines import make_nlp


def test_the_output_of_the_encoder_is_gone(tiny_encoder: Path) -> None:
    nlp = make_nlp(tiny_encoder)
    nlp.initialize()
    assert nlp("fever in rats")._.trf_data is not None
    nlp.add_pipe("blurb_doc_cleaner", name="doc_cleaner")
    doc = nlp("fever in rats")
    assert doc._.trf_data is None
    # spaCy's own component leaves `doc.tensor = None`, and both of these fail.
    assert not doc.vector.any()
    assert not doc[0].vector.any()
    assert doc.to_bytes()
    assert pickle.loads(pickle.dumps(nlp.get_pipe("doc_cleaner")))(doc) is doc


def test_docs_can_be_joined_without_a_warning(tiny_encoder: Path) -> None:
    nlp = make_nlp(tiny_encoder)
    nlp.initialize()
    nlp.add_pipe("blurb_doc_cleaner")
    joined = Doc.from_docs([nlp("fever"), nlp("rats")])
    assert joined.text == "fever rats"


def test_a_pipeline_without_an_encoder() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("blurb_doc_cleaner")
    assert nlp("fever").text == "fever"
