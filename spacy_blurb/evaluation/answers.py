"""Answers to questions on Docs: gold items, and what a pipeline predicts."""

from collections.abc import Iterator, Sequence
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..annotations import (
    Answer,
    Candidate,
    DocQuestion,
    doc_questions,
    document_group,
    document_id,
    gold_kind,
)
from ..components.qa_scorer import match_answers
from ..data.readers import make_predicted
from ..errors import BlurbError, Errors
from ..metrics.answers import is_right_span
from ..tasks import TASKS, Task
from .scoring.answers import GoldAnswer
from .scoring.rows import Row


def read_gold_answers(task: Task, references: Sequence[Doc]) -> list[GoldAnswer]:
    """Take the questions that have gold answers from Docs.

    An item has the Doc's id; where a Doc has several questions, with the question's own id behind a
    slash.

    RAISES (BlurbError): B540 no question with a gold answer, B541 a question of another kind than
        the task's, B543 questions of different kinds.
    """
    items = []
    kinds: set[str] = set()
    for position, reference in enumerate(references):
        name = document_id(reference) or str(position)
        for question, ending in scored_questions(reference):
            kind = str(gold_kind(question))
            _check(task, question, kind, name)
            kinds.add(kind)
            items.append(make_gold(position, reference, question, ending))
    if not items:
        raise BlurbError(Errors.B540.format(command=converting_command(task)))
    if "spans" in kinds and len(kinds) > 1:
        # They have no common measure.
        raise BlurbError(Errors.B543.format(found=", ".join(sorted(kinds))))
    return items


def converting_command(task: Task, formats: str = "squad or questions") -> str:
    """Return which command writes the data of a task of questions, as it stands in messages.

    formats (str): Of a user's own questions.
    """
    own = f"'convert-own' (format {formats})"
    return f"'convert {task.name}'" if task.name in TASKS else own


def make_gold(position: int, reference: Doc, question: DocQuestion, ending: str) -> GoldAnswer:
    """Make a gold item of a question.

    position (int): Of the Doc in its file, which names it where nothing else does.
    ending (str): See `scored_questions`.
    """
    name = document_id(reference) or str(position)
    spans = gold_kind(question) == "spans"
    return GoldAnswer(
        id=name + ending,
        group=(document_group(reference) or name) + ending,
        label="" if spans else question.label,
        spans=question.answers if spans else (),
        text=reference.text if spans else "",
        extractive=spans,
    )


def predict_answers(
    task: Task, nlp: Language, references: Sequence[Doc]
) -> tuple[list[Row], dict[str, Any]]:
    """Ask the gold Docs' questions.

    RETURNS (tuple): A row of the prediction file per question and Doc, with offsets, labels and
        probabilities; and nothing more to say in the result.
    RAISES (BlurbError): B542 a question without an answer of the kind of its gold one.
    """
    docs = nlp.pipe(make_predicted(nlp, reference) for reference in references)
    rows: list[Row] = []
    for position, (doc, reference) in enumerate(zip(docs, references, strict=True)):
        name = document_id(reference) or str(position)
        group = document_group(reference) or name
        questions = list(scored_questions(reference))
        answered = match_answers(Example(doc, reference))
        if len(answered) < len(questions):
            kinds = ", ".join(sorted({str(gold_kind(question)) for question, _ in questions}))
            component = task.component
            raise BlurbError(Errors.B542.format(doc_id=name, component=component, kinds=kinds))
        for (_, ending), (_, answer) in zip(questions, answered, strict=True):
            rows.append({"id": name + ending, "group": group + ending, **_row(answer)})
    return rows, {}


def scored_questions(reference: Doc) -> Iterator[tuple[DocQuestion, str]]:
    """Yield the questions that have gold answers, and how their names end."""
    questions = [q for q in doc_questions(reference) if gold_kind(q) is not None]
    for question in questions:
        yield question, "" if len(questions) == 1 else f"/{question.id}"


def _check(task: Task, question: DocQuestion, kind: str, name: str) -> None:
    """Refuse gold answers that the task cannot have; a user's own may be of any kind."""
    if not task.answers:
        return
    if kind != task.answers:
        found = f"questions answered by {kind}"
    elif kind == "labels" and question.label not in task.labels:
        found = f"the answer {question.label!r}"
    else:
        return
    raise BlurbError(Errors.B541.format(doc_id=name, found=found, task=task.name))


def _row(answer: Answer) -> Row:
    score = _round(answer.score)
    if answer.kind != "spans":
        probs = {c.label: _round(c.score) for c in answer.candidates}
        return {"score": score, "label": answer.label, "probs": probs}
    return {
        "score": score,
        "start": answer.start_char,
        "end": answer.end_char,
        "candidates": [_span(candidate) for candidate in answer.candidates],
    }


def _span(candidate: Candidate) -> Row:
    score = _round(candidate.score)
    return {"start": candidate.start_char, "end": candidate.end_char, "score": score}


def _round(score: float) -> float:
    """Keep six digits that matter: candidates of several texts are ranked by small ones too."""
    return float(f"{score:.6g}")


def is_right(question: DocQuestion, candidate: Candidate) -> bool:
    """Tell whether a candidate is right for the one text that it was found in."""
    if gold_kind(question) != "spans":
        return candidate.label == question.label
    return is_right_span(candidate.text, question.answers)
