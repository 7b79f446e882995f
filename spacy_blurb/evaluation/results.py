"""What a result file says: the score, the counts behind it, and what made it."""

import hashlib
import json
import platform
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

from spacy.language import Language

from ..metrics.calibration import calibration_bins, expected_calibration_error
from ..metrics.entities import (
    EntityScores,
    bootstrap_f1,
    count_matches,
    entity_scores,
    scores_per_label,
)
from ..metrics.words import (
    WordSpans,
    bootstrap_macro_word_f1,
    count_words,
    macro_word_f1,
    word_scores,
)
from ..tasks import Task
from .predict import EntityPrediction

_PACKAGES = (
    "spacy-blurb",
    "spacy",
    "thinc",
    "spacy-transformers",
    "transformers",
    "torch",
    "numpy",
)


class Prediction(Protocol):
    """What a prediction file has a line of."""

    def to_json(self) -> dict[str, Any]:
        """Return ids, offsets, labels and numbers, no text."""


def _entity_f1(predictions: list[EntityPrediction], task: Task) -> dict[str, Any]:
    counts = [count_matches(p.gold, p.predicted) for p in predictions]
    scores = entity_scores(counts)
    return {
        "score": scores.f1,
        "ci95": list(bootstrap_f1(counts)),
        "precision": scores.precision,
        "recall": scores.recall,
        "correct": scores.correct,
        "predicted": scores.predicted,
        "gold": scores.gold,
        "per_label": _per_label(scores_per_label([(p.gold, p.predicted) for p in predictions])),
    }


def _macro_word_f1(predictions: list[EntityPrediction], task: Task) -> dict[str, Any]:
    counts = [
        count_words(WordSpans(p.words, p.gold, p.predicted), task.labels) for p in predictions
    ]
    scores = word_scores(counts, task.labels)
    return {
        "score": macro_word_f1(counts),
        "ci95": list(bootstrap_macro_word_f1(counts)),
        # Words; one with two labels counts for both.
        "correct": sum(label.correct for label in scores.values()),
        "predicted": sum(label.predicted for label in scores.values()),
        "gold": sum(label.gold for label in scores.values()),
        "per_label": _per_label(scores),
    }


def _per_label(scores: dict[str, EntityScores]) -> dict[str, dict[str, Any]]:
    return {
        label: {"precision": s.precision, "recall": s.recall, "f1": s.f1, "gold": s.gold}
        for label, s in scores.items()
    }


METRICS: dict[str, Callable[[list[EntityPrediction], Task], dict[str, Any]]] = {
    "entity_f1": _entity_f1,
    "macro_word_f1": _macro_word_f1,
}
"""The metrics that a result can have so far: what each says about predictions."""


def entity_result(
    task: Task,
    nlp: Language,
    predictions: list[EntityPrediction],
    *,
    data: Path,
    model: str | None = None,
) -> dict[str, Any]:
    """Score entity predictions and describe the run.

    data (Path): The gold file, named by its SHA-256 in the result.
    model (str | None): Model name in the result, by default the pipeline's.
    RETURNS (dict[str, Any]): `score` and `ci95` are 0-1; `n` counts documents. `calibration` is
        about the probabilities of whole spans, None where the pipeline gives none.
    """
    return {
        "task": task.name,
        "metric": task.metric,
        "n": len(predictions),
        **METRICS[task.metric](predictions, task),
        "other_types": sum(p.other_types for p in predictions),
        "calibration": calibration_result(predictions),
        **describe_data(data),
        **describe_run(nlp, model),
    }


def calibration_result(predictions: list[EntityPrediction]) -> dict[str, Any] | None:
    """Say whether probabilities are as high as the share of spans that are exactly right.

    RETURNS (dict | None): `error`, the expected calibration error (0-1) over ten bins of equal
        width, and per bin [count, mean score, accuracy]; None where a span has no probability.
    """
    rows = [
        (score, span in set(p.gold))
        for p in predictions
        for span, score in zip(p.predicted, p.scores, strict=True)
    ]
    scores = [score for score, _ in rows if score is not None]
    if not rows or len(scores) < len(rows):
        return None
    bins = calibration_bins(scores, [right for _, right in rows])
    return {
        "error": expected_calibration_error(bins),
        "bins": [[row.count, round(row.score, 6), round(row.accuracy, 6)] for row in bins],
    }


def describe_data(data: Path) -> dict[str, Any]:
    """Name the gold file by its content."""
    return {"data_sha256": hashlib.sha256(data.read_bytes()).hexdigest()}


def describe_run(nlp: Language, model: str | None = None) -> dict[str, Any]:
    """Say which pipeline, seed, versions and machine gave a result."""
    return {
        "model": model or f"{nlp.meta['lang']}_{nlp.meta['name']}-{nlp.meta['version']}",
        "seed": nlp.config.interpolate()["training"].get("seed"),
        "versions": package_versions(),
        "machine": f"{platform.machine()} {platform.system()}, Python {platform.python_version()}",
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
        "command": " ".join([_program(), *sys.argv[1:]]),
    }


def _program() -> str:
    """Name the program that `sys.argv` was given to: `spacy blurb …` or our own script."""
    return "python -m spacy" if sys.argv[1:2] == ["blurb"] else "spacy-blurb"


def package_versions() -> dict[str, str]:
    """Return the installed versions of the packages that results depend on."""
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def write_result(result: dict[str, Any], predictions: Sequence[Prediction], output: Path) -> Path:
    """Write the result and, beside it, its predictions.

    RETURNS (Path): The predictions file, named in the result's `predictions`.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    predictions_path = output.with_name(f"{output.stem}.predictions.jsonl")
    lines = [json.dumps(p.to_json(), ensure_ascii=False) for p in predictions]
    predictions_path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    result = {**result, "predictions": predictions_path.name}
    output.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return predictions_path
