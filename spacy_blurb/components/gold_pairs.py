"""What gold Docs teach about candidates."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc
from spacy.training import Example

from ..annotations import CharSpan, GoldRelations, given_candidates, gold_relations, has_relations
from ..errors import BlurbError, Errors
from ..metrics.relations import undirected
from .doc_pairs import DocPairs, mention_pairs

Ends = tuple[CharSpan, CharSpan]


def collect_labels(references: Iterable[Doc]) -> list[str]:
    """Return the relation types of gold Docs, sorted."""
    golds = (gold_relations(doc) for doc in references)
    return sorted({label for gold in golds if gold for _, _, label in gold.positive})


def collect_types(references: Iterable[Doc]) -> dict[str, list[list[str]]]:
    """Return label → pairs of head and tail type that gold relations of it have, sorted."""
    found: dict[str, set[tuple[str, str]]] = {}
    for gold in map(gold_relations, references):
        for head, tail, label in gold.positive if gold else ():
            found.setdefault(label, set()).add((head[2], tail[2]))
    return {label: [list(pair) for pair in sorted(pairs)] for label, pairs in found.items()}


def check_exclusive(
    references: Iterable[Doc], labels: Sequence[str], *, directed: bool, name: str
) -> None:
    """Refuse pairs with several relations; given rows of one pair are decisions of their own.

    RAISES (BlurbError): B463 there is one.
    """
    for doc in references:
        gold = gold_relations(doc)
        if gold is None or gold.complete:
            continue
        for (head, tail), held in _labels_of_ends(gold, labels, directed=directed).items():
            if len(held) > 1:
                texts = (doc.text[start:end] for start, end, _ in (head, tail))
                head_text, tail_text = texts
                found = {"text": doc.text[:40], "head": head_text, "tail": tail_text}
                raise BlurbError(
                    Errors.B463.format(name=name, found=", ".join(sorted(held)), **found)
                )


def check_given(examples: Iterable[Example], use_gold_ents: bool) -> None:
    """Refuse a Doc to be predicted that has lost the entities which the data give.

    RAISES (BlurbError): B465 it has.
    """
    for example in examples:
        if has_lost_entities(example, use_gold_ents):
            raise BlurbError(Errors.B465.format(text=example.reference.text[:40]))


def has_lost_entities(example: Example, use_gold_ents: bool) -> bool:
    """Tell whether the predicted Doc lacks the entities that the gold relations are between."""
    has_gold = use_gold_ents and has_relations(example.reference)
    return has_gold and not given_candidates(example.predicted)


def target_labels(
    pairs: DocPairs, reference: Doc, labels: Sequence[str], *, directed: bool
) -> NDArray[Any]:
    """Return 1 for the labels that hold for each pair, shape (pairs, labels).

    A given pair has the label of its row; all mention pairs of two concepts have that of these.
    Others are found by the offsets and types of both entities.
    """
    targets = np.zeros((len(pairs.pairs), len(labels)), dtype="f")
    gold = gold_relations(reference)
    if gold is None:
        return targets
    column = {label: i for i, label in enumerate(labels)}
    if gold.complete and pairs.given and pairs.n_groups == len(gold.rows):
        for row, group in enumerate(pairs.groups.tolist()):
            label = gold.rows[group][2]
            if label in column:
                targets[row, column[label]] = 1
        return targets
    held = _labels_of_ends(gold, labels, directed=directed)
    for row, ends in enumerate(pairs.ends()):
        for label in held.get(ends if directed else undirected(ends), ()):
            targets[row, column[label]] = 1
    return targets


def _labels_of_ends(
    gold: GoldRelations, labels: Sequence[str], *, directed: bool
) -> dict[Ends, set[str]]:
    found: dict[Ends, set[str]] = {}
    for head, tail, label in _labelled_ends(gold):
        if label in labels:
            ends = (head, tail) if directed else undirected((head, tail))
            held = found.setdefault(ends, set())
            # Rows of a data set can name mentions with the same offsets: one pair to a reader.
            if not held or not gold.complete:
                held.add(label)
    return found


def _labelled_ends(gold: GoldRelations) -> Iterator[tuple[CharSpan, CharSpan, str]]:
    """Yield head, tail and label; of a relation between concepts all pairs of their mentions."""
    for row, (head, tail, label) in enumerate(gold.rows):
        if label:
            for h, t in mention_pairs(gold, row, head, tail):
                yield gold.mentions[h], gold.mentions[t], label
