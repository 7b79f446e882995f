"""The attributes under `doc._` and `span._`."""

from spacy.tokens import Doc, Span

from .entities import span_score
from .relations import doc_relations, span_relations


def install_extensions() -> None:
    """Make `span._.score` and `relations` of Docs and spans available; safe to call again."""
    if not Span.has_extension("score"):
        Span.set_extension("score", getter=span_score)
    if not Doc.has_extension("relations"):
        Doc.set_extension("relations", getter=doc_relations)
        Span.set_extension("relations", getter=span_relations)
