"""The attributes under `doc._` and `span._`."""

from spacy.tokens import Doc, Span

from .abbreviations import doc_abbreviations, long_form
from .entities import span_score
from .questions import doc_answers
from .relations import doc_relations, span_relations
from .vectors import travelling_vector


def install_extensions() -> None:
    """Make the attributes of Docs and spans available; safe to call again.

    Pipelines do it. A program that reads a DocBin without loading one calls it.
    """
    if not Span.has_extension("score"):
        Span.set_extension("score", getter=span_score)
    if not Doc.has_extension("relations"):
        Doc.set_extension("relations", getter=doc_relations)
        Span.set_extension("relations", getter=span_relations)
    if not Doc.has_extension("answers"):
        Doc.set_extension("answers", getter=doc_answers)
    if not Doc.has_extension("blurb_vector"):
        Doc.set_extension("blurb_vector", getter=travelling_vector)
    if not Doc.has_extension("abbreviations"):
        install_abbreviations()


def install_abbreviations() -> None:
    """Make `doc._.abbreviations` and `span._.long_form` ours, also where scispaCy has made them."""
    Doc.set_extension("abbreviations", getter=doc_abbreviations, force=True)
    Span.set_extension("long_form", getter=long_form, force=True)
