"""JSONL: one JSON object with a text, its entities and their relations per line.

{"id": "1", "text": "Aspirin causes ulcers.", "entities": [{"start": 0, "end": 7, "label": "Drug"},
{"start": 15, "end": 21, "label": "Disease"}], "relations": [{"head": 0, "tail": 1,
"label": "Causes"}]}, written on one line. Offsets count characters, `end` stands behind the last
one; `head` and `tail` are positions in the list of entities.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from ...errors import BlurbError, Errors
from ..records import Record, Split
from .annotations import Annotations, counted
from .compressed import read_lines
from .json_values import JSON_ERRORS, not_such, typed, typed_id

_EXPECTED = (
    'one object per line such as {"id": "1", "text": "...", "entities": [{"start": 0, "end": 7, '
    '"label": "Drug"}], "relations": [{"head": 0, "tail": 1, "label": "Causes"}]}'
)
_KEYS = {
    "document": {"id", "text", "entities", "spans", "relations"},
    "entity": {"start", "end", "label", "text"},
    "relation": {"head", "tail", "label"},
}


def read_jsonl(path: Path, *, untyped: str) -> Split[Record]:
    """Read all documents of a file; blank lines do not matter.

    `spans` is taken for `entities` where there are none (Prodigy). `id` defaults to the line
    number, a label to `untyped`, and the text of an entity, where it is repeated, must be right.
    Values of other keys are counted as left out.

    path (Path): The file, plain, `.xz` or `.gz`.
    untyped (str): Label of entities and relations that have none.
    RAISES (BlurbError): B107 no document in the file, B164 and B165 offsets and text disagree,
        B167 not such an object, B168 a relation of an unknown entity, and what `read_lines` raises.
    """
    left_out: Counter[str] = Counter()
    records = []
    for number, line in read_lines(path):
        if not line.strip():
            continue
        where = f"line {number}"
        try:
            records.append(_to_record(path, json.loads(line), number, untyped, left_out))
        except JSON_ERRORS as error:
            raise not_such(error, path, where=where, expected=_EXPECTED) from error
    if not records:
        raise BlurbError(Errors.B107.format(path=path))
    return Split(records, counted(left_out))


def _to_record(path: Path, row: Any, number: int, untyped: str, left_out: Counter[str]) -> Record:
    where = f"line {number}"
    _count_unknown(row, "document", left_out)
    doc_id = typed_id(row, "id") if "id" in row else str(number)
    document = Annotations(path, doc_id, typed(row, "text", str), left_out)
    entities = "spans" if "spans" in row and "entities" not in row else "entities"
    for position, entity in enumerate(typed(row, entities, list)):
        _count_unknown(entity, "entity", left_out)
        part = (typed(entity, "start", int), typed(entity, "end", int))
        label = typed(entity, "label", str, default=untyped)
        stored = typed(entity, "text", str) if "text" in entity else None
        document.add_mention(str(position), label, [part], stored, where=where)
    for relation in typed(row, "relations", list, default=[]):
        _count_unknown(relation, "relation", left_out)
        head, tail = (str(typed(relation, key, int)) for key in ("head", "tail"))
        label = typed(relation, "label", str, default=untyped)
        document.add_relation(head, tail, label, where=where)
    return document.to_record()


def _count_unknown(row: Any, kind: str, left_out: Counter[str]) -> None:
    if not isinstance(row, dict):
        raise TypeError(f"{kind} {str(row)[:40]!r} is not an object")
    for key in sorted(row.keys() - _KEYS[kind]):
        left_out[f"values of the unknown {kind} key {key!r}"] += 1
