"""Relations as arcs, for displaCy's own drawing of dependencies."""

from typing import Any

from markupsafe import escape
from spacy.tokens import Doc, Span

from ..annotations import doc_relations


def relation_arcs(part: Doc | Span) -> dict[str, Any]:
    """Return what `displacy.render(…, style="dep", manual=True)` draws as arcs between entities.

    Each entity of a relation is one word, what stands between two of them another one. Relations
    with an end outside of the part are left out, and so is one whose ends overlap.

    part (Doc | Span): A sentence, rather than a whole abstract: the drawing is one line.
    """
    start, end = (0, len(part)) if isinstance(part, Doc) else (part.start, part.end)
    doc = part if isinstance(part, Doc) else part.doc
    relations = [
        r
        for r in doc_relations(doc)
        if all(start <= e.start and e.end <= end for e in (r.head, r.tail))
    ]
    ends = {(e.start, e.end): e for r in relations for e in (r.head, r.tail)}
    words: list[dict[str, str]] = []
    numbers: dict[tuple[int, int], int] = {}
    place = start
    for (first, last), entity in sorted(ends.items()):
        if first < place:
            continue
        _add_words(words, doc[place:first])
        numbers[first, last] = len(words)
        # displaCy escapes words, but neither tags nor labels.
        words.append({"text": entity.text, "tag": str(escape(entity.label_))})
        place = last
    _add_words(words, doc[place:end])
    arcs = []
    for relation in relations:
        places = [numbers.get((e.start, e.end)) for e in (relation.head, relation.tail)]
        head, tail = places
        if head is None or tail is None or head == tail:
            continue
        direction = "right" if head < tail else "left"
        label = str(escape(relation.label))
        row = {"start": min(head, tail), "end": max(head, tail), "label": label, "dir": direction}
        arcs.append(row)
    return {"words": words, "arcs": arcs}


def _add_words(words: list[dict[str, str]], between: Span) -> None:
    if len(between):
        words.append({"text": between.text, "tag": ""})
