"""PubTator files: title and abstract lines, then one tab-separated line per annotation."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...errors import BlurbError, Errors
from ..records import Mention, Record
from .compressed import read_lines

_TEXT_LINE = re.compile(r"([^|\t]+)\|([ta])\|(.*)", re.DOTALL)
_EXPECTED = (
    "'ID|t|title', 'ID|a|abstract', 'ID<tab>start<tab>end<tab>mention<tab>type[<tab>concept]' "
    "or 'ID<tab>relation<tab>concept<tab>concept'"
)


_NO_CONCEPT = ("", "-1")


@dataclass(frozen=True, slots=True)
class LinkedDocument:
    """A document with the concepts that its mentions are linked to.

    concepts (tuple[tuple[str, ...], ...]): Ids of each of the record's mentions; none where it has
        no concept ("-1"), several where it names several ("D1|D2").
    relations (tuple[tuple[str, str, str], ...]): Relation lines: type and two concept ids.
    """

    record: Record
    concepts: tuple[tuple[str, ...], ...]
    relations: tuple[tuple[str, str, str], ...]


def read_pubtator(path: Path) -> Iterator[Record]:
    """Yield one record per document; concepts and relation lines are passed over.

    path (Path): The file, plain, `.xz` or `.gz`.
    YIELDS (Record): Text is title + one blank + abstract, as the offsets of the format count.
    RAISES (BlurbError): As `read_linked`.
    """
    return (document.record for document in read_linked(path))


def read_linked(path: Path) -> Iterator[LinkedDocument]:
    """Yield the documents with their concepts and relation lines.

    RAISES (BlurbError): B105 not a PubTator line, B106 offsets and text disagree, B107 no document
        in the file, and what `read_lines` raises.
    """
    empty = True
    block: list[tuple[int, str]] = []
    for number, line in read_lines(path):
        # Some distributions separate documents by nothing but the next title line.
        if block and (not line.strip() or _is_title(line)):
            yield _to_document(path, block)
            block = []
        if line.strip():
            empty = False
            block.append((number, line))
    if block:
        yield _to_document(path, block)
    if empty:
        raise BlurbError(Errors.B107.format(path=path))


def _is_title(line: str) -> bool:
    match = _TEXT_LINE.match(line)
    return match is not None and match[2] == "t"


def _to_document(path: Path, block: list[tuple[int, str]]) -> LinkedDocument:
    doc_id, parts, annotations = "", {"t": "", "a": ""}, []
    for number, line in block:
        match = _TEXT_LINE.match(line)
        if match and doc_id in ("", match[1]):
            doc_id = match[1]
            parts[match[2]] = match[3]
        elif doc_id and line.startswith(f"{doc_id}\t"):
            annotations.append((number, line))
        else:
            raise _not_pubtator(path, number, line)
    text = f"{parts['t']} {parts['a']}"
    linked, relations = [], []
    for number, line in annotations:
        cells = line.split("\t")
        if len(cells) == 4 and not cells[1].isdigit():
            relations.append((cells[1], cells[2], cells[3]))
        else:
            mention = _to_mention(path, number, line, text, doc_id)
            concepts = cells[5].split("|") if len(cells) > 5 else []
            linked.append((mention, tuple(c for c in concepts if c not in _NO_CONCEPT)))
    linked.sort(key=lambda item: (item[0].start, item[0].end))
    record = Record(doc_id, text, tuple(mention for mention, _ in linked))
    return LinkedDocument(record, tuple(ids for _, ids in linked), tuple(relations))


def _to_mention(path: Path, number: int, line: str, text: str, doc_id: str) -> Mention:
    cells = line.split("\t")
    if len(cells) < 5 or not (cells[1].isdecimal() and cells[2].isdecimal()):
        raise _not_pubtator(path, number, line)
    start, end, stored, label = int(cells[1]), int(cells[2]), cells[3], cells[4]
    found = text[start:end]
    # Public files repeat the mention with other white space than the text has.
    if not found or found.split() != stored.split():
        raise BlurbError(
            Errors.B106.format(
                path=path, line=number, doc_id=doc_id, start=start, end=end, found=found[:80],
                stored=stored[:80],
            )
        )  # fmt: skip
    return Mention(start, end, label)


def _not_pubtator(path: Path, number: int, line: str) -> BlurbError:
    return BlurbError(
        Errors.B105.format(path=path, line=number, text=line[:80], expected=_EXPECTED)
    )
