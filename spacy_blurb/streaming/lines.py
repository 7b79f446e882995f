"""Files with a document per line: plain text, and JSONL."""

import json
import math
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from ..data.formats.compressed import decode_line, read_raw_lines
from ..data.formats.json_values import JSON_ERRORS, not_such, typed, typed_id
from ..errors import BlurbError, Errors, UnreadableFileError
from .items import Item, Rejected

MAX_RECORD_BYTES = 32 << 20
"""A whole book has about one megabyte; what is longer is a file without line ends."""

MAX_DEPTH = 100
"""Of what is nested in a record. From some 500 on it cannot be sent to another process."""

_EXPECTED = (
    'one object per line such as {"id": "1", "text": "..."}; "id" and "questions" (strings, or '
    '{"question": "...", "options": ["..."]}) may be missing, other keys are kept'
)
ANNOTATION_KEYS = frozenset(
    {
        "entities",
        "pico",
        "relations",
        "cats",
        "answers",
        "abbreviations",
        "similarity",
        "spans",
        "vector",
        "title_end",
    }
)
"""What `annotate` writes beside `id` and `text`; values of these keys in the input are not kept.
Of them `title_end` alone is read."""


def read_text(path: Path, name: str, bare: str) -> Iterator[Item | Rejected]:
    """Yield a document per line that is not blank; its number is its line.

    A file whose lines end with carriage returns alone is rejected: all of it would be one document.
    """
    for number, line in _read_lines(path):
        try:
            text = _decode(line, path)
            is_whole_file = number == 1 and isinstance(line, bytes) and not line.endswith(b"\n")
            if is_whole_file and "\r" in text.strip():
                raise BlurbError(Errors.B782.format(path=path))
            if text.strip():
                yield Item(name, number, f"{bare}:{number}", text)
        except BlurbError as error:
            yield Rejected(name, number, str(error))


def read_jsonl(path: Path, name: str, bare: str) -> Iterator[Item | Rejected]:
    """Yield a document per line that is not blank; its number is its line."""
    for number, line in _read_lines(path):
        try:
            text = _decode(line, path)
            if text.strip():
                yield _to_item(path, name, number, text, f"{bare}:{number}")
        except BlurbError as error:
            yield Rejected(name, number, str(error))


def _read_lines(path: Path) -> Iterator[tuple[int, bytes | BlurbError]]:
    """Yield lines as bytes, or why there is none; nothing follows on damage of the file itself.

    RAISES (UnreadableFileError): The system cannot read the file.
    """
    number = 0
    try:
        for number, line in read_raw_lines(path, MAX_RECORD_BYTES):
            too_long = BlurbError(Errors.B763.format(limit=MAX_RECORD_BYTES >> 20))
            yield number, too_long if line is None else line
    except UnreadableFileError:
        raise
    except BlurbError as error:
        yield number + 1, error


def _decode(line: bytes | BlurbError, path: Path) -> str:
    if isinstance(line, BlurbError):
        raise line
    return decode_line(line, path)


def _to_item(path: Path, name: str, number: int, line: str, default_id: str) -> Item:
    try:
        row = json.loads(
            line,
            parse_constant=_refuse_constant,
            parse_float=_to_float,
            object_pairs_hook=_to_object,
        )
        text = typed(row, "text", str)
        # Half of a surrogate pair can only be written as an escape.
        if "\\u" in line:
            json.dumps(row, ensure_ascii=False).encode("utf-8")
        own_id = typed_id(row, "id") if row.get("id") not in (None, "") else default_id
        questions = _to_questions(typed(row, "questions", list, default=[]))
    except JSON_ERRORS as error:
        raise not_such(error, path, where=f"line {number}", expected=_EXPECTED) from error
    left_out = ANNOTATION_KEYS | {"id", "text"}
    fields = {key: value for key, value in row.items() if key not in left_out}
    if _is_deep(fields, MAX_DEPTH):
        raise BlurbError(Errors.B178.format(path=path, line=number, limit=MAX_DEPTH))
    title_end = _to_title_end(row.get("title_end"), text)
    return Item(name, number, own_id, text, title_end, fields, questions)


def _is_deep(value: Any, limit: int) -> bool:
    """Tell whether lists and objects are nested more than so many levels."""
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return limit < 0 or any(_is_deep(item, limit - 1) for item in inner)


def _to_title_end(value: Any, text: str) -> int:
    """Return the characters of the title, 0 where the value cannot be what `annotate` writes."""
    is_cut = type(value) is int and 0 < value < len(text) and text[value] == " "
    return value if is_cut else 0


def _to_questions(rows: list[Any]) -> list[dict[str, Any]]:
    """Return questions with ids, all different; one without an id is called by its position.

    RAISES: What `typed` raises; ValueError two have the same id.
    """
    questions = [_to_question(row) for row in rows]
    counts = Counter(question["id"] for question in questions if question["id"])
    if repeated := [own_id for own_id, n in counts.items() if n > 1]:
        raise ValueError(f"more than one question has the id {repeated[0]!r}")
    # Where a position is the id of another question.
    free = (str(n) for n in count(len(rows)) if str(n) not in counts)
    for position, question in enumerate(questions):
        if not question["id"]:
            question["id"] = str(position) if str(position) not in counts else next(free)
    return questions


def _to_question(row: Any) -> dict[str, Any]:
    if isinstance(row, str):
        row = {"question": row}
    options = typed(row, "options", list, default=[])
    if any(type(option) is not str for option in options):
        raise TypeError("options are not all strings")
    question_id = typed_id(row, "id") if row.get("id") not in (None, "") else ""
    return {"id": question_id, "question": typed(row, "question", str), "options": options}


def _to_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object, of which nothing is lost: JSON itself keeps the last of several values.

    RAISES: ValueError a key stands there more than once.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        repeated = next(key for key, n in Counter(key for key, _ in pairs).items() if n > 1)
        raise ValueError(f"the key {repeated[:40]!r} stands there more than once")
    return found


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _to_float(digits: str) -> float:
    if math.isinf(value := float(digits)):
        raise ValueError(f"{digits[:40]} is too large a number")
    return value
