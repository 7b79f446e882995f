"""MedConceptsQA (Shoham and Rappoport 2024): what does a medical code mean? Four options."""

from collections.abc import Iterator
from pathlib import Path

from ...errors import BlurbError, Errors
from ..formats.compressed import find_file
from ..formats.csv_file import read_csv
from ..formats.json_file import read_json_lines, take
from ..records import Question, Split
from .distribution import missing_files

TASK = "medconceptsqa"
LETTERS = ("A", "B", "C", "D")
VOCABULARIES = ("icd9cm", "icd10cm", "icd9proc", "icd10proc", "atc")
LEVELS = ("easy", "medium", "hard")

_OPTIONS = ("option1", "option2", "option3", "option4")
_COLUMNS = ("question_id", "answer_id", *_OPTIONS, "question", "vocab", "level")
_FOLDERS = tuple(f"{vocabulary}_{level}" for vocabulary in VOCABULARIES for level in LEVELS)


def read_medconceptsqa(folder: Path, split: str, form: str) -> Split[Question]:
    """Read one split: test holds the questions, dev the shots, train is empty.

    The published tables are Parquet; they are read as CSV or JSONL with the same columns, under
    the names `SPLIT.csv` or `SPLIT.jsonl` in the folder, in `all/`, or in `icd9cm_easy/` and the
    other folders of a vocabulary and a level. The question keeps its published wording, which
    repeats the options. Ids are "SPLIT-VOCABULARY-LEVEL-N".

    RAISES (BlurbError): B107 no question in a file, B109 no file, B151 a question without its
        parts, B158 form "blurb", and what the format's readers raise.
    """
    if form == "blurb":
        raise BlurbError(Errors.B158.format(task=TASK))
    if split == "train":
        return Split([])
    if (path := _find_table(folder, split) or _find_table(folder / "all", split)) is not None:
        return Split(list(_read_table(path, split)))
    paths = [path for name in _FOLDERS if (path := _find_table(folder / name, split))]
    if not paths:
        looked = f"{split}.csv, {split}.jsonl, also in all/, {', '.join(f'{n}/' for n in _FOLDERS)}"
        raise missing_files(folder, looked, task=TASK, form=form)
    missing = len(_FOLDERS) - len(paths)
    left_out = {"vocabularies and levels without a file": missing} if missing else {}
    return Split([record for path in paths for record in _read_table(path, split)], left_out)


def _find_table(folder: Path, split: str) -> Path | None:
    return find_file(folder, f"{split}.csv") or find_file(folder, f"{split}.jsonl")


def _read_table(path: Path, split: str) -> Iterator[Question]:
    empty = True
    for number, row in _read_rows(path):
        empty = False
        where = f"line {number}"
        if row["answer_id"] not in LETTERS:
            raise BlurbError(
                Errors.B151.format(
                    path=path, where=where, expected="answer_id A to D", found=row["answer_id"]
                )
            )
        yield Question(
            f"{split}-{row['vocab']}-{row['level']}-{row['question_id']}",
            row["question"].strip(),
            "",
            str(LETTERS.index(row["answer_id"])),
            options=tuple(row[option] for option in _OPTIONS),
        )
    if empty:
        raise BlurbError(Errors.B107.format(path=path))


def _read_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    if ".csv" in path.name:
        yield from read_csv(path, _COLUMNS)
        return
    for number, item in read_json_lines(path):
        where = f"line {number}"
        row = {name: take(item, name, str, path, where) for name in _COLUMNS[1:]}
        # The tables count questions; only here the number keeps its type.
        yield number, row | {"question_id": str(take(item, "question_id", int, path, where))}
