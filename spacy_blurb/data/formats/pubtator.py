"""PubTator files: title and abstract lines, then one tab-separated line per annotation."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...errors import BlurbError, Errors
from ..records import Mention, Record
from .annotations import TRIMMED, trim
from .compressed import read_lines
from .offsets import are_offsets

_TEXT_LINE = re.compile(r"([^|\t]+)\|([ta])\|(.*)", re.DOTALL)
_EXPECTED = (
    "'ID|t|title', 'ID|a|abstract', 'ID<tab>start<tab>end<tab>mention<tab>type[<tab>concept]' "
    "or 'ID<tab>relation<tab>concept<tab>concept[<tab>Novel]'"
)
_ONE_ABSTRACT = "one abstract line a document, since the offsets count in it"

_NO_CONCEPT = ("", "-1")
_NOVELTY = ("Novel", "No")
"""BioRED's fifth column of a relation: whether it is a finding of the article."""


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


def read_pubtator(path: Path, *, left_out: Counter[str] | None = None) -> Iterator[Record]:
    """Yield one record per document; concepts and relation lines are passed over.

    path (Path): The file, plain, `.xz` or `.gz`.
    left_out (Counter[str] | None): See `read_linked`.
    YIELDS (Record): Text is title + one blank + abstract, as the offsets of the format count.
    RAISES (BlurbError): As `read_linked`.
    """
    return (document.record for document in read_linked(path, left_out=left_out))


def read_linked(
    path: Path, *, untyped: str = "", left_out: Counter[str] | None = None
) -> Iterator[LinkedDocument]:
    """Yield the documents with their concepts and relation lines.

    untyped (str): Label of mentions whose type is empty; "" if each must have one.
    left_out (Counter[str] | None): Gets the number of mentions that white space was taken off.
    RAISES (BlurbError): B105 not a PubTator line, or a second abstract, B106 offsets and text
        disagree, B107 no document in the file, B165 a mention ends behind the text or is white
        space, and what `read_lines` raises.
    """
    left_out = Counter() if left_out is None else left_out
    empty = True
    block: list[tuple[int, str]] = []
    for number, line in read_lines(path):
        # Some distributions separate documents by nothing but the next title line.
        if block and (not line.strip() or _is_title(line)):
            yield _to_document(path, block, untyped, left_out)
            block = []
        if line.strip():
            empty = False
            block.append((number, line))
    if block:
        yield _to_document(path, block, untyped, left_out)
    if empty:
        raise BlurbError(Errors.B107.format(path=path))


def _is_title(line: str) -> bool:
    match = _TEXT_LINE.match(line)
    return match is not None and match[2] == "t"


def _to_document(
    path: Path, block: list[tuple[int, str]], untyped: str, left_out: Counter[str]
) -> LinkedDocument:
    doc_id, text, annotations = _parse_block(path, block)
    linked, relations = [], []
    for number, line in annotations:
        cells = line.split("\t")
        if _is_relation(cells):
            relations.append((cells[1], cells[2], cells[3]))
        else:
            mention = _to_mention(path, number, line, text, doc_id, untyped)
            left_out[TRIMMED] += (mention.start, mention.end) != (int(cells[1]), int(cells[2]))
            concepts = cells[5].split("|") if len(cells) > 5 else []
            linked.append((mention, tuple(c for c in concepts if c not in _NO_CONCEPT)))
    linked.sort(key=lambda item: (item[0].start, item[0].end))
    record = Record(doc_id, text, tuple(mention for mention, _ in linked))
    return LinkedDocument(record, tuple(ids for _, ids in linked), tuple(relations))


def _parse_block(
    path: Path, block: list[tuple[int, str]]
) -> tuple[str, str, list[tuple[int, str]]]:
    """Return a document's id, its text, and its annotation lines with their numbers."""
    doc_id, annotations = "", []
    parts: dict[str, str] = {}
    for number, line in block:
        match = _TEXT_LINE.match(line)
        if match and doc_id in ("", match[1]):
            if match[2] in parts:
                raise _not_pubtator(path, number, line, _ONE_ABSTRACT)
            doc_id = match[1]
            parts[match[2]] = match[3]
        elif doc_id and line.startswith(f"{doc_id}\t"):
            annotations.append((number, line))
        else:
            raise _not_pubtator(path, number, line)
    return doc_id, f"{parts.get('t', '')} {parts.get('a', '')}", annotations


def _is_relation(cells: list[str]) -> bool:
    """Tell a relation from a mention, whose second cell is a number.

    What is wrong in a mention, such as a negative offset, must not make it a relation.
    """
    if not cells[1][:1].isalpha():
        return False
    return len(cells) == 4 or (len(cells) == 5 and cells[4].strip() in _NOVELTY)


def _to_mention(
    path: Path, number: int, line: str, text: str, doc_id: str, untyped: str
) -> Mention:
    """Check a mention against the text and return it without white space at its ends."""
    cells = line.split("\t")
    label = (cells[4].strip() or untyped) if len(cells) > 4 else ""
    if not label or not are_offsets(cells[1:3]):
        raise _not_pubtator(path, number, line)
    start, end, stored = int(cells[1]), int(cells[2]), cells[3]
    found = text[start:end]
    # Public files repeat the mention with other white space than the text has.
    if not found or found.split() != stored.split():
        raise BlurbError(
            Errors.B106.format(
                path=path, line=number, doc_id=doc_id, start=start, end=end, found=found[:80],
                stored=stored[:80],
            )
        )  # fmt: skip
    first, last = trim(text, start, end)
    if end > len(text) or first == last:
        raise BlurbError(
            Errors.B165.format(
                path=path, where=f"line {number}", doc_id=doc_id, start=start, end=end,
                length=len(text),
            )
        )  # fmt: skip
    return Mention(first, last, label)


def _not_pubtator(path: Path, number: int, line: str, expected: str = _EXPECTED) -> BlurbError:
    return BlurbError(Errors.B105.format(path=path, line=number, text=line[:80], expected=expected))
