"""Wrong relations of a prediction file, as the error browser shows them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from markupsafe import Markup
from spacy.tokens import Doc

from ..metrics.relations import undirected
from ..render.spans import DrawnSpan, draw_spans
from ..tasks import Task
from .error_marks import draw_chips
from .scoring.relations import GoldRelationSet, is_directed, read_relations
from .scoring.rows import Row

_END_COLOR = "#c5cdd3"
"""Entities are neither right nor wrong here."""


def wrong_relations(
    task: Task,
    docs: Sequence[Doc],
    gold: Sequence[GoldRelationSet],
    rows: Sequence[Row],
    source: Path,
) -> Iterator[tuple[str, partial[Markup]]]:
    """Yield documents with an error, and how to draw them; what is wrong is what the score says."""
    directed = is_directed(task, rows, source)
    for item, row in zip(gold, rows, strict=True):
        wanted = Counter(_same(r, directed=directed) for r in item.relations)
        found = Counter(_same(r, directed=directed) for r in read_relations(item, row, source))
        if item.is_counted_once(row.get("entities", "gold")):
            wanted, found = Counter(set(wanted)), Counter(set(found))
        if wanted != found:
            yield item.id, partial(_show, item, wanted, found)


def _same(relation: tuple[Any, Any, str], *, directed: bool) -> tuple[Any, Any, str]:
    head, tail, label = relation
    return (head, tail, label) if directed else (*undirected((head, tail)), label)


def _show(item: GoldRelationSet, wanted: Counter[Any], found: Counter[Any]) -> Markup:
    """Draw the text with the ends of its relations, and one line for each relation."""
    kinds = {"right": wanted & found, "missed": wanted - found, "wrong": found - wanted}
    lines = [(relation, kind) for kind, rows in kinds.items() for relation in rows.elements()]
    ends = {end for (head, tail, _), _ in lines for end in (head, tail)}
    if item.concepts is not None:
        ends = {mention for mention, ids in item.concepts if ends & set(ids)}
    spans = [DrawnSpan(start, end, label, _END_COLOR) for start, end, label in sorted(ends)]
    chips = [
        draw_chips([(f"{_name(item, head)} → {_name(item, tail)}: {label}", kind)])
        for (head, tail, label), kind in lines
    ]
    rows = Markup("").join(Markup("<li>{}</li>").format(chip) for chip in chips)
    return Markup('{}<ul class="relations">{}</ul>').format(draw_spans(item.text, spans), rows)


def _name(item: GoldRelationSet, end: Any) -> str:
    """Name an entity by its words, a concept by its id and the words of its first mention."""
    if item.concepts is None:
        return item.text[end[0] : end[1]]
    for (first, last, _), ids in item.concepts:
        if end in ids:
            return f"{end} ({item.text[first:last]})"
    return str(end)
