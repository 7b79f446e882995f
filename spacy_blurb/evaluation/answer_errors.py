"""Wrong answers of a prediction file, as the error browser shows them."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from markupsafe import Markup
from spacy.tokens import Doc

from ..annotations import DocQuestion
from ..metrics.answers import is_right_span
from ..tasks import Task
from .answers import scored_questions
from .error_marks import draw_chips, draw_marked
from .scoring.answers import GoldAnswer, read_best_span
from .scoring.rows import Row, require


def wrong_answers(
    task: Task, docs: Sequence[Doc], gold: Sequence[GoldAnswer], rows: Sequence[Row], source: Path
) -> Iterator[tuple[str, partial[Markup]]]:
    """Yield questions whose answer is wrong for the text it was given on, and how to draw them.

    An extractive question can be right all the same: it is scored by the candidates of all its
    texts.
    """
    asked = [(doc, question) for doc in docs for question, _ in scored_questions(doc)]
    for (doc, question), item, row in zip(asked, gold, rows, strict=True):
        if not item.extractive:
            label = require(row, "label", str, source)
            if label != item.label:
                yield item.id, partial(_show_label, doc, question, label)
        else:
            start, end = read_best_span(item, row, source)
            if not is_right_span(item.text[start:end], item.spans):
                yield item.id, partial(_show_span, doc, question, start, end)


def _show_label(doc: Doc, question: DocQuestion, found: str) -> Markup:
    marks = [(_name(question, question.label), "missed"), (_name(question, found), "wrong")]
    # A question without a context is its own text.
    text = "" if doc.text == question.question else doc.text
    return Markup("<p><strong>{}</strong></p><p>{}</p><p>{}</p>").format(
        question.question, text, draw_chips(marks)
    )


def _name(question: DocQuestion, label: str) -> str:
    """Name an option by its words; a prediction file holds its index."""
    if not label:
        return "no answer"
    if question.options and label.isdecimal() and int(label) < len(question.options):
        return f"{label}: {question.options[int(label)]}"
    return label


def _show_span(doc: Doc, question: DocQuestion, start: int, end: int) -> Markup:
    """Draw answers over the text; gold ones that are not in it, and "no answer", as labels."""
    there = [(o, o + len(text), "answer", "missed") for o, text in question.answers if o >= 0]
    spans = [span for span in there if span[0] < span[1]]
    marks = [] if spans else [("no answer", "missed")]
    if start < end:
        spans.append((start, end, "answer", "wrong"))
    else:
        marks.append(("no answer", "wrong"))
    return Markup("<p><strong>{}</strong></p>{}<p>{}</p>").format(
        question.question, draw_marked(doc.text, spans), draw_chips(marks)
    )
