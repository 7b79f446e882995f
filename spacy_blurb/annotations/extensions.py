"""The attributes under `doc._` and `span._`."""

import warnings
from collections.abc import Callable
from typing import Any

from spacy.tokens import Doc, Span

from ..errors import Errors
from .abbreviations import doc_abbreviations, long_form
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


def install_extensions() -> None:
    """Make the attributes of Docs and spans available; safe to call again.

    Pipelines do it. A program that reads a DocBin without loading one calls it. An attribute that
    another program has made under one of these names (gliner-spacy makes `span._.score` as soon as
    it is installed) is taken, with warning B804: its default would pass for what we found.
    """
    for owner, name, getter in _GETTERS:
        is_taken = owner.has_extension(name)
        if is_taken and owner.get_extension(name)[2] is getter:
            continue
        if is_taken:
            warnings.warn(Errors.B804.format(owner=owner.__name__.lower(), name=name), stacklevel=3)
        owner.set_extension(name, getter=getter, force=True)
    if not Doc.has_extension("abbreviations"):
        install_abbreviations()


def install_abbreviations() -> None:
    """Make `doc._.abbreviations` and `span._.long_form` ours, also where scispaCy has made them."""
    Doc.set_extension("abbreviations", getter=doc_abbreviations, force=True)
    Span.set_extension("long_form", getter=long_form, force=True)
