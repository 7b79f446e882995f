"""What a result file says: the score, the counts behind it, and what made it."""

import hashlib
import json
import platform
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

from spacy.language import Language

from ..metrics.entities import bootstrap_f1, count_matches, entity_scores, scores_per_label
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


METRICS = ("entity_f1",)
"""The metrics that a result can have so far."""


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
    RETURNS (dict[str, Any]): `score` and `ci95` are 0-1; `n` counts documents.
    """
    counts = [count_matches(p.gold, p.predicted) for p in predictions]
    scores = entity_scores(counts)
    per_label = scores_per_label([(p.gold, p.predicted) for p in predictions])
    return {
        "task": task.name,
        "metric": task.metric,
        "score": scores.f1,
        "ci95": list(bootstrap_f1(counts)),
        "n": len(predictions),
        "precision": scores.precision,
        "recall": scores.recall,
        "correct": scores.correct,
        "predicted": scores.predicted,
        "gold": scores.gold,
        "other_types": sum(p.other_types for p in predictions),
        "per_label": {
            label: {"precision": s.precision, "recall": s.recall, "f1": s.f1, "gold": s.gold}
            for label, s in per_label.items()
        },
        **describe_data(data),
        **describe_run(nlp, model),
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
