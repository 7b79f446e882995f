"""MedQA (Jin et al. 2020): questions of the US medical licensing exam with four options."""

from pathlib import Path
from typing import Any

from ...errors import BlurbError, Errors
from ..formats.json_file import read_json_lines, take
from ..records import Question, Split
from .distribution import require_file

TASK = "medqa"
LETTERS = ("A", "B", "C", "D")


def read_medqa(folder: Path, split: str, form: str) -> Split[Question]:
    """Read one split of the four-option version; ids are "SPLIT-N", N the line from 1.

    RAISES (BlurbError): B107 no question in the file, B109 the file is missing, B151 a question
        without its parts, B158 form "blurb", and what the format's reader raises.
    """
    if form == "blurb":
        raise BlurbError(Errors.B158.format(task=TASK))
    name = f"phrases_no_exclude_{split}.jsonl"
    inner = f"questions/US/4_options/{name}"
    names = [name, f"4_options/{name}", inner, f"data_clean/{inner}"]
    path = require_file(folder, names, task=TASK, form=form)
    records = [_to_question(path, split, *line) for line in read_json_lines(path)]
    if not records:
        raise BlurbError(Errors.B107.format(path=path))
    return Split(records)


def _to_question(path: Path, split: str, number: int, item: dict[str, Any]) -> Question:
    where = f"line {number}"
    options = take(item, "options", dict, path, where)
    letter = take(item, "answer_idx", str, path, where)
    if tuple(sorted(options)) != LETTERS or letter not in LETTERS:
        raise BlurbError(
            Errors.B151.format(
                path=path,
                where=where,
                expected="the options A, B, C, D and one of them as answer",
                found=f"{', '.join(sorted(options))} and {letter}",
            )
        )
    return Question(
        f"{split}-{number}",
        take(item, "question", str, path, where),
        "",
        str(LETTERS.index(letter)),
        options=tuple(take(options, name, str, path, where) for name in LETTERS),
    )
