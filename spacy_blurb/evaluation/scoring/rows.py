"""Prediction files: one JSON object per line, of any program (docs/protocol.md)."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...data.formats.compressed import read_lines
from ...data.formats.whole_files import write_whole
from ...errors import BlurbError, Errors

Row = dict[str, Any]


def write_rows(rows: Iterable[Row], path: Path) -> None:
    """Write a prediction file."""
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    write_whole(path, "\n".join(lines) + "\n")


def read_rows(path: Path) -> list[Row]:
    """Read a prediction file.

    RAISES (BlurbError): B628 a line is not an object with an `id`, and what `read_lines` raises.
    """
    rows = []
    for number, line in read_lines(path):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise BlurbError(
                Errors.B628.format(path=path, line=number, reason=f"not JSON ({error})")
            ) from error
        if not isinstance(row, dict) or not isinstance(row.get("id"), str):
            reason = "not an object with a string under 'id'"
            raise BlurbError(Errors.B628.format(path=path, line=number, reason=reason))
        rows.append(row)
    return rows


def match_rows(ids: Sequence[str], rows: Sequence[Row], source: Path) -> list[Row]:
    """Return the rows in the order of the gold ids.

    RAISES (BlurbError): B629 ids that are missing, twice, or not in the gold data: none of them is
        passed over in silence, a missing prediction is not an empty one.
    """
    by_id: dict[str, Row] = {}
    twice = []
    for row in rows:
        if row["id"] in by_id:
            twice.append(row["id"])
        by_id[row["id"]] = row
    known = set(ids)
    problems = {
        "without a prediction": [i for i in ids if i not in by_id],
        "not in the gold data": [i for i in by_id if i not in known],
        "there twice": twice,
    }
    for what, found in problems.items():
        if found:
            raise BlurbError(
                Errors.B629.format(path=source, count=len(found), what=what, first=found[0])
            )
    return [by_id[i] for i in ids]


def require(row: Row, key: str, kind: type, source: Path) -> Any:
    """Return a row's value.

    RAISES (BlurbError): B630 it is missing or of another type.
    """
    value: Any = row.get(key)
    is_right = isinstance(value, kind) or (kind is float and type(value) is int)
    if kind is float and is_right:
        # JSON of Python has NaN, and whole numbers that no float can be.
        is_right = abs(value) < sys.float_info.max
    if not is_right or isinstance(value, bool):
        wanted = {list: "a list", float: "a number", int: "a whole number", str: "a string"}[kind]
        raise BlurbError(
            Errors.B630.format(path=source, doc_id=row["id"], key=key, found=value, wanted=wanted)
        )
    return value


def require_probability(row: Row, key: str, source: Path) -> float:
    """Return a row's value from 0 to 1; what is scored is how far it means what it says.

    RAISES (BlurbError): B630 it is missing or no such number.
    """
    value = float(require(row, key, float, source))
    if not 0 <= value <= 1:
        wanted = "a probability from 0 to 1"
        raise BlurbError(
            Errors.B630.format(path=source, doc_id=row["id"], key=key, found=value, wanted=wanted)
        )
    return value


def per_label(scores: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return scores by label as a result file has them."""
    return {
        label: {"precision": s.precision, "recall": s.recall, "f1": s.f1, "gold": s.gold}
        for label, s in scores.items()
    }
