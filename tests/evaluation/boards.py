"""Result files for leaderboards, made of counts."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from spacy_blurb.evaluation.results import write_units
from spacy_blurb.metrics.resampling import Units, bootstrap_interval
from spacy_blurb.tasks import TASKS

HOSTILE = "<img src=x onerror=alert(1)>"


def write_result(
    folder: Path,
    task: str,
    model: str,
    seed: int | None = 0,
    *,
    right: int = 5,
    gold: str = "g1",
    with_units: bool = True,
    settings: dict[str, Any] | None = None,
    name: str | None = None,
    gold_counted: int | None = None,
    **more: Any,
) -> Path:
    """Ten documents with one mention each, of which so many are found."""
    table = np.array([[float(n < right), 1.0, 1.0] for n in range(10)])
    units = Units("f1", tuple(map(str, range(10))), table)
    path = folder / task / f"{name or model}-s{seed}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    content: dict[str, Any] = {
        "task": task,
        "metric": TASKS[task].metric,
        "score": units.score(),
        "ci95": list(bootstrap_interval(units)),
        "n": TASKS[task].sizes.test or 10,  # else it would be marked as another split
        "model": model,
        "seed": seed,
        "gold_sha256": gold,
        "predictions": f"{path.stem}.predictions.jsonl",
        **more,
    }
    if gold_counted is not None:
        content["gold"] = gold_counted
    if settings is not None:
        curve = [[0, 0.1, 5.0], [10, 0.4, 2.0], [20, units.score(), 1.0]]
        content["run"] = {"settings": settings, "curve": curve}
    if with_units:
        content["units"] = f"{path.stem}.units.json"
        write_units(units, path.with_name(content["units"]))
    path.write_text(json.dumps(content), encoding="utf-8")
    return path
