"""One parsed item of a dataset, before spaCy: five schemas that all readers share.

Offsets always count characters of the record's own text. Invariants that hold for every record of
every dataset are in `checks.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar


@dataclass(frozen=True, slots=True)
class Mention:
    """An entity occurrence.

    start (int): Offset of its first character in the text.
    end (int): Offset behind its last character; of a discontinuous mention, behind its last part.
    label (str): Entity type, for example "Disease".
    """

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class Relation:
    """A labelled pair of mentions, or a pair that is an instance and has no relation.

    head (int): Index of a mention in the record's `mentions`.
    tail (int): Index of the other one.
    label (str): Relation type, or the dataset's name for none ("false").
    id (str): Name of the instance where the distribution names it.
    concepts (tuple[str, str] | None): Where the relation is between concepts, these; head and tail
        are mentions that stand for them.
    """

    head: int
    tail: int
    label: str
    id: str = ""
    concepts: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A document or sentence with its entities and the relations between them.

    id (str): Unique within its split.
    text (str): The text that all offsets count in.
    mentions (tuple[Mention, ...]): All gold mentions in text order; overlaps are kept.
    words (tuple[tuple[int, int], ...] | None): Offsets of the words where the source is
        tokenised and does not say how the text was spaced, None where it is running text.
    relations (tuple[Relation, ...]): All instances of a relation dataset, negative ones included.
    sentences (tuple[int, ...] | None): Offsets at which sentences begin where the dataset's
        protocol splits them, (0,) where the record is a sentence, None where nothing is known.
    concepts (tuple[tuple[str, ...], ...] | None): Ids of each mention, where relations are between
        concepts.
    document (str): Of a sentence, or of a pair's row, which document it is from, where the source
        says it; else "". Scores are resampled by it.
    """

    id: str
    text: str
    mentions: tuple[Mention, ...] = ()
    words: tuple[tuple[int, int], ...] | None = None
    relations: tuple[Relation, ...] = ()
    sentences: tuple[int, ...] | None = None
    concepts: tuple[tuple[str, ...], ...] | None = None
    document: str = ""


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A text with the labels that hold for it, none or several.

    labels (tuple[str, ...]): Those that hold.
    group (str): Id of the document that the text is a part of, where scores are per document or
        resampled by it.
    """

    id: str
    text: str
    labels: tuple[str, ...]
    group: str = ""


@dataclass(frozen=True, slots=True)
class TextPair:
    """Two texts and how similar they are.

    score (float): In the dataset's own range.
    """

    id: str
    first: str
    second: str
    score: float


@dataclass(frozen=True, slots=True)
class Question:
    """A question on a text.

    context (str): What it is asked about; empty where the dataset gives none.
    label (str): The answer of a closed question ("yes", "no", "maybe"; of a multiple-choice one
        the index of the right option), "" for an extractive one.
    answers (tuple[tuple[int, str], ...]): Gold answers of an extractive question: offset in the
        context (-1 where the string is not in it) and text; one without text says that the context
        has none.
    options (tuple[str, ...]): The choices of a multiple-choice question.
    group (str): Id of the question where it is asked of several contexts and scored once.
    """

    id: str
    question: str
    context: str
    label: str = ""
    answers: tuple[tuple[int, str], ...] = ()
    options: tuple[str, ...] = ()
    group: str = ""


@dataclass(frozen=True, slots=True)
class Article:
    """A published article without annotations.

    pmid (str): Its PubMed id; "" for a full text that states none.
    title (str): On one line, markup flattened.
    abstract (str): Likewise, "LABEL: text" for each part of a structured one; "" without one.
    version (int): Of the PubMed record, from 1; a journal that revises articles has several.
    """

    pmid: str
    title: str
    abstract: str
    version: int = 1


@dataclass(frozen=True, slots=True)
class Deletion:
    """A PubMed record that an update file withdraws.

    pmid (str): Of the article that earlier files may hold.
    """

    pmid: str


AnyRecord: TypeAlias = Record | LabelledText | TextPair | Question

R = TypeVar("R", bound=AnyRecord, covariant=True)


@dataclass(frozen=True, slots=True)
class Split(Generic[R]):
    """The records of one split and what its reader left out.

    records (Sequence): All of one schema, in file order.
    left_out (dict[str, int]): Reason → number of documents or mentions not taken over.
    """

    records: Sequence[R]
    left_out: dict[str, int] = field(default_factory=dict)
