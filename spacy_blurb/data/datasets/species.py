"""What LINNAEUS and Species-800 share: a text a file, one table of mentions, a split by others."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...errors import BlurbError, Errors
from ..formats.compressed import find_file
from ..formats.id_list import read_ids
from ..records import Mention, Record, Split

LABEL = "Species"
_LISTS = {"train": "train.txt", "dev": "devel.txt", "test": "test.txt"}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table.

    path (str): Where it stands, for error messages.
    line (int): Its number, from 1.
    doc_id (str): Name of the text.
    start (int): First character.
    end (int): The one behind the last.
    stored (str): The mention as the table has it.
    """

    path: str
    line: int
    doc_id: str
    start: int
    end: int
    stored: str


def read_split_ids(folder: Path, split: str, *, task: str, source: str) -> list[str]:
    """Return the document ids of a split.

    source (str): Who published the lists, for the error message.
    RAISES (BlurbError): B132 there is no list.
    """
    names = [f"split/{_LISTS[split]}", _LISTS[split]]
    for name in names:
        if (path := find_file(folder, name)) is not None:
            return read_ids(path)
    looked = ", ".join(names)
    raise BlurbError(Errors.B132.format(folder=folder, task=task, looked=looked, source=source))


def to_split(
    folder: Path, task: str, ids: list[str], texts: Mapping[str, str], rows: Iterable[Row]
) -> Split[Record]:
    """Put the mentions of the table to their texts.

    ids (list[str]): Documents of the split.
    texts (Mapping[str, str]): Document → text.
    rows (Iterable[Row]): All lines of the table; a mention that is there twice counts once.
    RETURNS (Split): A record per id, also where no species is mentioned.
    RAISES (BlurbError): B135 a mention of no document, B155 a listed document is missing, B164
        the text at the offsets is another one.
    """
    if missing := [doc_id for doc_id in ids if doc_id not in texts]:
        raise BlurbError(
            Errors.B155.format(
                folder=folder,
                n=len(missing),
                task=task,
                listed="the split list",
                example=missing[0],
            )
        )
    found: dict[str, list[Mention]] = {doc_id: [] for doc_id in texts}
    repeated = 0
    wanted = set(ids)
    for row in rows:
        if row.doc_id not in found:
            raise BlurbError(Errors.B135.format(path=row.path, line=row.line, doc_id=row.doc_id))
        text = texts[row.doc_id][row.start : row.end]
        if not text or text.split() != row.stored.split():
            raise BlurbError(
                Errors.B164.format(
                    path=row.path, where=f"line {row.line}", doc_id=row.doc_id, start=row.start,
                    end=row.end, found=text[:80], stored=row.stored[:80],
                )
            )  # fmt: skip
        mention = Mention(row.start, row.end, LABEL)
        if mention in found[row.doc_id]:
            repeated += row.doc_id in wanted
        else:
            found[row.doc_id].append(mention)
    records = [
        Record(doc_id, texts[doc_id], tuple(sorted(found[doc_id], key=lambda m: (m.start, m.end))))
        for doc_id in ids
    ]
    return Split(records, {"repeated mentions": repeated} if repeated else {})
