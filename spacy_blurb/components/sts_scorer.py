"""Scores of pairs as spaCy's commands show them."""

from collections.abc import Callable, Iterable
from typing import Any

from spacy.training import Example

from ..annotations import gold_pair_score, is_pair, predicted_similarity
from ..errors import BlurbError, Errors
from ..metrics.correlation import pearson


def make_pair_scorer_v1() -> Callable[..., dict[str, Any]]:
    """Build `spacy_blurb.pair_scorer.v1`."""
    return score_pairs


def score_pairs(examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
    """Score pairs by Pearson's correlation.

    examples (Iterable[Example]): Those without gold score are not counted.
    RETURNS (dict[str, Any]): `sts_pearson` (-1 to 1), None without scored pairs.
    RAISES (BlurbError): B453 a Doc without its pair, which could only be scored as wrong.
    """
    gold, predicted = [], []
    for example in examples:
        check_pair(example)
        score = gold_pair_score(example.reference)
        similarity = predicted_similarity(example.predicted)
        if score is not None and similarity is not None:
            gold.append(score)
            predicted.append(similarity)
    return {"sts_pearson": pearson(gold, predicted) if gold else None}


def check_pair(example: Example) -> None:
    """Refuse a Doc to be predicted that is not the pair which the gold Doc is.

    RAISES (BlurbError): B453 it is not.
    """
    if is_pair(example.reference) and not is_pair(example.predicted):
        raise BlurbError(Errors.B453.format(text=example.reference.text[:40]))
