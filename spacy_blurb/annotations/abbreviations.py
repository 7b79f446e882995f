"""Abbreviations of a Doc and their long forms."""

from collections.abc import Iterable
from typing import Any

from spacy.tokens import Doc, Span, SpanGroup

ABBREVIATIONS = "abbreviations"
"""Key in `doc.spans` of every place at which an abbreviation stands that the Doc defines; the attrs
hold `long_forms`: "first character:character behind the last" of such a place → those of its long
form, as two numbers."""


def set_abbreviations(doc: Doc, rows: Iterable[tuple[Span, tuple[int, int]]]) -> None:
    """Write abbreviations.

    rows (Iterable): Each place of an abbreviation, and the characters of its long form.
    """
    rows = list(rows)
    long_forms = {_key(span): list(long) for span, long in rows}
    spans = [span for span, _ in rows]
    attrs = {"long_forms": long_forms}
    doc.spans[ABBREVIATIONS] = SpanGroup(doc, name=ABBREVIATIONS, spans=spans, attrs=attrs)


def abbreviation_offsets(doc: Doc) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return the characters of each place and of its long form in text order, [] without any."""
    # By characters: spaCy does not move the spans of a group when tokens are merged.
    rows = []
    for key, (long_start, long_end) in _long_forms(doc).items():
        start, end = key.split(":")
        rows.append(((int(start), int(end)), (long_start, long_end)))
    return rows


def doc_abbreviations(doc: Doc) -> list[Span]:
    """Return the places of abbreviations in text order, [] without any: `doc._.abbreviations`."""
    return [_span(doc, *place) for place, _ in abbreviation_offsets(doc)]


def long_form(span: Span) -> Span | None:
    """Return what an abbreviation stands for, None for another span: `span._.long_form`."""
    long = _long_forms(span.doc).get(_key(span))
    if long is None and len(span) == 1:  # a user may have merged it with its neighbours
        inside = [
            [*found]
            for (start, end), found in abbreviation_offsets(span.doc)
            if span.start_char <= start and end <= span.end_char
        ]
        long = inside[0] if len(inside) == 1 else None
    return None if long is None else _span(span.doc, *long)


def _long_forms(doc: Doc) -> dict[str, list[int]]:
    """Return what `set_abbreviations` wrote; nothing of a group that has lost its attrs.

    spaCy's `Doc.from_docs` and `to_json` keep a group without them.
    """
    found: dict[str, list[int]] = {}
    if ABBREVIATIONS in doc.spans:
        found = doc.spans[ABBREVIATIONS].attrs.get("long_forms", found)
    return found


def _span(doc: Doc, start: int, end: int) -> Span:
    # On tokens when it was found; where a user has merged some since, the tokens around it.
    span: Any = doc.char_span(start, end, alignment_mode="expand")
    return span


def _key(span: Span) -> str:
    return f"{span.start_char}:{span.end_char}"
