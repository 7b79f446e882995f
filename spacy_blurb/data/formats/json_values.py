"""Values of JSON objects that others wrote, each of the type that is expected."""

from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Any

from ...errors import BlurbError, Errors

JSON_ERRORS = (AttributeError, KeyError, TypeError, ValueError, RecursionError)
"""What parsing JSON and `typed` raise."""

_NAMES = {str: "a string", int: "a whole number", list: "a list", dict: "an object"}
_REQUIRED = object()


def typed(row: Any, key: str, kind: type, *, default: Any = _REQUIRED) -> Any:
    """Return a value of an object.

    default (Any): Where the key is missing or the value is null or "".
    RAISES: KeyError no such key and no default; TypeError another type; ValueError a string that
        is no text (half of a surrogate pair).
    """
    if not isinstance(row, dict):
        raise TypeError(f"{str(row)[:40]!r} is not an object")
    value = row.get(key)
    if default is not _REQUIRED and value in (None, ""):
        return default
    if key not in row:
        raise KeyError(key)
    if type(value) is not kind:
        raise TypeError(f"{key} is {str(value)[:40]!r}, not {_NAMES[kind]}")
    if isinstance(value, str):
        value.encode("utf-8")
    return value


def typed_id(row: Any, key: str) -> str:
    """Return an id, which some programs write as a number.

    RAISES: As `typed`.
    """
    is_number = isinstance(row, dict) and type(row.get(key)) is int
    return str(typed(row, key, int if is_number else str))


def typed_label(row: Any, key: str, *, untyped: str) -> str:
    """Return a label without white space around it, which would make it another one.

    untyped (str): Where there is none.
    RAISES: As `typed`.
    """
    label: str = typed(row, key, str, default=untyped)
    return label.strip() or untyped


def either(row: dict[str, Any], keys: tuple[str, str]) -> str:
    """Return which of two names of one thing an object uses; the first where it has neither.

    RAISES: ValueError both are there, with different values that are not empty.
    """
    first, second = keys
    if row.get(first) and row.get(second) and row[first] != row[second]:
        raise ValueError(f"{first!r} and {second!r} both have a value, and not the same")
    # An empty value is one too where nothing else is there.
    for is_there in (row.get, row.__contains__):
        if found := next((key for key in keys if is_there(key)), None):
            return found
    return first


def count_unknown(row: Any, known: Collection[str], left_out: Counter[str], *, kind: str) -> None:
    """Count the values of keys that are not read.

    kind (str): What the object is, for the report and the error message.
    RAISES: TypeError it is no object.
    """
    if not isinstance(row, dict):
        raise TypeError(f"{kind} {str(row)[:40]!r} is not an object")
    for key in sorted(row.keys() - set(known)):
        left_out[f"values of the unknown {kind} key {key!r}"] += 1


def not_such(error: Exception, path: Path, *, where: str, expected: str) -> BlurbError:
    """Return the error to raise for one of `JSON_ERRORS`; a `BlurbError` stays as it is."""
    if isinstance(error, BlurbError):
        return error
    reason = f"the key {error} is missing" if isinstance(error, KeyError) else str(error)
    return BlurbError(
        Errors.B167.format(path=path, where=where, reason=reason[:200], expected=expected)
    )
