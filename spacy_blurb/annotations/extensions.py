"""The attributes under `span._`."""

from spacy.tokens import Span

from .entities import span_score


def install_extensions() -> None:
    """Make `span._.score` available; safe to call more than once."""
    if not Span.has_extension("score"):
        Span.set_extension("score", getter=span_score)
