"""Lines of JSON, as `annotate` writes them, as annotated texts."""

import json
import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from ..errors import BlurbError, Errors
from .annotated import Annotated, ShownAnswer, ShownRelation, ShownSpan, likely_labels


def read_annotated(path: Path) -> Iterator[Annotated]:
    """Yield the texts of a file as `annotate` writes it.

    Lines hold `text` and, all optional, `id`, `entities` and `pico` ({start, end, label, score}),
    `relations` ({head, tail, label, score}, each end a position in `entities` or [start, end]),
    `cats` ({label: probability}) and `answers` ({question, text, score, start, end}). Without an
    `id` the number of the line is one. Empty lines are passed over; other keys do not matter.

    RAISES (BlurbError): B100 no such file, B802 a line is not of this form.
    """
    if not path.is_file():
        raise BlurbError(Errors.B100.format(path=path))
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    row = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
                    annotated = _to_annotated(row, str(number))
                except (ValueError, OverflowError, RecursionError) as error:
                    reason = str(error) or "nested too deeply"
                    raise BlurbError(
                        Errors.B802.format(path=path, line=number, reason=reason)
                    ) from error
                yield annotated


def _to_annotated(row: Any, default_id: str) -> Annotated:
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        raise ValueError("expected an object with a string under 'text'")
    text, cats = row["text"], row.get("cats")
    cats = {} if cats is None else cats
    if not isinstance(cats, dict):
        raise ValueError(f"'cats' is {cats!r}, expected an object")

    def place(value: Any) -> tuple[int, int]:
        if not (isinstance(value, list) and len(value) >= 2 and all(map(_is_int, value[:2]))):
            raise ValueError(f"{value!r} is no place, expected [start, end]")
        start, end = value[:2]
        if not 0 <= start < end <= len(text):
            raise ValueError(f"{start}-{end} is outside of the text of {len(text)} characters")
        return start, end

    def span(value: dict[str, Any]) -> ShownSpan:
        start, end = place([value.get("start"), value.get("end")])
        return ShownSpan(start, end, _label(value), _score(value.get("score")))

    entities = tuple(_each(row, "entities", span))

    def end(value: Any) -> tuple[int, int]:
        if not _is_int(value):
            return place(value)
        if not 0 <= value < len(entities):
            raise ValueError(f"{value} is none of the {len(entities)} entities")
        return entities[value][:2]

    def relation(value: dict[str, Any]) -> ShownRelation:
        head, tail = end(value.get("head")), end(value.get("tail"))
        return ShownRelation(head, tail, _label(value), _score(value.get("score")))

    def answer(value: dict[str, Any]) -> ShownAnswer:
        where = [value.get("start"), value.get("end")]
        return ShownAnswer(
            _string(value, "question"),
            _string(value, "text"),
            _score(value.get("score")) or 0.0,
            None if where == [None, None] else place(where),
        )

    return Annotated(
        id=default_id if row.get("id") in (None, "") else str(row["id"]),
        text=text,
        entities=entities,
        pico=tuple(_each(row, "pico", span)),
        relations=tuple(_each(row, "relations", relation)),
        labels=likely_labels({label: _score(score) or 0.0 for label, score in cats.items()}),
        answers=tuple(_each(row, "answers", answer)),
    )


def _each(row: dict[str, Any], key: str, read: Callable[[dict[str, Any]], Any]) -> Iterable[Any]:
    found = row.get(key)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(value, dict) for value in found):
        raise ValueError(f"{key!r} is not a list of objects")
    return [read(value) for value in found]


def _label(value: dict[str, Any]) -> str:
    return _string(value, "label")


def _string(value: dict[str, Any], key: str) -> str:
    if not isinstance(value.get(key), str):
        raise ValueError(f"{key!r} is {value.get(key)!r}, expected a string")
    return str(value[key])


def _score(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no probability")
    return float(value)


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
