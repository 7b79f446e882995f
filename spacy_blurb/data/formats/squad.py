"""SQuAD files, 1.1 and 2.0: paragraphs with questions whose answers stand in them, or none does."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...errors import BlurbError, Errors
from ..records import Question
from .json_file import read_json, take

MOVED = "answers taken from the one place where they stand, not from their offset"


def read_squad(path: Path, left_out: Counter[str] | None = None) -> Iterator[Question]:
    """Yield one record per question and paragraph.

    path (Path): The file, plain, `.xz` or `.gz`.
    left_out (Counter[str] | None): Gets the number of answers that were taken from another place.
    YIELDS (Question): Without answers where the file gives none; where it says that there is none
        (`is_impossible`), with an empty one at -1. An answer whose text does not stand at its
        offset gets the place where it stands once, in whatever case, or else -1: it is not there,
        or more than once.
    RAISES (BlurbError): B107 no question in the file, B151 not laid out as SQuAD, and what
        `read_json` raises.
    """
    left_out = Counter() if left_out is None else left_out
    empty = True
    for document in take(read_json(path, dict), "data", list, path, "top level"):
        for paragraph in take(document, "paragraphs", list, path, "document"):
            context = take(paragraph, "context", str, path, "paragraph")
            for item in take(paragraph, "qas", list, path, f"paragraph {context[:40]!r}"):
                empty = False
                yield _to_question(item, context, path, left_out)
    if empty:
        raise BlurbError(Errors.B107.format(path=path))


def _to_question(
    item: dict[str, Any], context: str, path: Path, left_out: Counter[str]
) -> Question:
    # Some programs number their questions.
    is_number = isinstance(item, dict) and type(item.get("id")) is int
    question_id = str(item["id"]) if is_number else take(item, "id", str, path, "question")
    where = f"question {question_id}"
    question = take(item, "question", str, path, where)
    answers = [(-1, "")] if item.get("is_impossible") is True else []
    for answer in take({"answers": [], **item}, "answers", list, path, where):
        text = take(answer, "text", str, path, where)
        start = take(answer, "answer_start", int, path, where)
        place = _find(text, start, context)
        left_out[MOVED] += place not in (start, -1)
        answers.append((place, text))
    return Question(question_id, question, context, answers=tuple(answers))


def _find(text: str, start: int, context: str) -> int:
    """Return the offset of an answer; programs that count in UTF-16 are wrong behind an emoji."""
    if start >= 0 and context.startswith(text, start):
        return start
    if text and context.count(text) == 1:
        return context.index(text)
    # In other letters' case, as answers are scored; a lower-case letter can be two.
    words, lower = context.lower(), text.lower()
    is_there = text and len(words) == len(context) and words.count(lower) == 1
    return words.index(lower) if is_there else -1
