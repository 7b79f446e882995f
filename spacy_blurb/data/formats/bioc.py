"""BioC, as XML or as JSON: documents of passages, with annotations at absolute offsets."""

import json
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from ...errors import BlurbError, Errors
from ..records import Record, Split
from .annotations import Annotations, Part, counted
from .compressed import read_chunks
from .json_values import JSON_ERRORS, not_such, typed, typed_id, typed_label
from .xml_elements import read_elements

_EXPECTED = (
    "BioC: documents with an id and passages; passages with an offset and a text or sentences; "
    "annotations with infons and locations of offset and length; relations with nodes and refids"
)


def read_bioc(path: Path, *, untyped: str) -> Split[Record]:
    """Read all documents of a BioC file, XML or JSON by its first character.

    The text of a document is its passages (or their sentences), set apart by one blank where the
    offsets leave a gap, so that offsets are the file's own where passages stand one character
    apart, as usual. The label is the infon "type"; the head of a relation is its first node.
    Annotations without location, relations of relations or with other than two nodes, and other
    infons of annotations and relations are counted as left out; those of documents and passages
    are not read.

    path (Path): The file, plain, `.xz` or `.gz`.
    untyped (str): Label of annotations and relations without the infon "type".
    RAISES (BlurbError): B102 JSON that is not UTF-8, B107 no document in the file, B164 and B165
        offsets and text disagree, B167 not BioC, B168 a relation of an unknown annotation, and what
        `read_elements` raises.
    """
    left_out: Counter[str] = Counter()
    records = []
    first = next(read_chunks(path), b"").removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    documents = _json_documents(path) if first in (b"{", b"[") else _xml_documents(path)
    for where, document in documents:
        try:
            source = _from_xml(document) if isinstance(document, Element) else document
            records.append(_Document(path, where, source, untyped, left_out).to_record())
        except JSON_ERRORS as error:
            raise not_such(error, path, where=where, expected=_EXPECTED) from error
    if not records:
        raise BlurbError(Errors.B107.format(path=path))
    return Split(records, counted(left_out))


class _Document:
    """One document in the shape of BioC JSON."""

    def __init__(
        self, path: Path, where: str, source: Any, untyped: str, left_out: Counter[str]
    ) -> None:
        self._path = path
        self._where = where
        self._untyped = untyped
        self._left_out = left_out
        self._id = typed_id(source, "id")
        passages = typed(source, "passages", list, default=[])
        sentences = [typed(passage, "sentences", list, default=[]) for passage in passages]
        self._texts = _Texts()
        for passage, parts in zip(passages, sentences, strict=True):
            for unit in [passage] if typed(passage, "text", str, default="") else parts:
                self._texts.add(typed(unit, "offset", int), typed(unit, "text", str, default=""))
        holders = [source, *passages, *(part for parts in sentences for part in parts)]
        self._annotations = [a for h in holders for a in typed(h, "annotations", list, default=[])]
        self._relations = [r for h in holders for r in typed(h, "relations", list, default=[])]

    def to_record(self) -> Record:
        document = Annotations(self._path, self._id, self._texts.join(), self._left_out)
        for annotation in self._annotations:
            self._add_mention(document, annotation)
        names = {str(annotation.get("id")) for annotation in self._annotations}
        relation_ids = {str(relation.get("id")) for relation in self._relations} - names
        for relation in self._relations:
            nodes = [typed_id(node, "refid") for node in typed(relation, "nodes", list, default=[])]
            label = self._label(relation)
            if len(nodes) != 2:
                self._left_out["relations with other than two nodes"] += 1
            elif relation_ids & set(nodes):
                self._left_out["relations of relations"] += 1
            else:
                where = f"{self._where}, relation {relation.get('id')!r}"
                document.add_relation(nodes[0], nodes[1], label, where=where)
        return document.to_record()

    def _add_mention(self, document: Annotations, annotation: Any) -> None:
        locations = typed(annotation, "locations", list, default=[])
        if not locations:
            self._left_out["annotations without location"] += 1
            return
        name = str(annotation.get("id"))
        where = f"{self._where}, annotation {name!r}"
        parts = []
        for location in locations:
            start = typed(location, "offset", int)
            end = start + typed(location, "length", int)
            if (part := self._texts.locate(start, end)) is None:
                found = {"start": start, "end": end, "length": self._texts.length}
                raise BlurbError(
                    Errors.B165.format(path=self._path, where=where, doc_id=self._id, **found)
                )
            parts.append(part)
        parts.sort()
        label, stored = self._label(annotation), typed(annotation, "text", str, default=None)
        document.add_mention(name, label, parts, stored, where=where)

    def _label(self, item: Any) -> str:
        infons = typed(item, "infons", dict, default={})
        self._left_out['infons other than "type"'] += len(infons.keys() - {"type"})
        return typed_label(infons, "type", untyped=self._untyped)


