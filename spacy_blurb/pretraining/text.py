"""What is read? Documents of sentences, from text, JSONL, PubMed XML or MEDLINE text."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..data.formats.compressed import read_lines
from ..data.formats.json_values import JSON_ERRORS, not_such, typed, typed_id
from ..data.formats.medline import read_medline
from ..data.formats.pubmed_xml import Article, Deletion, read_pubmed_xml
from ..errors import BlurbError, Errors
from .sentences import split_sentences

Document = list[str]
MAX_DOCUMENT_BYTES = 32 << 20
"""Of the sentences of a document; a whole book has about one megabyte. What is longer is a file
without empty lines, and would lie in memory as one document."""

_EXPECTED = (
    'one object per line such as {"id": "1", "text": "..."}; "id" may be missing, other keys do '
    "not matter"
)


@dataclass(frozen=True, slots=True)
class SourceText:
    """A document of a file, or an order to delete one.

    sentences (list[str]): Without line ends; none for an article without title and abstract.
    id (str): PMID or JSONL id; "" where the source has none.
    version (int): Of a PubMed record, from 1; 0 where a format has no versions; -1 for a deletion.
    """

    sentences: Document
    id: str = ""
    version: int = 0


def read_documents(paths: Iterable[Path]) -> Iterator[Document]:
    """Yield the documents of all files, in order.

    paths (Iterable[Path]): One sentence per line, an empty line between documents; plain, `.xz`
        or `.gz`. A file's end also ends a document.
    RAISES (BlurbError): B100-B102 unreadable file, B180 a line too long to hold, B205 no text in
        any of the files, B228 no empty line in far too much text.
    """
    paths = list(paths)
    is_empty = True
    for path in paths:
        for text in _read_text(path):
            is_empty = False
            yield text.sentences
    if is_empty:
        raise BlurbError(Errors.B205.format(paths=", ".join(map(str, paths))))


def read_source(path: Path, kind: str) -> Iterator[SourceText]:
    """Yield the documents and deletions of one file, in its order.

    path (Path): The file, plain, `.xz` or `.gz`.
    kind (str): A key of `READERS`.
    RAISES (BlurbError): B100-B102 unreadable file, B107 a file without articles, B160-B163 not
        such XML or MEDLINE text, B167 not such a JSON object, B180 a line and B228 a document too
        long to hold.
    """
    return READERS[kind](path)


def find_kind(path: Path, text_format: str) -> str:
    """Tell how a file is to be read.

    path (Path): The file; its name decides where the format is "auto".
    text_format (str): `text.format` of the config.
    RETURNS (str): A key of `READERS`.
    RAISES (BlurbError): B220 a name that does not tell.
    """
    if text_format != "auto":
        return text_format
    name = path.name.lower().removesuffix(".xz").removesuffix(".gz")
    kind = _SUFFIXES.get(Path(name).suffix)
    if kind is None:
        known = ", ".join(_SUFFIXES)
        raise BlurbError(Errors.B220.format(path=path, suffixes=known, formats=", ".join(READERS)))
    return kind


def find_files(patterns: Iterable[str]) -> list[Path]:
    """List the files of `text.files` in order; those of a pattern with `*` by name.

    RAISES (BlurbError): B205 a file that is not there, or a pattern that none matches.
    """
    files = []
    for pattern in patterns:
        path = Path(pattern)
        found = [path] if path.is_file() else []
        if not found and "*" in pattern:
            try:
                found = sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
            except ValueError:  # "**" beside other letters
                found = []
        if not found:
            raise BlurbError(Errors.B205.format(paths=pattern))
        files += found
    return files


def is_held_out(document: Document, share: float) -> bool:
    """Tell whether a document is kept for measuring.

    The text itself decides: the answer survives a new order of files, and two copies of a
    document are never on both sides.

    document (Document): Its sentences.
    share (float): Share of documents held out, 0-1.
    RETURNS (bool): True for held-out, False for training.
    """
    return hash_text("\n".join(document)) < share * 2**64


def hash_text(text: str) -> int:
    """Return 64 bits that stand for a text."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8"), digest_size=8).digest(), "big")


def _read_text(path: Path) -> Iterator[SourceText]:
    document: Document = []
    first_line = size = 0
    for number, line in read_lines(path, max_bytes=MAX_DOCUMENT_BYTES):
        if sentence := line.strip():
            first_line = first_line if document else number
            document.append(sentence)
            size += len(sentence)
            _check_size(size, path, first_line)
        elif document:
            yield SourceText(document)
            document, size = [], 0
    if document:
        yield SourceText(document)


def _read_jsonl(path: Path) -> Iterator[SourceText]:
    for number, line in read_lines(path, max_bytes=MAX_DOCUMENT_BYTES):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            text = typed(row, "text", str)
            text_id = typed_id(row, "id") if "id" in row else ""
        except JSON_ERRORS as error:
            raise not_such(error, path, where=f"line {number}", expected=_EXPECTED) from error
        yield SourceText(split_sentences(text), text_id)


def _read_pubmed(path: Path) -> Iterator[SourceText]:
    for record in read_pubmed_xml(path):
        if isinstance(record, Deletion):
            yield SourceText([], record.pmid, -1)
        else:
            yield _to_source(record)


def _read_medline(path: Path) -> Iterator[SourceText]:
    return map(_to_source, read_medline(path))


def _to_source(article: Article) -> SourceText:
    title = [article.title] if article.title else []
    return SourceText([*title, *split_sentences(article.abstract)], article.pmid, article.version)


def _check_size(size: int, path: Path, line: int) -> None:
    if size > MAX_DOCUMENT_BYTES:
        limit = MAX_DOCUMENT_BYTES >> 20
        raise BlurbError(Errors.B228.format(path=path, line=line, limit=limit))


READERS: dict[str, Callable[[Path], Iterator[SourceText]]] = {
    "text": _read_text,
    "jsonl": _read_jsonl,
    "pubmed": _read_pubmed,
    "medline": _read_medline,
}
"""Name of a format → its reader."""
_SUFFIXES = {
    ".txt": "text",
    ".jsonl": "jsonl",
    ".xml": "pubmed",
    ".nbib": "medline",
    ".medline": "medline",
}
