"""Scores of entities and PICO elements, on character offsets over all gold mentions."""

from collections.abc import Callable, Iterable
from typing import Any

from spacy.training import Example

from ..annotations import (
    PICO,
    gold_entities,
    label_sets,
    on_annotated_tokens,
    predicted_entities,
)
from ..metrics.entities import as_spacy_scores
from ..metrics.words import WordSpans, count_words, macro_word_f1, word_scores


def score_entities(examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
    """Score exact entities, and the words of PICO elements.

    Of a component with several label sets those count that the gold Doc is annotated for. Entities
    on tokens of which spaCy's annotation is missing do not count.

    examples (Iterable[Example]): Those without annotation are not counted.
    RETURNS (dict[str, Any]): `ents_p`, `ents_r`, `ents_f` (0-1) and `ents_per_type`; `pico_f`, the
        macro word F1 over the gold labels (0-1), and `pico_per_type`. None without annotated Docs.
    """
    examples = list(examples)
    pairs = []
    for example in examples:
        gold = gold_entities(example.reference)
        if gold is not None:
            found = predicted_entities(example.predicted, label_sets(example.reference))
            found = on_annotated_tokens(found, example.reference)
            pairs.append((gold, [entity[:3] for entity in found]))
    return {**as_spacy_scores(pairs), **_score_pico(examples)}


def _score_pico(examples: list[Example]) -> dict[str, Any]:
    rows: list[WordSpans] = []
    for example in examples:
        reference = example.reference
        gold = gold_entities(reference, PICO)
        if gold is not None:
            found = predicted_entities(example.predicted, label_sets(reference), key=PICO)
            predicted = [entity[:3] for entity in found]
            words = [(t.idx, t.idx + len(t)) for t in reference if not t.is_space]
            rows.append(WordSpans(words, gold, predicted))
    if not rows:
        return {"pico_f": None, "pico_per_type": None}
    labels = sorted({label for row in rows for _, _, label in row.gold})
    counts = [count_words(row, labels) for row in rows]
    per_type = {
        label: {"p": scores.precision, "r": scores.recall, "f": scores.f1}
        for label, scores in word_scores(counts, labels).items()
    }
    return {"pico_f": macro_word_f1(counts), "pico_per_type": per_type}


def make_entity_scorer_v1() -> Callable[..., dict[str, Any]]:
    """Build `spacy_blurb.entity_scorer.v1`."""
    return score_entities
