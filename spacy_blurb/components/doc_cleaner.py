"""`blurb_doc_cleaner`: takes the encoder's output off Docs when all components have read it."""

from typing import Any

from spacy.language import Language
from spacy.pipeline import Pipe
from spacy.tokens import Doc


@Language.factory("blurb_doc_cleaner")
def make_doc_cleaner(nlp: Language, name: str) -> "DocCleaner":
    """Build the component; it belongs at the end of a pipeline with a `transformer`."""
    return DocCleaner(name)


class DocCleaner(Pipe):
    """Take `doc._.trf_data` away: it is None, and Docs that are kept do not fill the memory.

    spaCy's own `doc_cleaner` sets `doc.tensor` to None as well, whatever its settings say; then
    `doc.vector` and `token.vector` raise an AttributeError instead of being zero.
    """

    def __init__(self, name: str = "doc_cleaner") -> None:
        """Initialise the component."""
        self.name = name

    def __call__(self, doc: Doc) -> Doc:
        """Take the output off a Doc; RETURNS the same Doc."""
        # The value alone, not a None in its place, of which `Doc.from_docs` would warn.
        data: dict[Any, Any] = doc.user_data
        data.pop(("._.", "trf_data", None, None), None)
        return doc
