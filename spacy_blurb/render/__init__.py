"""Annotated texts as HTML: `render(doc)`, and arcs for displaCy."""

from spacy.tokens import Doc

from .arcs import relation_arcs
from .document import draw_document
from .from_docs import from_doc
from .report import read_page

__all__ = ["relation_arcs", "render"]


def render(doc: Doc) -> str:
    """Return a Doc's text with its entities and PICO elements, relations, labels and answers.

    RETURNS (str): HTML with its own style, in which text and labels are escaped; in a notebook,
        `IPython.display.HTML(render(doc))` shows it.
    """
    return f"<style>{read_page('document.css')}</style>{draw_document(from_doc(doc))}"
