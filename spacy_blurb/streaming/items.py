"""What flows: documents, what is wrong with others, batches of both."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Item:
    """A document to annotate; plain data, so that it can go to another process.

    file (str): Its file, relative to the input.
    record (int): Its number in the file, from 1; of a text or JSONL file the line.
    id (str): Of the document; not checked to be unique.
    text (str): What is annotated; offsets count its characters.
    title_end (int): Characters of the title; a blank and the abstract follow. 0 without one.
    fields (dict): What else the source says of it; JSON-able.
    questions (list[dict]): To be answered: {"id", "question", "options"}.
    group (str): Of a DocBin, the document that it is a part of; "" where it is whole.
    doc (bytes): Of a DocBin, the Doc; b"" elsewhere.
    """

    file: str
    record: int
    id: str
    text: str
    title_end: int = 0
    fields: dict[str, Any] = field(default_factory=dict)
    questions: list[dict[str, Any]] = field(default_factory=list)
    group: str = ""
    doc: bytes = b""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that cannot be annotated.

    file (str), record (int): As of an `Item`.
    reason (str): Coded message.
    """

    file: str
    record: int
    reason: str


class Position(NamedTuple):
    """How far the input is read.

    file (int): Index of the file.
    records (int): Items and rejected ones that are read of it.
    """

    file: int
    records: int


START = Position(0, 0)


@dataclass(frozen=True, slots=True)
class Batch:
    """Documents that pass through the pipeline together, and the rejected ones between them.

    end (Position): Where the next batch begins.
    """

    items: list[Item]
    rejected: list[Rejected]
    end: Position


@dataclass(frozen=True, slots=True)
class Annotated:
    """What became of a batch.

    payload (bytes): Its documents in the output's format.
    documents (int), words (int): Annotated ones, and what white space divides in them.
    rejected (list[Rejected]): Those that the pipeline failed on.
    """

    payload: bytes
    documents: int
    words: int
    rejected: list[Rejected]
