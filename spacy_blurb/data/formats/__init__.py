"""The file formats that `convert-own` takes, by name."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ..records import AnyRecord, Question, Record, Split
from .annotations import REPEATED, counted
from .bioc import read_bioc
from .brat import read_brat
from .conll import read_conll
from .jsonl import read_jsonl
from .pubtator import read_linked
from .questions_jsonl import read_questions_jsonl
from .squad import read_squad


def _read_conll(path: Path, label: str) -> Split[Record]:
    return Split(list(read_conll(path, untyped=label)))


def _read_pubtator(path: Path, label: str) -> Split[Record]:
    left_out: Counter[str] = Counter()
    documents = list(read_linked(path, untyped=label, left_out=left_out))
    left_out["relations between concepts"] = sum(len(d.relations) for d in documents)
    left_out["concept ids"] = sum(len(ids) for d in documents for ids in d.concepts)
    records = []
    for record in (document.record for document in documents):
        # One with several concepts has a line for each of them.
        mentions = tuple(dict.fromkeys(record.mentions))
        left_out[REPEATED] += len(record.mentions) - len(mentions)
        records.append(replace(record, mentions=mentions))
    return Split(records, counted(left_out))


def _read_bioc(path: Path, label: str) -> Split[Record]:
    return read_bioc(path, untyped=label)


def _read_brat(path: Path, label: str) -> Split[Record]:
    return read_brat(path)


def _read_jsonl(path: Path, label: str) -> Split[Record]:
    return read_jsonl(path, untyped=label)


def _read_questions(path: Path, label: str) -> Split[Question]:
    return read_questions_jsonl(path)


def _read_squad(path: Path, label: str) -> Split[Question]:
    left_out: Counter[str] = Counter()
    records = list(read_squad(path, left_out))
    # One that the file says is not there has no text.
    misplaced = sum(start < 0 and bool(text) for r in records for start, text in r.answers)
    left_out["answers without a place"] = misplaced
    left_out["questions without an answer or is_impossible"] = sum(not r.answers for r in records)
    return Split(records, counted(left_out))


READERS: dict[str, Callable[[Path, str], Split[AnyRecord]]] = {
    "bioc": _read_bioc,
    "brat": _read_brat,
    "conll": _read_conll,
    "jsonl": _read_jsonl,
    "pubtator": _read_pubtator,
    "questions": _read_questions,
    "squad": _read_squad,
}
"""Format → reader(file or folder, label of mentions without a type)."""
