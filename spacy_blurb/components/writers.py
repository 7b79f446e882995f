"""Which component wrote the entities of a Doc: another one is not to erase them in silence."""

import warnings
import weakref

from spacy.tokens import Doc

from ..errors import Errors

_writers: "weakref.WeakKeyDictionary[Doc, dict[str, str]]" = weakref.WeakKeyDictionary()
"""Doc → span group → component. Not on the Doc: what was stored and read again is another run."""

_warned: set[tuple[str, str]] = set()


def note_writer(doc: Doc, key: str, name: str) -> None:
    """Note which component is about to write a span group, and warn where it erases another's.

    A Doc that goes through the same pipeline again is written anew by the same component. The
    warning, B478, comes once for two components.

    key (str): The group.
    name (str): The component.
    """
    known = _writers.setdefault(doc, {})
    other = known.get(key, name)
    known[key] = name
    if other != name and key in doc.spans and (other, name) not in _warned:
        _warned.add((other, name))
        warnings.warn(Errors.B478.format(name=name, other=other, key=key), stacklevel=2)
