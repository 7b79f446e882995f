"""Values of JSON objects that others wrote, each of the type that is expected."""

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


def not_such(error: Exception, path: Path, *, where: str, expected: str) -> BlurbError:
    """Return the error to raise for one of `JSON_ERRORS`; a `BlurbError` stays as it is."""
    if isinstance(error, BlurbError):
        return error
    reason = f"the key {error} is missing" if isinstance(error, KeyError) else str(error)
    return BlurbError(
        Errors.B167.format(path=path, where=where, reason=reason[:200], expected=expected)
    )
