"""Questions that travel with a Doc."""

from typing import Any

from spacy.tokens import Doc, SpanGroup

QUESTIONS = "questions"
"""Key in `doc.spans` of questions that travel with a Doc: attrs `questions`, a list of
{"id", "question", "label", "answers": [[offset, text]], "options"}."""


def set_questions(doc: Doc, questions: list[dict[str, Any]]) -> None:
    """Attach questions with their gold answers to a Doc; see `QUESTIONS`."""
    doc.spans[QUESTIONS] = SpanGroup(doc, name=QUESTIONS, attrs={"questions": questions})
