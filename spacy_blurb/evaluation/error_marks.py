"""How right, missed and wrong look in views of errors."""

from collections.abc import Sequence

from markupsafe import Markup

from ..render.spans import DrawnSpan, draw_spans

_COLORS = {"missed": "#d97706", "wrong": "#ef5350", "right": "#16a34a"}
_MARKS = {"missed": "–", "wrong": "✗", "right": "✓"}
"""Colours alone do not tell everybody."""


def draw_marked(text: str, spans: Sequence[tuple[int, int, str, str]]) -> Markup:
    """Draw spans over a text.

    spans (Sequence): First character, the one behind the last, label, kind (right, missed, wrong).
    """
    return draw_spans(
        text,
        [DrawnSpan(s, e, f"{_MARKS[kind]} {label}", _COLORS[kind]) for s, e, label, kind in spans],
    )


def draw_chips(marks: Sequence[tuple[str, str]]) -> Markup:
    """Draw labels without a place in the text.

    marks (Sequence): Label and kind (right, missed, wrong).
    """
    return Markup(" ").join(
        Markup('<span class="chip {}">{} {}</span>').format(kind, _MARKS[kind], label)
        for label, kind in marks
    )
