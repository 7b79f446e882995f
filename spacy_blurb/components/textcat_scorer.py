"""Scores of document labels as spaCy's commands show them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from spacy.training import Example

from ..annotations import document_group, gold_labels
from ..metrics.entities import entity_scores
from ..metrics.labels import (
    LabelSets,
    chosen_labels,
    count_labels,
    label_scores,
    unite_by_document,
)


def make_label_scorer_v1() -> Callable[..., dict[str, Any]]:
    """Build `spacy_blurb.label_scorer.v1`."""
    return score_labels


def score_labels(
    examples: Iterable[Example],
    *,
    labels: Sequence[str] = (),
    threshold: float = 0.5,
    exclusive: bool = False,
    **kwargs: Any,
) -> dict[str, Any]:
    """Score document labels by micro F1 over documents x labels.

    Parts of a document, such as HoC's sentences, are united where the gold Docs name it.

    examples (Iterable[Example]): Those without gold `doc.cats` of these labels are not counted.
    labels (Sequence[str]): Of the component, each scored also where it does not occur; others, of
        another component, are not. None given: all that are found.
    threshold, exclusive: See `make_textcat`.
    RETURNS (dict[str, Any]): `cats_micro_p`, `cats_micro_r`, `cats_micro_f`, `cats_macro_f` (0-1)
        and `cats_f_per_type`; None without annotated Docs.
    RAISES (BlurbError): B445 a gold value that is neither 0 nor 1.
    """
    parts = []
    for position, example in enumerate(examples):
        gold = gold_labels(example.reference, labels)
        if gold:
            cats = example.predicted.cats.items()
            found = {label: score for label, score in cats if not labels or label in labels}
            chosen = chosen_labels(found, threshold, exclusive=exclusive)
            # Docs without an id are documents of their own.
            document = document_group(example.reference) or f"\0{position}"
            parts.append((document, _compare(gold, chosen, exclusive=exclusive)))
    if not parts:
        keys = ("cats_micro_p", "cats_micro_r", "cats_micro_f", "cats_macro_f", "cats_f_per_type")
        return dict.fromkeys(keys)
    documents = list(unite_by_document(parts).values())
    total = entity_scores([count_labels(*sides) for sides in documents])
    per_label = label_scores(documents, labels)
    return {
        "cats_micro_p": total.precision,
        "cats_micro_r": total.recall,
        "cats_micro_f": total.f1,
        "cats_macro_f": sum(s.f1 for s in per_label.values()) / max(1, len(per_label)),
        "cats_f_per_type": {
            label: {"p": s.precision, "r": s.recall, "f": s.f1} for label, s in per_label.items()
        },
    }


def _compare(gold: Mapping[str, bool], chosen: set[str], *, exclusive: bool) -> LabelSets:
    """Return gold and predicted labels, of those that the Doc is annotated for.

    Where one excludes the others, a Doc that names it alone is annotated for all.
    """
    right = {label for label, holds in gold.items() if holds}
    return right, chosen if exclusive and right else chosen & set(gold)
