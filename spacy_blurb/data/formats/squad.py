"""SQuAD files, 1.1 and 2.0: paragraphs with questions whose answers stand in them, or none does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...errors import BlurbError, Errors
from ..records import Question
from .json_file import read_json, take


def read_squad(path: Path) -> Iterator[Question]:
    """Yield one record per question and paragraph.

    path (Path): The file, plain, `.xz` or `.gz`.
    YIELDS (Question): Without answers where the file gives none; where it says that there is none
        (`is_impossible`), with an empty one at -1. An answer whose text does not stand at its
        offset gets the place where it stands once, or else -1: it is not there, or more than once.
    RAISES (BlurbError): B107 no question in the file, B151 not laid out as SQuAD, and what
        `read_json` raises.
    """
    empty = True
    for document in take(read_json(path, dict), "data", list, path, "top level"):
        for paragraph in take(document, "paragraphs", list, path, "document"):
            context = take(paragraph, "context", str, path, "paragraph")
            for item in take(paragraph, "qas", list, path, f"paragraph {context[:40]!r}"):
                empty = False
                yield _to_question(item, context, path)
    if empty:
        raise BlurbError(Errors.B107.format(path=path))


def _to_question(item: dict[str, Any], context: str, path: Path) -> Question:
    question_id = take(item, "id", str, path, "question")
    where = f"question {question_id}"
    question = take(item, "question", str, path, where)
    answers = [(-1, "")] if item.get("is_impossible") is True else []
    for answer in take({"answers": [], **item}, "answers", list, path, where):
        text = take(answer, "text", str, path, where)
        start = take(answer, "answer_start", int, path, where)
        answers.append((_find(text, start, context), text))
    return Question(question_id, question, context, answers=tuple(answers))


def _find(text: str, start: int, context: str) -> int:
    """Return the offset of an answer; programs that count in UTF-16 are wrong behind an emoji."""
    if start >= 0 and context.startswith(text, start):
        return start
    return context.index(text) if text and context.count(text) == 1 else -1
