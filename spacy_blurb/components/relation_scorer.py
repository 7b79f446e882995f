"""Scores of relations as spaCy's commands show them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from spacy.tokens import Doc
from spacy.training import Example

from ..annotations import GoldRelations, found_relations, gold_relations
from ..metrics.entities import CharSpan, entity_scores
from ..metrics.relations import (
    Row,
    count_candidates,
    count_relations,
    each_once,
    link_to_concepts,
    relation_scores_per_label,
)

_KEYS = ("rel_micro_p", "rel_micro_r", "rel_micro_f", "rel_candidate_recall", "rel_f_per_type")


def make_relation_scorer_v1() -> Callable[..., dict[str, Any]]:
    """Build `spacy_blurb.relation_scorer.v1`."""
    return score_relations


def score_relations(
    examples: Iterable[Example],
    *,
    labels: Sequence[str] = (),
    directed: bool = True,
    use_gold_ents: bool = True,
    judged: Sequence[set[tuple[Any, Any]]] | None = None,
    **kwargs: Any,
) -> dict[str, Any]:
    """Score relations by micro F1 over all that are annotated.

    examples (Iterable[Example]): Those without gold relations, and without pairs that were looked
        at and have none, are not counted.
    labels (Sequence[str]): Of the component, each scored also where it does not occur.
    directed, use_gold_ents: See `make_rel`. With predicted entities both of these must have
        their gold offsets and types, and each relation counts once.
    judged (Sequence | None): Head and tail of every candidate of each example.
    RETURNS (dict[str, Any]): `rel_micro_p`, `rel_micro_r`, `rel_micro_f`, `rel_candidate_recall`
        (0-1; the share of gold relations whose pair was judged at all, None without `judged`) and
        `rel_f_per_type`; None without annotated Docs.
    """
    documents, candidates = [], []
    for position, example in enumerate(examples):
        rows = compare_relations(
            example.reference, example.predicted, once=not use_gold_ents, directed=directed
        )
        if rows is not None:
            documents.append(rows)
            if judged is not None:
                ends = linked_ends(judged[position], example.reference)
                candidates.append(count_candidates(rows[0], ends, directed=directed))
    if not documents:
        return dict.fromkeys(_KEYS)
    counts = [count_relations(*rows, directed=directed) for rows in documents]
    total = entity_scores(counts)
    per_label = relation_scores_per_label(documents, labels, directed=directed)
    return {
        "rel_micro_p": total.precision,
        "rel_micro_r": total.recall,
        "rel_micro_f": total.f1,
        "rel_candidate_recall": candidate_recall(candidates),
        "rel_f_per_type": {
            label: {"p": s.precision, "r": s.recall, "f": s.f1} for label, s in per_label.items()
        },
    }


def candidate_recall(counts: Iterable[tuple[int, int]]) -> float | None:
    """Return the share of gold relations that were candidates, None without any.

    counts (Iterable): Of each document, see `count_candidates`.
    """
    found, total = (sum(column) for column in zip(*counts, strict=True)) if counts else (0, 0)
    return found / total if total else None


def compare_relations(
    reference: Doc, predicted: Doc, *, once: bool = False, directed: bool = True
) -> tuple[list[Row], list[Row]] | None:
    """Return gold and predicted relations, None where the gold Doc is not annotated.

    Where gold relations are between concepts, so are both sides; see `link_to_concepts`.

    once (bool): Whether a relation between the same two spans counts once however often it is
        annotated. It always does where the data do not give the pairs: each is judged once then.
    directed (bool): Whether a pair and its mirror image are two.
    """
    gold = gold_relations(reference)
    if gold is None:
        return None
    rows = gold_rows(gold)
    found = found_relations(predicted) or []
    predicted_rows: list[Row] = [(r.head, r.tail, r.label) for r in found]
    if gold.concept_pairs is not None:
        if all(r.concepts is not None for r in found):
            predicted_rows = [(*r.concepts, r.label) for r in found if r.concepts is not None]
        else:
            concepts = concepts_of_mentions(gold)
            predicted_rows = link_to_concepts(predicted_rows, concepts, reference.text)
    if once or not gold.complete:
        return each_once(rows, directed=directed), each_once(predicted_rows, directed=directed)
    return rows, predicted_rows


def gold_rows(gold: GoldRelations) -> list[Row]:
    """Return gold relations, between concepts where they have some, else between entities."""
    if gold.concept_pairs is None:
        return list(gold.positive)
    pairs = zip(gold.rows, gold.concept_pairs, strict=True)
    return [(*pair, label) for (_, _, label), pair in pairs if label]


def linked_ends(judged: set[tuple[Any, Any]], reference: Doc) -> set[tuple[Any, Any]]:
    """Return the ends of candidates as concepts, where gold relations are between concepts."""
    gold = gold_relations(reference)
    if gold is None or gold.concept_pairs is None or all(isinstance(h, str) for h, _ in judged):
        return judged
    concepts = concepts_of_mentions(gold)
    rows = [(head, tail, "") for head, tail in judged]
    return {(head, tail) for head, tail, _ in link_to_concepts(rows, concepts, reference.text)}


def concepts_of_mentions(gold: GoldRelations) -> dict[CharSpan, list[str]]:
    """Return the concepts that the gold mentions with these offsets and types name."""
    found: dict[CharSpan, list[str]] = {}
    if gold.concepts is not None:
        for mention, ids in zip(gold.mentions, gold.concepts, strict=True):
            found.setdefault(mention, []).extend(ids)
    return found
