"""The entities of a Doc and the pairs of them that a component judges."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc, Span

from ..annotations import ENTITIES, CharSpan, Given, GoldRelations, overlaps, scored_entities
from ..errors import BlurbError, Errors
from .candidates import PairFinder, TypePairs


@dataclass(frozen=True, slots=True)
class DocPairs:
    """What is judged in one Doc.

    mentions (list[CharSpan]): Entities that are on tokens.
    spans (ndarray): Their first token and the one behind their last, shape (mentions, 2).
    pairs (ndarray): Head and tail in `mentions`, shape (pairs, 2).
    groups (ndarray): Number of the decision that each pair belongs to, shape (pairs,). A decision
        about two concepts has a pair for each mention of the one with each of the other.
    n_groups (int): Decisions; a given pair whose mention is not on tokens is one without pairs.
    concepts (list[tuple[str, str]] | None): The two concepts of each decision, where there are.
    given (bool): Whether the data name the pairs: then decisions are their rows, in order.
    """

    doc: Doc
    mentions: list[CharSpan]
    spans: NDArray[np.integer[Any]]
    pairs: NDArray[np.integer[Any]]
    groups: NDArray[np.integer[Any]]
    n_groups: int
    concepts: list[tuple[str, str]] | None = None
    given: bool = False

    def ends(self) -> list[tuple[CharSpan, CharSpan]]:
        """Return head and tail of every pair."""
        return [(self.mentions[h], self.mentions[t]) for h, t in self.pairs.tolist()]


def no_pairs(doc: Doc) -> DocPairs:
    """Return that nothing is judged in a Doc."""
    nothing = np.zeros((0, 2), dtype=np.intp)
    return DocPairs(doc, [], nothing, nothing, np.zeros(0, dtype=np.intp), 0)


def sample_pairs(doc: Doc) -> DocPairs:
    """Return one pair of the first two tokens of a Doc, to try an encoder."""
    mentions = [(token.idx, token.idx + len(token), "X") for token in doc[:2]]
    spans, pairs = np.array([(0, 1), (1, 2)]), np.array([(0, 1)])
    return DocPairs(doc, mentions, spans, pairs, np.arange(1), 1)


def find_pairs(
    doc: Doc,
    find: PairFinder,
    *,
    given: Given | None,
    types: TypePairs,
    directed: bool,
    max_mention_pairs: int | None,
    name: str,
) -> DocPairs:
    """Collect the candidates of a Doc.

    find (PairFinder): Gives them where the data do not.
    given (Given | None): Entities, and pairs, of the data; None to take predicted entities: the
        spans of `doc.spans["blurb"]`, a name with two labels under the more probable one, or
        `doc.ents` where there is no such group.
    directed (bool): Whether a pair and its mirror image are two; otherwise the first entity in
        the text is the head.
    max_mention_pairs (int | None): See `make_rel`.
    name (str): Of the component, for messages.
    RAISES (BlurbError): B464 no sentence boundaries, B467 `find` gives no such array.
    """
    if given is not None and given.pairs is not None:
        return _given_pairs(doc, given, directed=directed, limit=max_mention_pairs)
    spans: Sequence[Span | None]
    if given is not None:
        spans = [doc.char_span(start, end, label=label) for start, end, label in given.mentions]
    else:
        spans = _predicted(doc)
    entities = _unique(spans)
    pairs = np.asarray(find(doc, entities, types))
    if pairs.size == 0:
        # An empty list has the shape (0,).
        pairs = np.zeros((0, 2), dtype=np.intp)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or not _are_positions(pairs, len(entities)):
        raise BlurbError(Errors.B467.format(name=name, found=f"{pairs!r:.60}", n=len(entities)))
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    if not directed:
        # In text order; a mirror image is the same pair.
        pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    mentions = [_offsets(span) for span in entities]
    table = np.array([(s.start, s.end) for s in entities], dtype=np.intp).reshape(-1, 2)
    return DocPairs(doc, mentions, table, pairs, np.arange(len(pairs)), len(pairs))


def _given_pairs(doc: Doc, given: Given, *, directed: bool, limit: int | None) -> DocPairs:
    spans = [doc.char_span(start, end, label=label) for start, end, label in given.mentions]
    # Position of each mention among those that are on tokens.
    places = np.cumsum([span is not None for span in spans]) - 1
    on_tokens = [span for span in spans if span is not None]
    mentions = [_offsets(span) for span in on_tokens]
    table = np.array([(s.start, s.end) for s in on_tokens], dtype=np.intp).reshape(-1, 2)
    rows: list[tuple[int, int, int]] = []
    for group, (head, tail) in enumerate(given.pairs or ()):
        ends = mention_pairs(given, group, head, tail)
        ends = [(h, t) for h, t in ends if spans[h] is not None and spans[t] is not None]
        placed = [(int(places[h]), int(places[t])) for h, t in ends]
        if not directed:
            placed = [(h, t) if mentions[h] <= mentions[t] else (t, h) for h, t in placed]
        placed.sort(key=lambda pair: _distance(table, *pair))
        rows += [(group, h, t) for h, t in placed[:limit]]
    found = np.array(rows, dtype=np.intp).reshape(-1, 3)
    n_groups = len(given.pairs or ())
    return DocPairs(
        doc, mentions, table, found[:, 1:], found[:, 0], n_groups, given.concept_pairs, given=True
    )


def mention_pairs(
    given: Given | GoldRelations, group: int, head: int, tail: int
) -> list[tuple[int, int]]:
    """Return the pairs of mentions that a decision is about: one, or all of two concepts."""
    if given.concepts is None or given.concept_pairs is None:
        return [(head, tail)]
    heads, tails = (
        [
            i
            for i, ids in enumerate(given.concepts)
            if concept in ids and given.mentions[i][2] == given.mentions[standing][2]
        ]
        for concept, standing in zip(given.concept_pairs[group], (head, tail), strict=True)
    )
    return [(h, t) for h in heads for t in tails if h != t]


def _distance(table: NDArray[np.integer[Any]], head: int, tail: int) -> int:
    """Count the tokens between two mentions; negative where they overlap."""
    later, earlier = max(table[head, 0], table[tail, 0]), min(table[head, 1], table[tail, 1])
    return int(later - earlier)


def _predicted(doc: Doc) -> list[Span | None]:
    """Return predicted entities; of those at one place the most probable, where that is known.

    Entities of `doc.ents` that our component did not find, such as those of an `entity_ruler`
    behind it, are sure, and take the place of those that they overlap. What it found and somebody
    has removed from `doc.ents` is none any more; left out from the start is only what overlaps an
    entity.

    None for one that is no longer on tokens, since somebody has merged some.
    """
    group = doc.spans.get(ENTITIES)
    if group is None:
        return list(doc.ents)
    found = scored_entities(doc)
    if found is None:
        return list(group)
    ents, has_ents = [_offsets(ent) for ent in doc.ents], doc.has_annotation("ENT_IOB")
    places = set(ents)
    best: dict[tuple[int, int], tuple[float, str]] = {}
    for start, end, label, score, _ in found:
        if score is not None and has_ents and not overlaps(ents, start, end):
            continue
        # What somebody has added has no probability, and is sure.
        certainty = 1.0 if score is None else score
        if (start, end) not in best or certainty > best[start, end][0]:
            best[start, end] = certainty, label
    ours = {(start, end, label) for start, end, label, _, _ in found}
    for start, end, label in sorted(places - ours):
        for place in [p for p in best if p[0] < end and start < p[1]]:
            if (*place, best[place][1]) not in places:
                del best[place]
        best[start, end] = 1.0, label
    return [doc.char_span(*place, label=label) for place, (_, label) in best.items()]


def _unique(spans: Sequence[Span | None]) -> list[Span]:
    """Return spans in text order, those of several label sets once."""
    kept = {_offsets(span): span for span in spans if span is not None}
    return [kept[key] for key in sorted(kept)]


def _are_positions(pairs: NDArray[Any], n: int) -> bool:
    if pairs.size == 0:
        return True
    return bool(np.issubdtype(pairs.dtype, np.integer) and pairs.min() >= 0 and pairs.max() < n)


def _offsets(span: Span) -> CharSpan:
    return span.start_char, span.end_char, span.label_
