"""One annotated text as HTML: spans in the text, relations, labels and answers beside it."""

from markupsafe import Markup

from .annotated import Annotated, ShownAnswer, ShownRelation, ShownSpan
from .colors import color_of
from .spans import DrawnSpan, draw_spans, fitting_spans

MOST_CHARACTERS = 20_000
"""Of a text; the rest is cut off, which the drawing says."""
MOST_SPANS = 500
"""Of a text, and as many relations; the rest is counted."""
MOST_COVERED = 10_000
"""Pieces of a text, such as words, that spans are drawn under, once for each span: 500 spans of 20
words, some 2 MB."""


def draw_document(document: Annotated) -> Markup:
    """Draw a text with all its annotations; everything from the document is escaped."""
    text = document.text[:MOST_CHARACTERS]
    places = [answer.place for answer in document.answers if answer.place is not None]
    entities = _once(document.entities)
    spans = [
        *entities,
        *_once(document.pico),
        *(ShownSpan(start, end, "answer") for start, end in places),
    ]
    inside = [span for span in spans if span.end <= len(text)][:MOST_SPANS]
    drawn = [DrawnSpan(s.start, s.end, _name(s), color_of(s.label)) for s in inside]
    drawn = fitting_spans(text, drawn, MOST_COVERED)
    # Of several labels of one place the most probable is behind the others, and stays.
    colors = {span[:2]: color_of(span.label) for span in sorted(entities, key=_probability_of)}
    beside = [
        _section("Labels", [_chip(label, score) for label, score in document.labels]),
        _section("Relations", [_relation(document.text, r, colors) for r in _some(document)]),
        _section("Answers", [_answer(answer) for answer in document.answers]),
    ]
    return Markup('<div class="document"><div class="text">{}{}</div>{}</div>').format(
        draw_spans(text, drawn),
        _left_out(document, len(spans) - len(drawn)),
        Markup('<div class="beside">{}</div>').format(Markup("").join(beside))
        if any(beside)
        else "",
    )


def _once(spans: tuple[ShownSpan, ...]) -> list[ShownSpan]:
    """Show what several label sets have found as one span, with its highest probability."""
    best: dict[tuple[int, int, str], ShownSpan] = {}
    for span in spans:
        if span[:3] not in best or _probability_of(span) > _probability_of(best[span[:3]]):
            best[span[:3]] = span
    return list(best.values())


def _probability_of(span: ShownSpan) -> float:
    return -1.0 if span.score is None else span.score


def _some(document: Annotated) -> tuple[ShownRelation, ...]:
    return document.relations[:MOST_SPANS]


def _left_out(document: Annotated, spans: int) -> Markup:
    parts = []
    if len(document.text) > MOST_CHARACTERS:
        parts.append(f"the text is cut at {MOST_CHARACTERS:,} of {len(document.text):,} characters")
    if spans:
        parts.append(f"{spans:,} spans are not drawn")
    if relations := len(document.relations) - len(_some(document)):
        parts.append(f"{relations:,} relations are not shown")
    return Markup('<p class="left-out">{}</p>').format("; ".join(parts)) if parts else Markup("")


def _section(title: str, items: list[Markup]) -> Markup:
    if not items:
        return Markup("")
    rows = Markup("").join(Markup("<li>{}</li>").format(item) for item in items)
    return Markup("<h3>{}</h3><ul>{}</ul>").format(title, rows)


def _name(span: ShownSpan) -> str:
    return span.label if span.score is None else f"{span.label} {span.score:.2f}"


def _chip(label: str, score: float | None) -> Markup:
    """Draw a label in its colour, which is ours and not the document's."""
    return Markup('<span class="chip" style="background: {}">{}</span>{}').format(
        color_of(label), label, _probability(score)
    )


def _relation(text: str, relation: ShownRelation, colors: dict[tuple[int, int], str]) -> Markup:
    ends = [
        Markup('<span class="end" style="background: {}">{}</span>').format(
            colors.get(place, "#e3e7ea"), _short(text[slice(*place)])
        )
        for place in (relation.head, relation.tail)
    ]
    return Markup('{} <span class="arrow">— {} →</span> {}{}').format(
        ends[0], relation.label, ends[1], _probability(relation.score)
    )


def _answer(answer: ShownAnswer) -> Markup:
    found = answer.text or "no answer"
    return Markup('{}<br><span class="chip" style="background: {}">{}</span>{}').format(
        answer.question, color_of("answer"), found, _probability(answer.score)
    )


def _probability(score: float | None) -> Markup:
    return Markup("") if score is None else Markup(" <small>{:.2f}</small>").format(score)


def _short(text: str) -> str:
    """Cut an end of a relation that is no name but half of the text."""
    return text if len(text) <= 80 else f"{text[:79]}…"
