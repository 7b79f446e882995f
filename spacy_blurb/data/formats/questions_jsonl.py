"""JSONL: one question per line, with its text, and its answer by label, by span, or by option.

{"id": "1", "text": "Aspirin causes ulcers.", "question": "What causes ulcers?", "answers":
[{"start": 0, "text": "Aspirin"}]}, written on one line. `text` may be missing, or be called
`context`. Instead of `answers` there is `label` for a closed question ("yes"), and `options` with
the index of the right one in `label` for a multiple-choice question. An empty list of answers says
that the text has none.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from ...errors import BlurbError, Errors
from ..records import Question, Split
from .annotations import counted
from .compressed import read_lines
from .json_values import JSON_ERRORS, count_unknown, either, not_such, typed, typed_id

_EXPECTED = (
    'one object per line such as {"id": "1", "text": "...", "question": "...", "label": "yes"}, '
    'with "answers": [{"start": 0, "text": "..."}] or "options": ["...", "..."] where it is of '
    "another kind"
)
_KEYS = {"id", "text", "context", "question", "answers", "label", "options"}
BESIDE = "answers beside a label, which is what is learned"
_ANSWER_KEYS = {"start", "text"}


def read_questions_jsonl(path: Path) -> Split[Question]:
    """Read all questions of a file; blank lines do not matter, `id` defaults to the line number.

    Values of other keys are counted as left out.

    path (Path): The file, plain, `.xz` or `.gz`.
    RAISES (BlurbError): B107 no question in the file, B144 an answer does not stand at its offset,
        B145 no gold answer, B167 not such an object, and what `read_lines` raises.
    """
    left_out: Counter[str] = Counter()
    records = []
    for number, line in read_lines(path):
        if not line.strip():
            continue
        where = f"line {number}"
        try:
            records.append(_to_question(path, json.loads(line), number, left_out))
        except JSON_ERRORS as error:
            raise not_such(error, path, where=where, expected=_EXPECTED) from error
    if not records:
        raise BlurbError(Errors.B107.format(path=path))
    return Split(records, counted(left_out))


def _to_question(path: Path, row: Any, number: int, left_out: Counter[str]) -> Question:
    count_unknown(row, _KEYS, left_out, kind="question")
    question_id = typed_id(row, "id") if "id" in row else str(number)
    question = typed(row, "question", str)
    text = typed(row, either(row, ("text", "context")), str, default="")
    options = typed(row, "options", list, default=[])
    if any(type(option) is not str for option in options):
        raise TypeError("options are not all strings")
    "".join(options).encode("utf-8")  # half of a surrogate pair is no text
    label = typed_id(row, "label").strip() if row.get("label") not in (None, "") else ""
    where = {"path": path, "line": number, "question": question_id}
    unknown = options and label not in map(str, range(len(options)))
    # null is what programs write where nobody has answered.
    has_answers = row.get("answers") is not None
    if unknown or not (label or has_answers):
        raise BlurbError(Errors.B145.format(**where))
    answers = [
        _to_answer(text, answer, where, left_out)
        for answer in (typed(row, "answers", list) if has_answers else ())
    ]
    left_out[BESIDE] += len(answers) if label else 0
    if has_answers and not answers:
        answers = [(-1, "")]
    return Question(question_id, question, text, label, tuple(answers), tuple(options))


def _to_answer(
    text: str, row: Any, where: dict[str, Any], left_out: Counter[str]
) -> tuple[int, str]:
    count_unknown(row, _ANSWER_KEYS, left_out, kind="answer")
    start, answer = typed(row, "start", int), typed(row, "text", str)
    if start < 0 or not answer or not text.startswith(answer, start):
        raise BlurbError(Errors.B144.format(**where, answer=answer, start=start))
    return start, answer
