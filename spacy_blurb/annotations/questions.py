"""Questions that travel with a Doc, and the answers that a pipeline gives them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, NamedTuple, TypeAlias

from spacy.tokens import Doc, Span, SpanGroup

from ..errors import BlurbError, Errors

QUESTIONS = "questions"
"""Key in `doc.spans` of questions that travel with a Doc: attrs `questions`, a list of
{"id", "question", "label", "answers": [[offset, text]], "options"}. An answer with the offset -1 is
not in the text; one without text says that there is none."""

ANSWERS = "answers"
"""Key in `doc.spans` of answers: the spans are those of extractive answers, in the order of the
questions, and attrs `answers` is a list of {"id", "question", "kind", "options", "found",
"candidates": [[label, probability, first character, character behind the last]]}."""

AnswerKind = Literal["labels", "spans", "options"]
"""What answers a question: a fixed label, a span of the Doc, or one of the question's options."""

Question: TypeAlias = str | tuple[str, Sequence[str]]
"""A question, or one with its options."""


@dataclass(frozen=True, slots=True)
class DocQuestion:
    """A question on a Doc, with its gold answer where it is annotated.

    id (str): Unique among the Doc's questions.
    label (str): Of a closed question its label, of a multiple-choice one the index of the right
        option; "" for neither.
    answers (tuple): Right answers of an extractive question: offset in the Doc (-1 where it is not
        there) and text; one with an empty text says that the Doc has none.
    options (tuple[str, ...]): Of a multiple-choice question.
    """

    id: str
    question: str
    label: str = ""
    answers: tuple[tuple[int, str], ...] = ()
    options: tuple[str, ...] = ()


