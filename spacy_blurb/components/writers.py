"""Which component wrote what to a Doc: another one is not to erase it in silence."""

import warnings
import weakref
from collections.abc import Mapping

from spacy.tokens import Doc

from ..annotations import ANSWERS, RELATIONS, AnswerKind
from ..errors import Errors

_writers: "weakref.WeakKeyDictionary[Doc, dict[str, str]]" = weakref.WeakKeyDictionary()
"""Doc → what → component. Not on the Doc: what was stored and read again is another run."""

_warned: set[tuple[str, str, str]] = set()


def note_writer(doc: Doc, key: str, name: str) -> None:
    """Note which component is about to write entities, and warn where it erases another's: B478.

    A Doc that goes through the same pipeline again is written anew by the same component. The
    warning comes once for two components.

    key (str): The span group.
    name (str): The component.
    """
    _note(doc, key, key, name, Errors.B478, {"key": key})


def note_relations(doc: Doc, name: str) -> None:
    """Note which component is about to write relations, as `note_writer`: B459."""
    _note(doc, RELATIONS, RELATIONS, name, Errors.B459, {})


def note_answers(doc: Doc, kind: AnswerKind, name: str) -> None:
    """Note which component is about to write answers of a kind, as `note_writer`: B458."""
    _note(doc, ANSWERS, f"{ANSWERS}/{kind}", name, Errors.B458, {"kind": kind})


def _note(
    doc: Doc, group: str, what: str, name: str, warning: str, shown: Mapping[str, str]
) -> None:
    """Note the writer of a span group, or of a part of it, and warn of another one before it."""
    known = _writers.setdefault(doc, {})
    other = known.get(what, name)
    known[what] = name
    if other != name and group in doc.spans and (what, other, name) not in _warned:
        _warned.add((what, other, name))
        warnings.warn(warning.format(name=name, other=other, **shown), stacklevel=3)
