"""Which documents are kept, and on which side of the split? Decided from the tables alone.

Reasons to leave a document out, the first one that holds is counted:

    empty        no text
    excluded     its id or title is on a list, or its text is that of such a document
    deleted      PubMed withdrew it, in the same or a later file
    superseded   there is a higher version of the same PubMed record, or the same one later
    short        fewer words than `text.min_words`
    duplicate    the same text, but for white space and case, came before
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.formats.compressed import read_lines
from ..data.formats.file_hash import hash_file
from ..data.formats.id_list import read_ids
from ..errors import BlurbError, Errors
from .config import TextConfig
from .prepared import PreparedFile, normalise_title, read_prepared
from .text import Document, hash_text

REASONS = ("empty", "excluded", "deleted", "superseded", "short", "duplicate")
KEPT, NO_DOCUMENT = 0, 255
SPLITS = ("train", "held_out")


@dataclass(frozen=True)
class Selection:
    """The fate of all documents.

    fates (list[NDArray[uint8]]): Of each file's rows: 0 kept, 1 + position in `REASONS` left out,
        255 a deletion, which is no document.
    held_out (list[NDArray[bool]]): Of each file's rows, whether it is kept for measuring.
    listed (dict[str, int]): List of ids or titles → documents that it names.
    """

    fates: list[NDArray[np.uint8]]
    held_out: list[NDArray[np.bool_]]
    listed: dict[str, int]

    def rows(self, number: int, split: str) -> NDArray[np.int64]:
        """Return the positions of a file's documents of a split in its table.

        number (int): Position of the file.
        split (str): "train" or "held_out".
        """
        wanted = self.held_out[number] == (split == "held_out")
        return np.flatnonzero((self.fates[number] == KEPT) & wanted)

    def left_out(self, number: int) -> dict[str, int]:
        """Count a file's documents by the reason for which they are left out."""
        counts = np.bincount(self.fates[number], minlength=256)
        return {reason: int(counts[1 + place]) for place, reason in enumerate(REASONS)}


def describe_selection(config: TextConfig, files: list[PreparedFile]) -> dict[str, Any]:
    """Describe all that the chosen documents depend on; files by content, wherever they lie."""
    # What the ids and titles of a list may mean: a corpus of an older rule has other documents.
    id_rule = {"text.exclude_ids_rule": 2} if config.exclude_ids else {}
    title_rule = {"text.exclude_titles_rule": 2} if config.exclude_titles else {}
    return {
        **id_rule,
        **title_rule,
        "text.files": [[file.kind, file.sha256] for file in files],
        "text.held_out": config.held_out,
        "text.min_words": config.min_words,
        "text.exclude_ids": [hash_file(Path(name)) for name in config.exclude_ids],
        "text.exclude_titles": [hash_file(Path(name)) for name in config.exclude_titles],
    }


def select_documents(files: list[PreparedFile], config: TextConfig) -> Selection:
    """Decide about all documents at once; takes about 100 bytes of memory per document.

    files (list[PreparedFile]): In the order of time, where they are PubMed's.
    config (TextConfig): The rules.
    RETURNS (Selection): Documents of all files.
    RAISES (BlurbError): B100-B102 unreadable list, B107 empty list.
    """
    tables = [file.table() for file in files]
    bounds = np.cumsum([0, *map(len, tables)])

    def column(name: str) -> NDArray[Any]:
        return np.concatenate([table[name] for table in tables])

    version, words = column("version"), column("words")
    fates = np.zeros(bounds[-1], dtype=np.uint8)

    def leave_out(reason: str, where: NDArray[Any]) -> None:
        fates[where & (fates == KEPT)] = 1 + REASONS.index(reason)

    fates[version < 0] = NO_DOCUMENT
    leave_out("empty", words == 0)
    ids, texts = column("id"), column("text")
    excluded, listed = _find_excluded(ids, column("titles"), version >= 0, config)
    leave_out("excluded", excluded | np.isin(texts, texts[excluded & (words > 0)]))
    deleted, superseded = _find_outdated(ids, version)
    leave_out("deleted", deleted)
    leave_out("superseded", superseded)
    leave_out("short", words < config.min_words)
    candidates = np.flatnonzero(fates == KEPT)
    _, first = np.unique(texts[candidates], return_index=True)  # the first place of each
    is_repeated = np.ones(len(candidates), dtype=bool)
    is_repeated[first] = False
    fates[candidates[is_repeated]] = 1 + REASONS.index("duplicate")
    # Whole numbers below the limit are those below the limit rounded up.
    held_out = column("split") < np.uint64(ceil(config.held_out * 2**64))
    return Selection(np.split(fates, bounds[1:-1]), np.split(held_out, bounds[1:-1]), listed)


