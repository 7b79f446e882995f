"""The attributes under `doc._` and `span._`."""

import warnings
from collections.abc import Callable
from typing import Any

from spacy.tokens import Doc, Span

from ..errors import Errors
from .abbreviations import doc_abbreviations, long_form
from .asking import ask_doc
from .comparing import compare_docs
from .entities import span_score
from .questions import doc_answers
from .relations import doc_relations, span_relations
from .vectors import travelling_vector

_GETTERS: tuple[tuple[type[Doc] | type[Span], str, Callable[..., Any]], ...] = (
    (Span, "score", span_score),
    (Doc, "relations", doc_relations),
    (Span, "relations", span_relations),
    (Doc, "answers", doc_answers),
    (Doc, "blurb_vector", travelling_vector),
)
_METHODS: tuple[tuple[type[Doc], str, Callable[..., Any]], ...] = (
    (Doc, "ask", ask_doc),
    (Doc, "blurb_similarity", compare_docs),
)


def install_extensions() -> None:
    """Make the attributes of Docs and spans available; safe to call again.

    Pipelines do it. A program that reads a DocBin without loading one calls it. An attribute that
    another program has made under one of these names (gliner-spacy makes `span._.score` as soon as
    it is installed) is taken, with warning B804: its default would pass for what we found.
    """
    for kind, functions in (("getter", _GETTERS), ("method", _METHODS)):
        for owner, name, function in functions:
            _install(owner, name, kind, function)
    if not Doc.has_extension("abbreviations"):
        install_abbreviations()


def _install(
    owner: type[Doc] | type[Span], name: str, kind: str, function: Callable[..., Any]
) -> None:
    if owner.has_extension(name):
        if any(known is function for known in owner.get_extension(name)):
            return
        message = Errors.B804.format(owner=owner.__name__.lower(), name=name)
        warnings.warn(message, stacklevel=4)
    owner.set_extension(name, **{kind: function}, force=True)


def install_abbreviations() -> None:
    """Make `doc._.abbreviations` and `span._.long_form` ours, also where scispaCy has made them."""
    Doc.set_extension("abbreviations", getter=doc_abbreviations, force=True)
    Span.set_extension("long_form", getter=long_form, force=True)
