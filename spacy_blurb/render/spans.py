"""Spans over a text, drawn with displaCy."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from markupsafe import Markup, escape
from spacy import displacy

_NO_BLANK = "\x1c"
"""Behind each piece of text: displaCy writes a blank there, which is taken out again with it. It is
white space, so that pieces of white space are still known as such."""

_STROKE = (
    "top: {top_offset}px; height: 4px; left: -1px; width: calc(100% + 2px); position: absolute"
)
_TEMPLATE = {
    "span": '<span style="font-weight: bold; display: inline-block; position: relative; '
    'height: {total_height}px;">{text}{span_slices}{span_starts}</span>',
    "slice": f'<span style="background: {{bg}}; {_STROKE};"></span>',
    "start": f'<span style="background: {{bg}}; {_STROKE};"><span style="background: {{bg}}; '
    "z-index: 10; color: #000; top: -0.5em; padding: 2px 3px; position: absolute; "
    'font-size: 0.6em; font-weight: bold; line-height: 1; border-radius: 3px">'
    "{label}{kb_link}</span></span>",
}
"""What displaCy draws, without white space of its own between the pieces of a word."""


@dataclass(frozen=True, slots=True)
class DrawnSpan:
    """A span of characters.

    end (int): The character behind the last.
    name (str): What stands under it.
    color (str): CSS colour; it is not escaped, so it never comes from a file.
    """

    start: int
    end: int
    name: str
    color: str


def _without_blanks(text: str, span: DrawnSpan) -> DrawnSpan:
    """Move the ends of a span to its first and last visible character, where it has any."""
    covered = text[span.start : span.end]
    start = span.start + len(covered) - len(covered.lstrip())
    return replace(span, start=start, end=start + len(covered.strip()))


def _cuts(text: str, spans: Sequence[DrawnSpan]) -> list[int]:
    """Return where pieces of the text begin and end: at its blanks, and at the ends of spans."""
    edges = {0, len(text), *(edge for span in spans for edge in (span.start, span.end))}
    edges |= {i for i, c in enumerate(text) if c.isspace()}
    edges |= {i + 1 for i, c in enumerate(text) if c.isspace()}
    return sorted(edges)


def fitting_spans(text: str, spans: Sequence[DrawnSpan], most: int) -> list[DrawnSpan]:
    """Return the narrowest spans that cover no more than `most` pieces of text, in their order.

    displaCy draws a span again under each piece, so this bounds the drawing. A piece counts once
    for every span over it.
    """
    begins = [a for a, b in pairwise(_cuts(text, spans)) if not text[a:b].isspace()]
    widths = [bisect_left(begins, s.end) - bisect_left(begins, s.start) for s in spans]
    fitting: set[int] = set()
    covered = 0
    for number in sorted(range(len(spans)), key=widths.__getitem__):
        covered += widths[number]
        if covered > most:
            break
        fitting.add(number)
    return [span for number, span in enumerate(spans) if number in fitting]


def draw_spans(text: str, spans: Sequence[DrawnSpan]) -> Markup:
    """Draw spans over a text with displaCy, which may overlap and begin inside words.

    RETURNS (Markup): HTML in which text and names are escaped, with the text's own blanks and line
        breaks. A span without a visible character is not drawn.
    """
    text = text.replace(_NO_BLANK, " ")
    spans = [_without_blanks(text, span) for span in spans]
    places = list(pairwise(_cuts(text, spans)))
    starts = {a: n for n, (a, _) in enumerate(places)}
    ends = {b: n + 1 for n, (_, b) in enumerate(places)}
    # displaCy escapes the text but not the names, and a file may hold anything.
    drawn = [
        {
            "start_token": starts[span.start],
            "end_token": ends[span.end],
            "label": str(escape(span.name)),
        }
        for span in spans
        if span.start in starts and span.end in ends
    ]
    colors = {str(escape(span.name)).upper(): span.color for span in spans}
    tokens = [text[a:b] + _NO_BLANK for a, b in places]
    content = {"text": text, "spans": drawn, "tokens": tokens}
    options = {"colors": colors, "template": _TEMPLATE}
    html = displacy.render(content, style="span", manual=True, options=options, jupyter=False)
    html = html.replace(f"{_NO_BLANK} ", "").replace(_NO_BLANK, "").strip()
    return Markup(f'<div style="white-space: pre-wrap">{html}</div>')
