"""What a Doc of a file is: its id, the document that it is a part of, and what came with it."""

import json
from collections.abc import Mapping
from typing import Any

from spacy.tokens import Doc, SpanGroup

RECORD = "record"
"""Key in `doc.spans` of what a converted or annotated Doc is: attrs `id`; `group` where the Doc
is a part of a document, by which scores are counted or resampled; `title_end` where it begins with
a title; `fields`, a JSON object, where more came with the text."""


def set_record(
    doc: Doc,
    record_id: str,
    *,
    group: str = "",
    title_end: int = 0,
    fields: Mapping[str, Any] | None = None,
) -> None:
    """Write the id that prediction files name, and the document that the Doc is a part of.

    title_end (int): Characters of the title; a blank and the abstract follow. 0 without one.
    fields (Mapping): What else the source says of the document; JSON-able.
    """
    attrs: dict[str, Any] = {"id": record_id}
    if group:
        attrs["group"] = group
    if title_end:
        attrs["title_end"] = title_end
    if fields:
        # As a string: msgpack, which spaCy writes, has smaller numbers than JSON.
        attrs["fields"] = json.dumps(fields, ensure_ascii=False)
    doc.spans[RECORD] = SpanGroup(doc, name=RECORD, attrs=attrs)


def copy_record(source: Doc, target: Doc) -> None:
    """Write to a Doc what another one of the same text is."""
    attrs = dict(source.spans[RECORD].attrs)
    target.spans[RECORD] = SpanGroup(target, name=RECORD, attrs=attrs)


def document_id(doc: Doc) -> str | None:
    """Return the id that a converted Doc carries, None elsewhere."""
    group = doc.spans.get(RECORD)
    return None if group is None else group.attrs.get("id")


def document_group(doc: Doc) -> str | None:
    """Return the id of the document that a converted Doc is a part of, its own where it is whole.

    None for a Doc that carries no id.
    """
    group = doc.spans.get(RECORD)
    return None if group is None else group.attrs.get("group") or group.attrs.get("id")


def part_of(doc: Doc) -> str:
    """Return the id of the document that a Doc is a part of, "" where it is whole or unknown."""
    group = document_group(doc)
    return "" if group is None or group == document_id(doc) else group


def document_title_end(doc: Doc) -> int:
    """Return the characters of the title that a Doc begins with, 0 where none is known."""
    group = doc.spans.get(RECORD)
    return 0 if group is None else group.attrs.get("title_end", 0)


def document_fields(doc: Doc) -> dict[str, Any]:
    """Return what else the source says of the document, {} where nothing is known."""
    group = doc.spans.get(RECORD)
    fields: dict[str, Any] = json.loads("{}" if group is None else group.attrs.get("fields", "{}"))
    return fields
