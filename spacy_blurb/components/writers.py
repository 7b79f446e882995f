"""Which component wrote entities or answers to a Doc: another is not to erase them in silence."""

import warnings
import weakref

from spacy.tokens import Doc

from ..annotations import ANSWERS, AnswerKind
from ..errors import Errors

_writers: "weakref.WeakKeyDictionary[Doc, dict[str, str]]" = weakref.WeakKeyDictionary()
"""Doc → what → component. Not on the Doc: what was stored and read again is another run."""

_warned: set[tuple[str, str]] = set()


def note_writer(doc: Doc, key: str, name: str) -> None:
    """Note which component is about to write entities, and warn where it erases another's: B478.

    A Doc that goes through the same pipeline again is written anew by the same component. The
    warning comes once for two components.

    key (str): The span group.
    name (str): The component.
    """
    other = _exchange(doc, key, name)
    if key in doc.spans and _is_new(other, name):
        warnings.warn(Errors.B478.format(name=name, other=other, key=key), stacklevel=2)


def note_answerer(doc: Doc, kind: AnswerKind, name: str) -> None:
    """Note which component is about to write answers of a kind, as `note_writer`: B458."""
    other = _exchange(doc, f"{ANSWERS}/{kind}", name)
    if ANSWERS in doc.spans and _is_new(other, name):
        warnings.warn(Errors.B458.format(name=name, other=other, kind=kind), stacklevel=2)


def _exchange(doc: Doc, what: str, name: str) -> str:
    """Note the writer and return the one before it."""
    known = _writers.setdefault(doc, {})
    other = known.get(what, name)
    known[what] = name
    return other


def _is_new(other: str, name: str) -> bool:
    if other == name or (other, name) in _warned:
        return False
    _warned.add((other, name))
    return True