def require_documents(files: list[PreparedFile], selection: Selection, split: str) -> None:
    """Make sure that a split has a document.

    RAISES (BlurbError): B227 it has none.
    """
    if any(len(selection.rows(number, split)) for number in range(len(files))):
        return
    raise BlurbError(
        Errors.B227.format(
            split=split,
            documents=sum(int((fates != NO_DOCUMENT).sum()) for fates in selection.fates),
            files=", ".join(file.path for file in files[:3]) + (" …" if len(files) > 3 else ""),
            left_out=describe_left_out(sum_left_out(files, selection)) or "none",
        )
    )


def sum_left_out(files: list[PreparedFile], selection: Selection) -> dict[str, int]:
    """Count the documents of all files by the reason for which they are left out."""
    counts = [selection.left_out(number) for number in range(len(files))]
    return {reason: sum(count[reason] for count in counts) for reason in REASONS}


def describe_left_out(counts: dict[str, int]) -> str:
    """Say how many documents were left out for which reason; "" for none."""
    return ", ".join(f"{count:,} {reason}" for reason, count in counts.items() if count)


def read_split(files: list[PreparedFile], selection: Selection, split: str) -> Iterator[Document]:
    """Yield the kept documents of a split, in order."""
    for number, file in enumerate(files):
        rows = file.table()[selection.rows(number, split)]
        yield from read_prepared(file.text, rows["start"], rows["bytes"])


def _find_excluded(
    ids: NDArray[Any], titles: NDArray[Any], is_document: NDArray[Any], config: TextConfig
) -> tuple[NDArray[Any], dict[str, int]]:
    excluded = np.zeros(len(ids), dtype=bool)
    listed = {}
    for name in config.exclude_ids:
        found = np.isin(ids, _hashes(_read_listed_ids(Path(name)))) & is_document
        listed[name] = int(found.sum())
        excluded |= found
    for name in config.exclude_titles:
        lines = [normalise_title(line) for _, line in read_lines(Path(name))]
        found = np.isin(titles, _hashes(filter(None, lines))).any(axis=1) & is_document
        listed[name] = int(found.sum())
        excluded |= found
    return excluded, listed


def _read_listed_ids(path: Path) -> set[str]:
    """Return all ids that a list may mean: a document too many costs less than a leak.

    A word, also with or without the ".txt" of BLURB's lists, or a whole line: ids of JSONL may have
    blanks and commas.
    """
    words = read_ids(path)
    lines = [line.strip() for _, line in read_lines(path)]
    return {*words, *(f"{word}.txt" for word in words), *filter(None, lines)}


def _hashes(texts: Iterable[str]) -> NDArray[np.uint64]:
    return np.fromiter(map(hash_text, texts), dtype=np.uint64)


def _find_outdated(
    ids: NDArray[Any], version: NDArray[Any]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which rows a later deletion withdraws, and which a better record of the id replaces."""
    deleted = np.zeros(len(ids), dtype=bool)
    superseded = np.zeros(len(ids), dtype=bool)
    rows = np.flatnonzero(version != 0)  # of formats with versions
    if not len(rows):
        return deleted, superseded
    rows = rows[np.argsort(ids[rows], kind="stable")]  # by id, then in order of time
    starts = np.flatnonzero(np.diff(ids[rows], prepend=~ids[rows[0]]))
    lengths = np.diff(starts, append=len(rows))
    last_deletion = np.maximum.reduceat(np.where(version[rows] < 0, rows, -1), starts)
    deleted[rows] = rows < np.repeat(last_deletion, lengths)
    # Among those that are left, the highest version wins, and of equal ones the last.
    rows = rows[(version[rows] > 0) & ~deleted[rows]]
    rows = rows[np.lexsort((rows, version[rows], ids[rows]))]
    superseded[rows[:-1]] = ids[rows[:-1]] == ids[rows[1:]]
    return deleted, superseded
