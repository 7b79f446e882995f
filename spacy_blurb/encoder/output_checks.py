"""Is what the encoder left on a Doc still that of the Doc as it is?

A head that reads anything else finds entities and labels all the same, made up of zeros or of the
vectors of other tokens.
"""

from collections.abc import Sequence
from typing import Any

from spacy.tokens import Doc
from thinc.api import Model

from ..errors import BlurbError, Errors


def output_of(doc: Doc) -> Any:
    """Return what the encoder left on a Doc, None where it left nothing."""
    return doc._.trf_data if Doc.has_extension("trf_data") else None


def require_output(model: Model, docs: Sequence[Doc], *, name: str) -> None:
    """Refuse Docs that the encoder has not read; spacy-transformers' listener would give zeros.

    It must give them while a component is initialised, so that this is not the layers' to check.

    model (Model): Of the component. Where it has an encoder of its own, no Doc needs anything.
    name (str): Of the component, for messages.
    RAISES (BlurbError): B315 a Doc with tokens has no output of the encoder.
    """
    if not any(type(node).__name__ == "TransformerListener" for node in model.walk()):
        return
    for doc in docs:
        if len(doc) and output_of(doc) is None:
            raise BlurbError(Errors.B315.format(name=name, text=doc.text[:40]))


def check_tokens(docs: Sequence[Doc], datas: Sequence[Any]) -> None:
    """Refuse output whose tokens are not those of its Doc: vectors of tokens would be others'.

    datas (Sequence): Output of the encoder for each Doc.
    RAISES (BlurbError): B316 tokens were merged or split since.
    """
    for doc, data in zip(docs, datas, strict=True):
        n_read = len(data.align.lengths)
        if n_read != len(doc):
            raise BlurbError(Errors.B316.format(text=doc.text[:40], read=n_read, found=len(doc)))
