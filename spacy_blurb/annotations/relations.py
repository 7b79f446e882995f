"""Relations between the entities of a Doc: gold ones, given candidates, predicted ones."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from spacy.tokens import Doc, Span, SpanGroup

from .entities import ENTITIES, CharSpan

RELATIONS = "relations"
"""Key in `doc.spans` of predicted relations. The group has no spans; its attrs hold `relations`,
a list of {"head": [start, end, label], "tail": likewise, "label", "score"} with character offsets,
and "concepts", two ids, where the relation is between concepts."""

CANDIDATES = "candidates"
"""Key in `doc.spans` of what is given to a component that judges pairs: the attrs of `Given`. It
holds no label of a relation."""


@dataclass(frozen=True, slots=True)
class Relation:
    """A predicted relation.

    head, tail (Span): The two entities.
    label (str): Relation type.
    score (float): Its probability, 0-1.
    """

    head: Span
    tail: Span
    label: str
    score: float


@dataclass(frozen=True, slots=True)
class FoundRelation:
    """A predicted relation as it is stored.

    head, tail (CharSpan): Offsets and labels of the entities.
    score (float): Probability, 0-1.
    concepts (tuple[str, str] | None): Where it is between concepts, which the two mentions name.
    """

    head: CharSpan
    tail: CharSpan
    label: str
    score: float
    concepts: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class GoldRelations:
    """What a gold Doc says about relations.

    mentions (list[CharSpan]): All gold entities.
    rows (list[tuple[int, int, str]]): Index of the head, of the tail, and the label, "" for none.
    complete (bool): Whether the rows are all pairs to be judged, so that those without a relation
        are rows too.
    concepts (list[list[str]] | None): Ids of each mention, where relations are between concepts.
    concept_pairs (list[tuple[str, str]] | None): Those of each row.
    """

    mentions: list[CharSpan]
    rows: list[tuple[int, int, str]]
    complete: bool
    concepts: list[list[str]] | None = None
    concept_pairs: list[tuple[str, str]] | None = None

    @property
    def positive(self) -> list[tuple[CharSpan, CharSpan, str]]:
        """Head, tail and label of the rows that are relations."""
        return [(self.mentions[h], self.mentions[t], label) for h, t, label in self.rows if label]


@dataclass(frozen=True, slots=True)
class Given:
    """Entities, and where they are given pairs, that a component is to judge.

    mentions (list[CharSpan]): Entities.
    pairs (list[tuple[int, int]] | None): Index of head and tail; None where all are candidates.
    concepts, concept_pairs: See `GoldRelations`.
    """

    mentions: list[CharSpan]
    pairs: list[tuple[int, int]] | None
    concepts: list[list[str]] | None = None
    concept_pairs: list[tuple[str, str]] | None = None


def has_relations(doc: Doc) -> bool:
    """Tell whether a converted Doc carries relations, or pairs that are candidates for one."""
    group = doc.spans.get(ENTITIES)
    return group is not None and "relations" in group.attrs


def set_gold_relations(
    doc: Doc,
    rows: Iterable[tuple[int, int, str, str]],
    *,
    none: Sequence[str] = (),
    complete: bool = False,
    concepts: Sequence[Sequence[str]] | None = None,
    concept_pairs: Sequence[tuple[str, str]] | None = None,
) -> None:
    """Add relations to the gold entities that `set_gold_entities` wrote.

    rows (Iterable): Index of the head in the mentions, of the tail, label, id of the instance.
    none (Sequence[str]): Labels that mean no relation, such as "false".
    complete, concepts, concept_pairs: See `GoldRelations`.
    """
    group = doc.spans[ENTITIES]
    attrs = {**group.attrs, "relations": [list(row) for row in rows]}
    attrs.update(no_relation=list(none), complete=complete)
    if concepts is not None and concept_pairs is not None:
        attrs.update(concepts=[list(ids) for ids in concepts])
        attrs.update(concept_pairs=[list(pair) for pair in concept_pairs])
    group.attrs = attrs


def gold_relations(doc: Doc) -> GoldRelations | None:
    """Return what a gold Doc says about relations, None where it is not annotated for any."""
    if not has_relations(doc):
        return None
    attrs = doc.spans[ENTITIES].attrs
    none = attrs.get("no_relation", ())
    return GoldRelations(
        mentions=_mentions(attrs),
        rows=[(h, t, "" if label in none else label) for h, t, label, _ in attrs["relations"]],
        complete=attrs.get("complete", False),
        concepts=attrs.get("concepts"),
        concept_pairs=_pairs(attrs.get("concept_pairs")),
    )


def give_candidates(doc: Doc, reference: Doc) -> None:
    """Copy entities, and pairs where they are given with the data, from a gold Doc to another one.

    Labels of relations stay behind.
    """
    gold = gold_relations(reference)
    if gold is None:
        return
    attrs: dict[str, Any] = {"mentions": [list(mention) for mention in gold.mentions]}
    if gold.complete:
        attrs["pairs"] = [[head, tail] for head, tail, _ in gold.rows]
        attrs["concepts"] = gold.concepts
        attrs["concept_pairs"] = gold.concept_pairs and [list(pair) for pair in gold.concept_pairs]
    doc.spans[CANDIDATES] = SpanGroup(doc, name=CANDIDATES, attrs=attrs)


def given_candidates(doc: Doc) -> Given | None:
    """Return what `give_candidates` wrote, None where nothing is given."""
    group = doc.spans.get(CANDIDATES)
    if group is None or "mentions" not in group.attrs:
        return None
    return Given(
        mentions=_mentions(group.attrs),
        pairs=_pairs(group.attrs.get("pairs")),
        concepts=group.attrs.get("concepts"),
        concept_pairs=_pairs(group.attrs.get("concept_pairs")),
    )


def set_found_relations(doc: Doc, found: Iterable[FoundRelation]) -> None:
    """Write predicted relations to `doc.spans["relations"]`."""
    rows = []
    for relation in found:
        row: dict[str, Any] = {"head": list(relation.head), "tail": list(relation.tail)}
        row.update(label=relation.label, score=float(relation.score))
        if relation.concepts is not None:
            row["concepts"] = list(relation.concepts)
        rows.append(row)
    doc.spans[RELATIONS] = SpanGroup(doc, name=RELATIONS, attrs={"relations": rows})


def found_relations(doc: Doc) -> list[FoundRelation] | None:
    """Return what `set_found_relations` wrote, None where nothing was predicted."""
    group = doc.spans.get(RELATIONS)
    # spaCy's `Doc.from_docs` and `to_json` keep a group without its attrs.
    if group is None or "relations" not in group.attrs:
        return None
    return [
        FoundRelation(
            head=_char_span(row["head"]),
            tail=_char_span(row["tail"]),
            label=row["label"],
            score=row["score"],
            concepts=(row["concepts"][0], row["concepts"][1]) if "concepts" in row else None,
        )
        for row in _found_rows(doc)
    ]


def _found_rows(doc: Doc) -> list[dict[str, Any]]:
    return doc.spans[RELATIONS].attrs.get("relations", []) if RELATIONS in doc.spans else []


def doc_relations(doc: Doc) -> list[Relation]:
    """Return the predicted relations of a Doc, [] without any: this is `doc._.relations`.

    Their ends are those of `doc.ents` where these have them, with what a linker has set there.
    """
    return _to_relations(doc, _found_rows(doc))


def span_relations(span: Span) -> list[Relation]:
    """Return the predicted relations of which a span is head or tail: this is `span._.relations`.

    The span must have the entity's offsets; its label does not matter.
    """
    start, end = span.start_char, span.end_char
    meant = _rows_within(span.doc, start, end)
    return [
        relation
        for relation in _to_relations(span.doc, meant)
        if any((e.start_char, e.end_char) == (start, end) for e in (relation.head, relation.tail))
    ]


@dataclass(frozen=True, slots=True)
class _RowIndex:
    """Where the ends of a Doc's relations begin: first character and the row's number, sorted.

    rows: As they were.
    """

    rows: list[dict[str, Any]]
    places: list[tuple[int, int]]


_indices: "WeakKeyDictionary[Doc, _RowIndex]" = WeakKeyDictionary()
"""So that asking each entity of a long text for its relations does not read all of them each time.
"""


def _rows_within(doc: Doc, start: int, end: int) -> list[dict[str, Any]]:
    """Return the predicted relations that have an end between two characters."""
    rows = _found_rows(doc)
    index = _indices.get(doc)
    # Lists of the same objects are compared quickly; others are sorted, cut or written anew.
    if index is None or index.rows != rows:
        places = sorted((row[key][0], n) for n, row in enumerate(rows) for key in ("head", "tail"))
        index = _indices[doc] = _RowIndex(list(rows), places)
    low, high = (bisect_left(index.places, (offset, 0)) for offset in (start, end))
    meant = sorted({n for _, n in index.places[low:high]})
    return [
        rows[n]
        for n in meant
        if any(start <= rows[n][key][0] and rows[n][key][1] <= end for key in ("head", "tail"))
    ]


def _to_relations(doc: Doc, rows: Sequence[dict[str, Any]]) -> list[Relation]:
    ents = {(e.start_char, e.end_char, e.label_): e for e in doc.ents} if rows else {}

    def end(values: Sequence[Any]) -> Span:
        mention = _char_span(values)
        return ents.get(mention) or _span(doc, mention)

    return [Relation(end(r["head"]), end(r["tail"]), r["label"], r["score"]) for r in rows]


def _span(doc: Doc, mention: CharSpan) -> Span:
    start, end, label = mention
    # Entities are on tokens; where a user has merged some since, the tokens around them.
    span: Any = doc.char_span(start, end, label=label, alignment_mode="expand")
    return span


def _mentions(attrs: dict[str, Any]) -> list[CharSpan]:
    return [_char_span(mention) for mention in attrs["mentions"]]


def _char_span(values: Sequence[Any]) -> CharSpan:
    start, end, label = values
    return start, end, label


def _pairs(values: Any) -> list[Any] | None:
    return None if values is None else [(first, second) for first, second in values]
