"""Spans over a text, drawn with displaCy."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from markupsafe import Markup, escape
from spacy import displacy


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


def draw_spans(text: str, spans: Sequence[DrawnSpan]) -> Markup:
    """Draw spans over a text with displaCy, which may overlap and begin inside words.

    RETURNS (Markup): HTML in which text and names are escaped. A span without a visible character
        is not drawn.
    """
    spans = [_without_blanks(text, span) for span in spans]
    edges = {0, len(text), *(edge for span in spans for edge in (span.start, span.end))}
    edges |= {i for i, c in enumerate(text) if c.isspace()}
    edges |= {i + 1 for i, c in enumerate(text) if c.isspace()}
    cuts = sorted(edges)
    places = [(a, b) for a, b in pairwise(cuts) if not text[a:b].isspace()]
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
    content = {"text": text, "spans": drawn, "tokens": [text[a:b] for a, b in places]}
    options = {"colors": colors}
    return Markup(
        displacy.render(content, style="span", manual=True, options=options, jupyter=False)
    )
