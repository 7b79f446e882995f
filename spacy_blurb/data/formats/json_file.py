"""JSON files, and JSONL files with an object per line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from ...errors import BlurbError, Errors, first_line
from .compressed import read_lines

T = TypeVar("T")
_KINDS = {dict: "an object", list: "a list", str: "a string", int: "a whole number"}


def read_json(path: Path, kind: type[T]) -> T:
    """Return the content of a JSON file.

    path (Path): The file, plain, `.xz` or `.gz`.
    kind (type): What its top level is, dict or list.
    RAISES (BlurbError): B150 not JSON, B151 another top level, and what `read_lines` raises.
    """
    text = "\n".join(line for _, line in read_lines(path))
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 1
        raise _not_json(path, line, error) from error
    return _check_kind(content, kind, path, "top level")


def read_json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number from 1, object) of a JSONL file; empty lines are passed over.

    path (Path): The file, plain, `.xz` or `.gz`.
    RAISES (BlurbError): B150 not JSON, B151 not an object, and what `read_lines` raises.
    """
    for number, line in read_lines(path):
        if line.strip():
            try:
                content = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise _not_json(path, number, error) from error
            yield number, _check_kind(content, dict, path, f"line {number}")


def take(item: dict[str, Any], key: str, kind: type[T], path: Path, where: str) -> T:
    """Return the value of a key that must be there.

    item (dict): A JSON object.
    kind (type): What the value must be.
    path (Path): The object's file, for the error message.
    where (str): Its place in the file, for the error message.
    RAISES (BlurbError): B151 no such key, or a value of another kind.
    """
    if key not in _check_kind(item, dict, path, where):
        expected = f"the key {key!r}"
        raise BlurbError(
            Errors.B151.format(path=path, where=where, found=sorted(item), expected=expected)
        )
    return _check_kind(item[key], kind, path, f"{where}, {key!r}")


def _check_kind(value: Any, kind: type[T], path: Path, where: str) -> T:
    if not isinstance(value, kind):
        raise BlurbError(
            Errors.B151.format(
                path=path, where=where, found=repr(value)[:80], expected=_KINDS[kind]
            )
        )
    if isinstance(value, str) and not is_text(value):
        raise BlurbError(
            Errors.B151.format(
                path=path,
                where=where,
                found=f"{ascii(value)[:80]}, with half of a surrogate pair",
                expected="a text",
            )
        )
    return value


def is_text(value: str) -> bool:
    """Tell whether a string is text, without half of a surrogate pair, which JSON can spell."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _not_json(path: Path, line: int, error: Exception) -> BlurbError:
    # Too deeply nested, numbers of too many digits, or no JSON.
    reason = error.msg if isinstance(error, json.JSONDecodeError) else first_line(error)
    return BlurbError(Errors.B150.format(path=path, line=line, reason=reason))
