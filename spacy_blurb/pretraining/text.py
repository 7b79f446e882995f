"""What is read? Documents of sentences, each on one side of the split for good."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..data.formats.compressed import read_lines
from ..errors import BlurbError, Errors

Document = list[str]


def read_documents(paths: Iterable[Path]) -> Iterator[Document]:
    """Yield the documents of all files, in order.

    paths (Iterable[Path]): One sentence per line, an empty line between documents; plain, `.xz`
        or `.gz`. A file's end also ends a document.
    RAISES (BlurbError): B100-B102 unreadable file, B205 no text in any of the files.
    """
    paths = list(paths)
    is_empty = True
    for path in paths:
        document: Document = []
        for _, line in read_lines(path):
            sentence = line.strip()
            if sentence:
                document.append(sentence)
            elif document:
                is_empty = False
                yield document
                document = []
        if document:
            is_empty = False
            yield document
    if is_empty:
        raise BlurbError(Errors.B205.format(paths=", ".join(map(str, paths))))


def is_held_out(document: Document, share: float) -> bool:
    """Tell whether a document is kept for measuring.

    The text itself decides: the answer survives a new order of files, and two copies of a
    document are never on both sides.

    document (Document): Its sentences.
    share (float): Share of documents held out, 0-1.
    RETURNS (bool): True for held-out, False for training.
    """
    digest = hashlib.blake2b("\n".join(document).encode("utf-8"), digest_size=8).digest()
    return int.from_bytes(digest, "big") < share * 2**64