class Candidate(NamedTuple):
    """One possible answer.

    label (str): The label, or the index of the option; "" of a span.
    score (float): Probability, 0-1.
    text (str): What answers; "" for "no answer".
    start_char, end_char (int | None): Of a span, its first character and the one behind its last.
    """

    label: str
    score: float
    text: str
    start_char: int | None = None
    end_char: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question.

    label (str): The label ("yes"), or the index of the option ("2"); "" of a span and of no answer.
    score (float): Probability (0-1) of the best candidate; 0 where there was nothing to judge.
    text (str): The label, the option, or the text of the span; "" for no answer.
    start_char, end_char (int | None): Of a span, its first character and the one behind its last.
    span (Span | None): The same in tokens.
    candidates (tuple[Candidate, ...]): The most probable ones, best first; "no answer" is one where
        the component knows it.
    id, question (str), kind (AnswerKind): What was asked, and by which kind of head it is answered.
    """

    label: str
    score: float
    text: str
    start_char: int | None
    end_char: int | None
    span: Span | None
    candidates: tuple[Candidate, ...] = field(repr=False)
    id: str = field(repr=False)
    question: str = field(repr=False)
    kind: AnswerKind = field(repr=False)

    def __reduce__(self) -> tuple[type["Answer"], tuple[Any, ...]]:
        """Leave the Span behind, which spaCy does not pickle: a copy has `span` None."""
        values = {**{f.name: getattr(self, f.name) for f in fields(self)}, "span": None}
        return Answer, tuple(values.values())


def set_questions(doc: Doc, questions: list[dict[str, Any]]) -> None:
    """Attach questions with their gold answers to a Doc; see `QUESTIONS`.

    RAISES (BlurbError): B476 two with one id, by which answers are found.
    """
    ids = [row["id"] for row in questions]
    if len(set(ids)) < len(ids):
        twice = next(name for name in ids if ids.count(name) > 1)
        raise BlurbError(Errors.B476.format(text=doc.text[:40], id=twice))
    doc.spans[QUESTIONS] = SpanGroup(doc, name=QUESTIONS, attrs={"questions": questions})


def attach_questions(doc: Doc, questions: Question | Iterable[Question]) -> Doc:
    """Attach questions that a pipeline shall answer when the Doc passes through it.

    questions (Iterable): Each is a question, or a tuple of one and its options; ids are "0", "1", …
    RETURNS (Doc): The same, so that this can stand in a generator for `nlp.pipe`.
    RAISES (BlurbError): B479 what is no question.
    """
    asked = [to_question(str(n), question) for n, question in enumerate(list_questions(questions))]
    set_questions(doc, [_without_gold(question) for question in asked])
    return doc


def list_questions(questions: Question | Iterable[Question]) -> list[Question]:
    """Make a list of questions, also of a single one.

    ("Which?", ["this", "that"]) is one with its options, ("Which?", "Why?") are two.

    RAISES (BlurbError): B479 it is neither a question nor several.
    """
    if isinstance(questions, str):
        return [questions]
    given: Any = questions
    if not isinstance(given, Iterable):
        raise BlurbError(Errors.B479.format(found=str(given)[:80], kind=type(given).__name__))
    items: list[Any] = list(given)
    one = isinstance(questions, tuple) and len(items) == 2 and isinstance(items[0], str)
    return [(items[0], items[1])] if one and _is_options(items[1]) else items


def to_question(name: str, question: Question) -> DocQuestion:
    """Make a question with an id.

    RAISES (BlurbError): B479 it is neither a text nor a text with a list of options. A string is no
        list of options: it would be one of letters.
    """
    if isinstance(question, str):
        return DocQuestion(name, question)
    pair: Any = question
    is_pair = isinstance(pair, tuple | list) and len(pair) == 2
    if not is_pair or not isinstance(pair[0], str) or not _is_options(pair[1]):
        raise BlurbError(Errors.B479.format(found=str(question)[:80], kind=type(question).__name__))
    return DocQuestion(name, pair[0], options=tuple(pair[1]))


def _is_options(options: Any) -> bool:
    if isinstance(options, str) or not isinstance(options, Sequence):
        return False
    return all(isinstance(option, str) for option in options)


def copy_questions(source: Doc, target: Doc) -> None:
    """Attach the questions of one Doc, without their gold answers, to another one."""
    if QUESTIONS in source.spans:
        set_questions(target, [_without_gold(question) for question in doc_questions(source)])


def _without_gold(question: DocQuestion) -> dict[str, Any]:
    return {"id": question.id, "question": question.question, "options": list(question.options)}


def doc_questions(doc: Doc) -> list[DocQuestion]:
    """Return the questions that travel with a Doc."""
    if QUESTIONS not in doc.spans:
        return []
    return [
        DocQuestion(
            id=row["id"],
            question=row["question"],
            label=row.get("label", ""),
            answers=tuple((offset, text) for offset, text in row.get("answers", ())),
            options=tuple(row.get("options", ())),
        )
        for row in doc.spans[QUESTIONS].attrs.get("questions", ())
    ]


def gold_kind(question: DocQuestion) -> AnswerKind | None:
    """Tell which kind of head can be trained and scored on a question, None without gold answer.

    One with options is answered by one of them, so that spans are no gold answer of it.
    """
    if question.label:
        return "options" if question.options else "labels"
    return "spans" if question.answers and not question.options else None


def set_answers(doc: Doc, kind: AnswerKind, rows: list[dict[str, Any]]) -> None:
    """Write answers of one kind, in place of earlier ones of this kind; see `ANSWERS`."""
    old = _answer_rows(doc)
    rows = [*(row for row in old if row["kind"] != kind), *rows]
    spans = [answer.span for answer in (to_answer(doc, row) for row in rows) if answer.span]
    doc.spans[ANSWERS] = SpanGroup(doc, name=ANSWERS, spans=spans, attrs={"answers": rows})


def doc_answers(doc: Doc) -> list[Answer]:
    """Return the answers that a Doc carries, of each kind in the order of its questions.

    This is `doc._.answers`.
    """
    return [to_answer(doc, row) for row in _answer_rows(doc)]


def _answer_rows(doc: Doc) -> list[dict[str, Any]]:
    # spaCy's `Doc.from_docs` and `to_json` keep a group without its attrs.
    rows: list[dict[str, Any]] = []
    return doc.spans[ANSWERS].attrs.get("answers", rows) if ANSWERS in doc.spans else rows


def to_answer(doc: Doc, row: dict[str, Any]) -> Answer:
    """Make an answer of what stands in the attrs of `doc.spans["answers"]`."""
    text = doc.text if row["kind"] == "spans" else ""
    candidates = tuple(_to_candidate(row, text, *values) for values in row["candidates"])
    best = candidates[0] if candidates else Candidate("", 0.0, "")
    if not row["found"]:
        best = Candidate("", best.score, "")
    span = None
    if best.start_char is not None and best.end_char is not None:
        span = doc.char_span(best.start_char, best.end_char)
    asked = {"id": row["id"], "question": row["question"], "kind": row["kind"]}
    return Answer(*best, span=span, candidates=candidates, **asked)


def _to_candidate(
    row: dict[str, Any], text: str, label: str, score: float, start: int, end: int
) -> Candidate:
    if row["kind"] == "spans":
        if start < 0:
            return Candidate("", score, "")
        return Candidate("", score, text[start:end], start, end)
    return Candidate(label, score, row["options"][int(label)] if row["options"] else label)
