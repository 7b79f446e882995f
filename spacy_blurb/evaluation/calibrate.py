"""Make probabilities mean what they say: temperature and thresholds, fitted on a dev split."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import minibatch

from ..annotations import gold_entities, label_sets
from ..components.doc_cleaner import DocCleaner
from ..components.ner import BlurbNer
from ..components.ner_model import TagScores
from ..data.readers import make_predicted
from ..errors import BlurbError, Errors
from ..metrics.calibration import (
    best_threshold,
    calibration_bins,
    expected_calibration_error,
    mean_log_loss,
)

TEMPERATURES = (0.1, 10.0)
"""The range that is searched."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """A predicted span: its label, probability, and whether it is exactly right."""

    label: str
    score: float
    correct: bool


class _Dev:
    """A dev split as a component scores it; the encoder runs once."""

    def __init__(self, nlp: Language, references: Sequence[Doc], component: str) -> None:
        self._ner: BlurbNer = nlp.get_pipe(component)  # type: ignore[assignment]
        self._references = references
        # Those that were scored: components before this one may have merged tokens.
        self._docs: list[Doc] = []
        self._scores = TagScores([])
        for batch in minibatch(references, nlp.batch_size):
            docs: list[Doc] = [make_predicted(nlp, reference) for reference in batch]
            for name, pipe in nlp.pipeline:
                if name == component:
                    break
                # A function has no `pipe`.
                stream = pipe.pipe(docs) if hasattr(pipe, "pipe") else map(pipe, docs)
                docs = list(stream)
            scores = self._ner.predict(docs)
            # The encoder's output is large, and not needed any more.
            self._docs += map(DocCleaner(), docs)
            self._scores = TagScores([*self._scores.logits, *scores.logits], scores.pairs)

    def judge(self) -> list[_Judged]:
        """Return the spans that the component predicts as it is set now."""
        return list(self._judge())

    def _judge(self) -> Iterator[_Judged]:
        found = self._ner.find(self._docs, self._scores)
        for reference, doc, spans in zip(self._references, self._docs, found, strict=True):
            for key, sets in self._ner.cfg["label_sets"].items():
                mentions = gold_entities(reference, key)
                if mentions is None:
                    continue
                gold = set(mentions)
                wanted = set(label_sets(reference, key)) & set(sets) or set(sets)
                # What several label sets find is one prediction, as sure as the surest of them.
                best: dict[tuple[int, int, str], float] = {}
                for span in spans:
                    if span.key == key and span.label_set in wanted:
                        start, end = doc[span.start].idx, doc[span.start : span.end].end_char
                        place = (start, end, span.label)
                        best[place] = max(span.score, best.get(place, 0.0))
                for place, score in best.items():
                    yield _Judged(place[2], score, place in gold)

    def count_gold(self) -> dict[str, int]:
        """Count the gold mentions of the component's labels."""
        counts = dict.fromkeys(self._ner.labels, 0)
        for reference in self._references:
            for key in self._ner.cfg["label_sets"]:
                for _, _, label in set(gold_entities(reference, key) or ()):
                    if label in counts:
                        counts[label] += 1
        return counts


def calibrate(
    nlp: Language, references: Sequence[Doc], *, component: str, thresholds: bool
) -> dict[str, Any]:
    """Fit a component's temperature, and on request a threshold per label, and set them.

    The temperature is the one with the least log loss of predicted spans: of `span._.score` as the
    probability that start, end and label are all right. It changes no prediction. The thresholds
    have the highest F1 of each label; spans below them are no longer predicted.

    references (Sequence[Doc]): Gold Docs, which must not be those of the test split.
    thresholds (bool): Whether to fit thresholds; without, they are removed, which is reported.
    RETURNS (dict): What was set, and loss, calibration error and F1 before and after.
    RAISES (BlurbError): B520 the component gives no probabilities of spans, B521 it finds nothing
        in these Docs.
    """
    ner = nlp.get_pipe(component)
    if not isinstance(ner, BlurbNer):
        raise BlurbError(Errors.B520.format(component=component, kind=type(ner).__name__))
    dev = _Dev(nlp, references, component)
    gold = dev.count_gold()
    before = dev.judge()
    removed, ner.cfg["thresholds"] = ner.cfg["thresholds"], {}

    def loss(temperature: float) -> float:
        ner.cfg["temperature"] = temperature
        judged = dev.judge()
        if not judged:
            raise BlurbError(Errors.B521.format(component=component))
        return mean_log_loss([s.score for s in judged], [s.correct for s in judged])

    # A saved `cfg` has ten digits.
    ner.cfg["temperature"] = round(minimise(loss, *TEMPERATURES), 6)
    after = dev.judge()
    fitted_on = len(after)
    if thresholds:
        ner.cfg["thresholds"] = {label: _threshold(after, label, gold) for label in ner.labels}
        after = dev.judge()
    return {
        "component": component,
        "temperature": ner.cfg["temperature"],
        "thresholds": ner.cfg["thresholds"],
        "removed_thresholds": {} if thresholds else removed,
        "fitted_on": fitted_on,
        "documents": len(references),
        "gold": sum(gold.values()),
        "before": _describe(before, sum(gold.values())),
        "after": _describe(after, sum(gold.values())),
    }


def _threshold(judged: Sequence[_Judged], label: str, gold: dict[str, int]) -> float:
    own = [span for span in judged if span.label == label]
    found = best_threshold([s.score for s in own], [s.correct for s in own], gold[label])
    # A saved `cfg` has ten decimals. Down, so that no span that was to be kept falls below it.
    return float(Decimal(found).quantize(Decimal("1e-10"), ROUND_FLOOR))


def _describe(judged: Sequence[_Judged], n_gold: int) -> dict[str, Any]:
    scores, correct = [span.score for span in judged], [span.correct for span in judged]
    bins = calibration_bins(scores, correct)
    return {
        "predicted": len(judged),
        "correct": sum(correct),
        "entity_f1": 2 * sum(correct) / max(1, len(judged) + n_gold),
        "log_loss": mean_log_loss(scores, correct) if judged else None,
        "calibration_error": expected_calibration_error(bins),
        "bins": [[row.count, row.score, row.accuracy] for row in bins],
    }


def minimise(function: Callable[[float], float], low: float, high: float) -> float:
    """Find where a function is least: on a grid of equal ratios, then on a finer one around it.

    RETURNS (float): Within 1 % of the least value's place, if the function has one valley only.
    """
    for _ in range(2):
        grid = np.geomspace(low, high, 31)
        best = int(np.argmin([function(float(value)) for value in grid]))
        low, high = float(grid[max(0, best - 1)]), float(grid[min(len(grid) - 1, best + 1)])
    return float(grid[best])
