"""Entities and PICO elements of a Doc: gold mentions, predicted spans with their probabilities."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from spacy.tokens import Doc, Span, SpanGroup

ENTITIES = "blurb"
"""Key in `doc.spans` of all entities, overlaps kept. The attrs of a gold group hold what counts in
evaluation: `label_sets` that the Doc is complete for (None where it is for none, since its mentions
are only those of the pairs to be judged), `mentions`, and what `set_gold_relations` adds. Those of
a predicted group: `label_sets` that were predicted, and for each span its characters and label in
`offsets`, its probability in `scores` and the label set it comes from in `sets`."""

PICO = "pico"
"""Key in `doc.spans` of PICO elements, with the same attrs; they are not in `doc.ents`."""

CharSpan = tuple[int, int, str]
"""First character, character behind the last, label."""


class ScoredEntity(NamedTuple):
    """A predicted entity or PICO element.

    start, end (int): First character, character behind the last.
    score (float | None): Probability, 0-1, where the pipeline has one.
    label_set (str | None): The label set it comes from, where the pipeline has several.
    """

    start: int
    end: int
    label: str
    score: float | None = None
    label_set: str | None = None


def set_gold_entities(
    doc: Doc,
    mentions: Iterable[CharSpan],
    *,
    label_sets: list[str] | None,
    key: str = ENTITIES,
) -> int:
    """Write gold entities to a Doc and count those that its tokens cannot express.

    All mentions are kept as character offsets in the attrs of `doc.spans["blurb"]`, so that
    evaluation counts every one of them; the spans of the group are those on token boundaries, and
    `doc.ents` is the longest non-overlapping choice of these, unless they are PICO elements.

    label_sets (list[str] | None): Annotation schemes that the Doc is complete for. None where the
        mentions are only some of the text's, those of given pairs: nothing is learned or scored of
        entities then, and tokens outside of them are missing values in `doc.ents`.
    key (str): Group to write, "blurb" or "pico".
    RETURNS (int): Mentions not on token boundaries.
    """
    mentions = list(mentions)
    spans = [doc.char_span(start, end, label=label) for start, end, label in mentions]
    aligned = [span for span in spans if span is not None]
    attrs: dict[str, Any] = {"label_sets": label_sets, "mentions": [list(m) for m in mentions]}
    doc.spans[key] = SpanGroup(doc, name=key, spans=aligned, attrs=attrs)
    if key != ENTITIES:
        return len(mentions) - len(aligned)
    chosen = longest_disjoint(aligned)
    taken = {token.i for span in chosen for token in span}
    # Tokens that a mention covers in part are neither inside nor outside: nothing to learn there.
    unknown = {
        token.i
        for (start, end, _), span in zip(mentions, spans, strict=True)
        if span is None
        for token in doc.char_span(start, end, alignment_mode="expand") or ()
    }
    if label_sets is None:
        doc.set_ents(chosen, default="missing")
    else:
        doc.set_ents(chosen, missing=[doc[i : i + 1] for i in sorted(unknown - taken)])
    return len(mentions) - len(aligned)


def longest_disjoint(spans: Iterable[Span]) -> list[Span]:
    """Choose spans that do not overlap, longer ones first, then earlier ones."""
    return _disjoint(sorted(spans, key=lambda s: (s.start - s.end, s.start)))


def best_disjoint(spans: Sequence[Span], scores: Sequence[float]) -> list[Span]:
    """Choose spans that do not overlap: higher scores first, then longer, then earlier ones."""
    ranked = sorted(
        zip(spans, scores, strict=True),
        key=lambda pair: (-pair[1], pair[0].start - pair[0].end, pair[0].start),
    )
    return _disjoint(span for span, _ in ranked)


def _disjoint(spans: Iterable[Span]) -> list[Span]:
    taken: set[int] = set()
    chosen = []
    for span in spans:
        positions = range(span.start, span.end)
        if taken.isdisjoint(positions):
            taken.update(positions)
            chosen.append(span)
    return sorted(chosen, key=lambda s: s.start)


def gold_entities(doc: Doc, key: str = ENTITIES) -> list[CharSpan] | None:
    """Return all gold mentions of a Doc, None where it is not annotated for entities.

    Neither is it where its mentions are only those of given pairs.

    Reads what `set_gold_entities` wrote and falls back to `doc.ents`, so that Docs made by other
    programs can be scored too.

    key (str): "blurb" for entities, "pico" for PICO elements.
    """
    group = doc.spans.get(key)
    if group is not None and "mentions" in group.attrs:
        if group.attrs.get("label_sets", ()) is None:
            return None
        return [(start, end, label) for start, end, label in group.attrs["mentions"]]
    return entity_offsets(doc) if key == ENTITIES and doc.has_annotation("ENT_IOB") else None


def on_annotated_tokens(found: Iterable[ScoredEntity], reference: Doc) -> list[ScoredEntity]:
    """Leave out entities of which a gold Doc does not say whether they are any, as spaCy does.

    These touch a token whose annotation is missing in `doc.ents`. A Doc that `set_gold_entities`
    has written is complete.
    """
    if ENTITIES in reference.spans and "mentions" in reference.spans[ENTITIES].attrs:
        return list(found)
    missing = [(t.idx, t.idx + len(t), "") for t in reference if not t.ent_iob]
    return [row for row in found if not overlaps(missing, row.start, row.end)]


def has_gold_entities(doc: Doc, key: str = ENTITIES) -> bool:
    """Tell whether a Doc is annotated for entities, also such that it has none.

    spaCy says so of every Doc without tokens, which is not meant here.
    """
    named = key in doc.spans and "mentions" in doc.spans[key].attrs
    return bool(len(doc) or named) and gold_entities(doc, key) is not None


def label_sets(doc: Doc, *keys: str) -> list[str]:
    """Return the annotation schemes that a gold Doc is complete for.

    A Doc that a pipeline has annotated names none: its gold mentions are those of `doc.ents`, and
    the label sets that were predicted say nothing about them.

    keys (str): Groups to look into, "blurb" and "pico" by default.
    """
    groups = [doc.spans[key] for key in keys or (ENTITIES, PICO) if key in doc.spans]
    golds = [group.attrs for group in groups if "mentions" in group.attrs]
    return [name for attrs in golds for name in attrs.get("label_sets") or ()]


def entity_offsets(doc: Doc) -> list[CharSpan]:
    """Return `doc.ents` as character offsets."""
    return [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents]


def set_scored_entities(
    doc: Doc,
    spans: list[Span],
    scores: list[float],
    *,
    sets: list[str] | None = None,
    label_sets: list[str] | None = None,
    key: str = ENTITIES,
) -> None:
    """Write predicted entities with their probabilities to `doc.spans["blurb"]`.

    scores (list[float]): One probability (0-1) per span, kept in the group's attrs.
    sets (list[str] | None): The label set that each span comes from.
    label_sets (list[str] | None): All label sets that were predicted.
    key (str): Group to write, "blurb" or "pico".
    """
    # By characters too: spaCy does not move the spans of a group when tokens are merged.
    attrs: dict[str, Any] = {
        "offsets": [list(_place(span)) for span in spans],
        "scores": [float(score) for score in scores],
    }
    if sets is not None:
        attrs.update(sets=sets, label_sets=label_sets)
    doc.spans[key] = SpanGroup(doc, name=key, spans=spans, attrs=attrs)


def scored_entities(doc: Doc, key: str = ENTITIES) -> list[ScoredEntity] | None:
    """Return what `set_scored_entities` wrote, None where nothing was predicted.

    Spans that somebody has added to the group or changed since have no probability; removed ones
    are left out.

    key (str): "blurb" or "pico".
    """
    group = doc.spans.get(key)
    if group is None or "offsets" not in group.attrs:
        return None
    places, scores = group.attrs["offsets"], group.attrs["scores"]
    sets = group.attrs.get("sets", [None] * len(places))
    rows = [
        ScoredEntity(start, end, label, score, name)
        for (start, end, label), score, name in zip(places, scores, sets, strict=True)
    ]
    try:
        present = [_place(span) for span in group]
    except IndexError:  # tokens were merged, and spaCy does not move the spans of a group
        return rows
    if present == [row[:3] for row in rows]:
        return rows
    known: dict[CharSpan, list[ScoredEntity]] = defaultdict(list)
    for row in reversed(rows):
        known[row[:3]].append(row)
    return [known[place].pop() if known[place] else ScoredEntity(*place) for place in present]


def predicted_entities(
    doc: Doc, sets: Iterable[str] = (), *, key: str = ENTITIES
) -> list[ScoredEntity]:
    """Return what was predicted of some label sets, to compare it with their gold mentions.

    What components behind the one that wrote the group have added to it or to `doc.ents` counts
    too, where all label sets are asked for: it says of none which it belongs to. What they have
    taken out of `doc.ents` is none any more. A pipeline that does not know these sets, as one of
    another program, predicts all there is: its `doc.ents`, or the whole group of PICO elements.

    sets (Iterable[str]): Label sets that the gold Doc is annotated for.
    """
    group = doc.spans[key] if key in doc.spans else SpanGroup(doc, name=key)
    wanted = set(sets) & set(group.attrs.get("label_sets", []))
    rows = scored_entities(doc, key)
    if rows is not None and wanted and "sets" in group.attrs:
        is_all = wanted == set(group.attrs["label_sets"])
        rows = _as_edited(doc, rows, with_added=is_all) if key == ENTITIES else rows
        return [
            row for row in rows if row.label_set in wanted or (row.label_set is None and is_all)
        ]
    spans = list(doc.ents) if key == ENTITIES else list(group)
    return [ScoredEntity(*_place(span), span_score(span)) for span in spans]


def _as_edited(doc: Doc, rows: list[ScoredEntity], *, with_added: bool) -> list[ScoredEntity]:
    """Return entities as others have left them in `doc.ents`.

    There are the best ones that do not overlap, so that one which overlaps none of them was taken
    out.

    with_added (bool): Whether what was added counts, and takes the place of those that it overlaps.
    """
    if not doc.has_annotation("ENT_IOB"):
        return rows
    ents = [_place(ent) for ent in doc.ents]
    known = {tuple(place) for place in doc.spans[ENTITIES].attrs["offsets"]}
    known |= {(row.start, row.end, row.label) for row in rows}
    added = [place for place in ents if place not in known] if with_added else []
    kept = [
        row
        for row in rows
        if row.score is None
        or (overlaps(ents, row.start, row.end) and not overlaps(added, row.start, row.end))
    ]
    return [*kept, *(ScoredEntity(*place) for place in added)]


def overlaps(places: Sequence[CharSpan], start: int, end: int) -> bool:
    """Tell whether one of some places in text order, which are disjoint, has such characters."""
    before = bisect_left(places, end, key=lambda place: place[0])
    return before > 0 and places[before - 1][1] > start


def span_score(span: Span) -> float | None:
    """Return the probability of a predicted entity, None for a span that none predicted.

    Where several label sets have the same span it is the highest.
    """
    place = list(_place(span))
    found = [
        score
        for key in (ENTITIES, PICO)
        if key in span.doc.spans
        for row, score in _offsets_and_scores(span.doc.spans[key])
        if row == place and score is not None
    ]
    return max(found, default=None)


def _offsets_and_scores(group: SpanGroup) -> Iterable[tuple[list[Any], float | None]]:
    # Not `scored_entities`, which would be made anew for every entity of a long text.
    return zip(group.attrs.get("offsets", ()), group.attrs.get("scores", ()), strict=True)


def _place(span: Span) -> CharSpan:
    return span.start_char, span.end_char, span.label_
