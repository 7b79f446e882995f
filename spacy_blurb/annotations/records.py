"""What a converted Doc is: its id and the document that it is a part of."""

from spacy.tokens import Doc, SpanGroup

RECORD = "record"
"""Key in `doc.spans` of what a converted Doc is: attrs `id`, and `group` where scores are per
document and the Doc is a part of one."""


def set_record(doc: Doc, record_id: str, *, group: str = "") -> None:
    """Write the id that prediction files name, and the document that the Doc is a part of."""
    attrs = {"id": record_id, "group": group} if group else {"id": record_id}
    doc.spans[RECORD] = SpanGroup(doc, name=RECORD, attrs=attrs)


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
