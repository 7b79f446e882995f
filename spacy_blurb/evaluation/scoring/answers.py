"""Answers: accuracy of labels and options; spans are scored once per question, not per text."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import BlurbError, Errors
from ...metrics.answers import (
    exact_match,
    factoid_scores,
    first_right,
    is_right_span,
    majority_share,
    token_f1,
    unite_contexts,
)
from ...metrics.calibration import calibration_bins, expected_calibration_error
from ...metrics.resampling import Units
from ...tasks import Task
from .rows import Row, require, require_probability


@dataclass(frozen=True, slots=True)
class GoldAnswer:
    """The right answers of one question in one text.

    group (str): Of the question, the same for all texts that it is asked of.
    label (str): The label, or the index of the option; "" of a question that spans answer.
    spans (Sequence): Of such a question, offset in the text (-1 where it is not there) and text.
    text (str): Of the document, where spans answer, else "".
    extractive (bool): Whether spans answer.
    """

    id: str
    group: str
    label: str
    spans: Sequence[tuple[int, str]]
    text: str
    extractive: bool


@dataclass(frozen=True, slots=True)
class _Span:
    """A candidate: its text, "" for no answer, and its probability."""

    text: str
    score: float


def score_answers(
    task: Task, gold: Sequence[GoldAnswer], rows: Sequence[Row], source: Path
) -> tuple[dict[str, Any], Units]:
    """Score answers by the task's metric.

    rows (Sequence[Row]): In the order of `gold`, one per question and text, with probabilities as
        `score`: `{"id", "label", "score"?}`, or of spans `{"id", "start", "end", "score",
        "candidates"?: [{"start", "end", "score"}]}`, best first, null offsets for no answer.
    RETURNS (tuple): Fields of the result: `score` 0-1; of labels and options `baseline` (accuracy
        of always giving the most frequent gold answer of these very questions), `per_label` and
        `confusion`, of spans `strict`, `lenient`, `mrr`, `em`, `f1`; `contexts` (questions x
        texts), `calibration`; and what each question contributes.
    RAISES (BlurbError): B630 a row that is not of this form, B631 offsets outside of the text.
    """
    score = _score_spans if gold[0].extractive else _score_labels
    fields, units = score(task, gold, rows, source)
    return {**fields, "contexts": len(rows)}, units


def _score_labels(
    task: Task, gold: Sequence[GoldAnswer], rows: Sequence[Row], source: Path
) -> tuple[dict[str, Any], Units]:
    wanted = [item.label for item in gold]
    found = [require(row, "label", str, source) for row in rows]
    right = [float(one == other) for one, other in zip(wanted, found, strict=True)]
    labels = sorted({*wanted, *found} - {""})
    pairs = list(zip(wanted, found, strict=True))
    fields = {
        "score": sum(right) / len(right),
        "baseline": majority_share(wanted),
        "per_label": {label: _rates(label, pairs) for label in labels},
        # Gold label → predicted label → questions; "" for no answer.
        "confusion": {
            label: dict(Counter(f for g, f in pairs if g == label)) for label in sorted(set(wanted))
        },
        "calibration": _calibrate_labels(wanted, rows, source),
    }
    return fields, _units(gold, right)


def _rates(label: str, pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    correct = pairs.count((label, label))
    n_gold = sum(gold == label for gold, _ in pairs)
    n_found = sum(found == label for _, found in pairs)
    return {
        "precision": correct / n_found if n_found else 0.0,
        "recall": correct / n_gold if n_gold else 0.0,
        "f1": 2 * correct / (n_gold + n_found) if n_gold + n_found else 0.0,
        "gold": n_gold,
    }


def _score_spans(
    task: Task, gold: Sequence[GoldAnswer], rows: Sequence[Row], source: Path
) -> tuple[dict[str, Any], Units]:
    """Score each question once, by the candidates of all its texts.

    One that rightly has no answer has nothing to be ranked, so strict, lenient and MRR leave it out
    (BioASQ has none of them); F1 and exact match count it, as SQuAD 2.0.
    """
    found = [_read_spans(item, row, source) for item, row in zip(gold, rows, strict=True)]
    groups: dict[str, list[int]] = {}
    for place, item in enumerate(gold):
        groups.setdefault(item.group, []).append(place)
    ranks: dict[str, int | None] = {}
    em, f1, answerable = [], [], []
    for group, places in groups.items():
        best, ranked = unite_contexts(
            (found[n][0].text, [(c.text, c.score) for c in found[n][1]]) for n in places
        )
        right = [text for n in places for _, text in gold[n].spans]
        if any(right):
            ranks[group] = first_right(ranked, right)
        em.append(float(exact_match(best, right)))
        f1.append(token_f1(best, right))
        answerable.append(any(offset >= 0 for n in places for offset, _ in gold[n].spans))
    factoid = factoid_scores(list(ranks.values()))
    reciprocal = {group: 0.0 if rank is None else 1 / rank for group, rank in ranks.items()}
    values = {"mrr": reciprocal, "answer_score": dict(zip(groups, f1, strict=True))}[task.metric]
    fields = {
        "score": sum(values.values()) / max(1, len(values)),
        # Questions of which some text has a gold answer; the others no span can answer.
        "answerable": sum(answerable),
        "strict": factoid.strict,
        "lenient": factoid.lenient,
        "mrr": factoid.mrr,
        "em": sum(em) / len(em),
        "f1": sum(f1) / len(f1),
        "ranks": dict(Counter(str(rank) for rank in ranks.values())),
        "calibration": _calibrate_spans(gold, found),
    }
    table = np.array(list(values.values()), dtype=float)[:, None]
    return fields, Units("mean", tuple(values), table)


def _calibrate_spans(
    gold: Sequence[GoldAnswer], found: Sequence[tuple[_Span, list[_Span]]]
) -> dict[str, Any]:
    # An answer below the threshold has the probability of the span that it would be.
    judged = [
        ranked[0] if not best.text and ranked and ranked[0].score == best.score else best
        for best, ranked in found
    ]
    right = [is_right_span(span.text, item.spans) for item, span in zip(gold, judged, strict=True)]
    return _calibration([span.score for span in judged], right)


def _read_spans(gold: GoldAnswer, row: Row, source: Path) -> tuple[_Span, list[_Span]]:
    """Return the answer and its candidates, which are the answer alone where a row names none."""
    best = _read_span(gold, row, source)
    require_probability(row, "score", source)
    if "candidates" not in row:
        return best, [best]
    candidates = require(row, "candidates", list, source)
    for candidate in candidates:
        if not isinstance(candidate, dict):
            raise BlurbError(
                Errors.B630.format(
                    path=source,
                    doc_id=row["id"],
                    key="candidates",
                    found=candidate,
                    wanted="objects",
                )
            )
    ranked = [_read_span(gold, {**c, "id": row["id"]}, source) for c in candidates]
    # The answer is a candidate, whether or not a program repeats it.
    is_there = any(candidate.text == best.text for candidate in ranked)
    return best, ranked if is_there or not best.text else [best, *ranked]


def _read_span(gold: GoldAnswer, row: Row, source: Path) -> _Span:
    score = float(require(row, "score", float, source))
    start, end = read_best_span(gold, row, source)
    return _Span(gold.text[start:end], score)


def read_best_span(gold: GoldAnswer, row: Row, source: Path) -> tuple[int, int]:
    """Return the offsets of a row's answer, (0, 0) for no answer.

    RAISES (BlurbError): B630 they are no numbers, B631 outside of the text.
    """
    if "start" in row and row["start"] is None and row.get("end") is None:
        return 0, 0
    start, end = (require(row, key, int, source) for key in ("start", "end"))
    if not 0 <= start < end <= len(gold.text):
        length = len(gold.text)
        raise BlurbError(
            Errors.B631.format(path=source, doc_id=row["id"], start=start, end=end, length=length)
        )
    return start, end


def _calibrate_labels(
    wanted: Sequence[str], rows: Sequence[Row], source: Path
) -> dict[str, Any] | None:
    if any(row.get("score") is None for row in rows):
        return None
    scores = [require_probability(row, "score", source) for row in rows]
    right = [_guess(row) == label for row, label in zip(rows, wanted, strict=True)]
    return _calibration(scores, right)


def _guess(row: Row) -> str:
    """Return what a row's probability is of: below the threshold, what the answer would be."""
    probs = row.get("probs")
    if row["label"] or not isinstance(probs, dict):
        return row["label"]
    numbers = {label: value for label, value in probs.items() if isinstance(value, int | float)}
    return max(numbers, key=lambda label: numbers[label], default="")


def _calibration(scores: Sequence[float], right: Sequence[bool]) -> dict[str, Any]:
    """Say whether the answers' probabilities are as high as the share of those that are right.

    Per question and text: of an extractive answer right is what has the text of a gold answer, in
    any case.
    """
    bins = calibration_bins(scores, right)
    return {
        "error": expected_calibration_error(bins),
        "bins": [[row.count, round(row.score, 6), round(row.accuracy, 6)] for row in bins],
    }


def _units(gold: Sequence[GoldAnswer], values: Sequence[float]) -> Units:
    table = np.array(values, dtype=float)[:, None]
    return Units("mean", tuple(item.id for item in gold), table)
