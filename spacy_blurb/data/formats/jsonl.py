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
from .json_values import (
    JSON_ERRORS,
    count_unknown,
    either,
    not_such,
    typed,
    typed_id,
    typed_label,
)

_EXPECTED = (
    'one object per line such as {"id": "1", "text": "...", "entities": [{"start": 0, "end": 7, '
    '"label": "Drug"}], "relations": [{"head": 0, "tail": 1, "label": "Causes"}]}'
)
_WRONG = ("reject", "ignore")
"""What annotators say in Prodigy of a document whose annotations are not right, or not judged."""

_KEYS = {
    "document": {"id", "text", "entities", "spans", "relations", "answer"},
    "entity": {"start", "end", "label", "text"},
    "relation": {"head", "tail", "label"},
}


def read_jsonl(path: Path, *, untyped: str) -> Split[Record]:
    """Read all documents of a file; blank lines do not matter.

    `spans` is another name of `entities` (Prodigy); a document that was rejected or ignored there
    (`answer`) is left out. `id` defaults to the line number, a label to `untyped`, and the text of
    an entity, where it is repeated, must be right. Values of other keys are counted as left out.

    path (Path): The file, plain, `.xz` or `.gz`.
    untyped (str): Label of entities and relations that have none.
    RAISES (BlurbError): B107 no document in the file, B164 and B165 offsets and text disagree,
        B167 not such an object, B168 a relation of an unknown entity, B170 all documents were
        rejected or ignored, and what `read_lines` raises.
    """
    left_out: Counter[str] = Counter()
    records, n_wrong = [], 0
    for number, line in read_lines(path):
        if not line.strip():
            continue
        where = f"line {number}"
        try:
            row = json.loads(line)
            if isinstance(row, dict) and row.get("answer") in _WRONG:
                left_out[f"documents with the answer {row['answer']!r}"] += 1
                n_wrong += 1
            else:
                records.append(_to_record(path, row, number, untyped, left_out))
        except JSON_ERRORS as error:
            raise not_such(error, path, where=where, expected=_EXPECTED) from error
    if n_wrong and not records:
        raise BlurbError(Errors.B170.format(path=path, n=n_wrong))
    if not records:
        raise BlurbError(Errors.B107.format(path=path))
    return Split(records, counted(left_out))


def _to_record(path: Path, row: Any, number: int, untyped: str, left_out: Counter[str]) -> Record:
    where = f"line {number}"
    _count_unknown(row, "document", left_out)
    if row.get("answer", "accept") != "accept":
        left_out["values of the unknown document key 'answer'"] += 1
    doc_id = typed_id(row, "id") if "id" in row else str(number)
    document = Annotations(path, doc_id, typed(row, "text", str), left_out)
    for position, entity in enumerate(typed(row, either(row, ("entities", "spans")), list)):
        _count_unknown(entity, "entity", left_out)
        part = (typed(entity, "start", int), typed(entity, "end", int))
        label = typed_label(entity, "label", untyped=untyped)
        stored = typed(entity, "text", str) if "text" in entity else None
        document.add_mention(str(position), label, [part], stored, where=where)
    for relation in typed(row, "relations", list, default=[]):
        _count_unknown(relation, "relation", left_out)
        head, tail = (str(typed(relation, key, int)) for key in ("head", "tail"))
        label = typed_label(relation, "label", untyped=untyped)
        document.add_relation(head, tail, label, where=where)
    return document.to_record()


def _count_unknown(row: Any, kind: str, left_out: Counter[str]) -> None:
    count_unknown(row, _KEYS[kind], left_out, kind=kind)