class _Texts:
    """Joins the texts of a document and finds the file's offsets in the result."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._sources: list[int] = []
        self._starts: list[int] = []
        self._end = 0
        self.length = 0

    def add(self, offset: int, text: str) -> None:
        """Add the next text.

        RAISES: ValueError it begins before the one before it ends.
        """
        if not text:
            return
        if self._pieces and offset < self._end:
            raise ValueError(f"the text at offset {offset} begins before {self._end}, the last end")
        if self._pieces and offset > self._end:
            self._pieces.append(" ")
            self.length += 1
        self._sources.append(offset)
        self._starts.append(self.length)
        self._pieces.append(text)
        self.length += len(text)
        self._end = offset + len(text)

    def join(self) -> str:
        return "".join(self._pieces)

    def locate(self, start: int, end: int) -> Part | None:
        """Return where the characters of two of the file's offsets stand, None for outside."""
        first = bisect_right(self._sources, start) - 1
        last = bisect_left(self._sources, end) - 1
        if first < 0 or last < first:
            return None
        own_start = self._starts[first] + start - self._sources[first]
        own_end = self._starts[last] + end - self._sources[last]
        # A unit ends where the next one begins, the blank between them included.
        ends = [*self._starts[1:], self.length]
        return (own_start, own_end) if own_start < ends[first] and own_end <= ends[last] else None


def _xml_documents(path: Path) -> Iterator[tuple[str, Any]]:
    for element in read_elements(path, {"document"}):
        yield f"line {element.line}", element.node


def _json_documents(path: Path) -> Iterator[tuple[str, Any]]:
    content = b"".join(read_chunks(path))
    try:
        data = json.loads(content.decode("utf-8-sig"))
        collections = data if isinstance(data, list) else [data]
        documents = [document for item in collections for document in _listed(item)]
    except UnicodeDecodeError as error:
        raise BlurbError(Errors.B102.format(path=path, byte=error.start)) from error
    except JSON_ERRORS as error:
        raise not_such(error, path, where="the whole file", expected=_EXPECTED) from error
    for number, document in enumerate(documents, start=1):
        yield f"document number {number}", document


def _listed(item: Any) -> list[Any]:
    """Return the documents of a collection; a list may also hold documents themselves.

    PubTator's web service calls the list "PubTator3".
    """
    if isinstance(item, dict) and "passages" in item:
        return [item]
    key = "PubTator3" if isinstance(item, dict) and "PubTator3" in item else "documents"
    documents: list[Any] = typed(item, key, list)
    return documents


def _from_xml(node: Element) -> dict[str, Any]:
    """Bring an element and what is in it into the shape of BioC JSON."""
    item: dict[str, Any] = {
        "infons": {infon.get("key"): infon.text or "" for infon in node.findall("infon")},
        "nodes": [dict(child.attrib) for child in node.findall("node")],
        "locations": [
            {"offset": int(child.attrib["offset"]), "length": int(child.attrib["length"])}
            for child in node.findall("location")
        ],
    }
    for tag in ("passage", "sentence", "annotation", "relation"):
        item[f"{tag}s"] = [_from_xml(child) for child in node.findall(tag)]
    for tag in ("id", "text", "offset"):
        if (child := node.find(tag)) is not None:
            text = "".join(child.itertext())
            item[tag] = int(text) if tag == "offset" else text
    return {**item, **node.attrib}
