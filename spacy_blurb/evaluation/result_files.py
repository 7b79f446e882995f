"""Which results are in a folder?"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import BlurbError, Errors
from ..metrics.resampling import Units
from .results import read_units

_NAMES = (
    *("task", "metric", "units", "predictions"),
    *("gold_sha256", "data_sha256", "entities", "encoder", "backend"),
)
"""Keys of a result whose values are texts, where it has them."""


@dataclass(frozen=True, slots=True)
class Result:
    """One result file.

    content (dict): What it says.
    """

    path: Path
    content: dict[str, Any]

    @property
    def task(self) -> str:
        """Return the task's name."""
        return self.content["task"]

    @property
    def model(self) -> str:
        """Return the model's name, which may be anything."""
        return str(self.content["model"])

    @property
    def seed(self) -> Any:
        """Return the seed, None where nobody told it."""
        return self.content.get("seed")

    @property
    def entities(self) -> str | None:
        """Return which entities relations were scored between, "gold" or "predicted"."""
        return self.content.get("entities")

    @property
    def gold(self) -> str:
        """Return the name of the gold data: by content, else by file."""
        return self.content.get("gold_sha256") or self.content.get("data_sha256", "unknown")

    @property
    def settings(self) -> dict[str, Any]:
        """Return the settings of the grid, {} for a result that none made."""
        return self.content.get("run", {}).get("settings", {})

    @property
    def encoder(self) -> str | None:
        """Return the name of the encoder, None where the result does not tell."""
        return self.settings.get("encoder") or self.content.get("encoder")

    @property
    def encoder_sha256(self) -> str | None:
        """Return the hash of the encoder's files, None for a result that no grid made."""
        return self.content.get("run", {}).get("encoder_sha256")

    @property
    def budget(self) -> tuple[int, int] | None:
        """Return training Docs that were used and all there are, None where all were."""
        used, total = (self.settings.get(key) for key in ("train_docs", "train_docs_of"))
        return (used, total) if used and total and used < total else None

    def units(self) -> Units | None:
        """Return what each test unit contributes, None where the result does not tell."""
        name = self.content.get("units")
        return None if name is None else read_units(self.path.parent / name)

    def predictions(self) -> Path | None:
        """Return the prediction file, None where it is not there."""
        path = self.path.parent / (self.content.get("predictions") or "")
        return path if path.is_file() else None


def read_results(folder: Path) -> list[Result]:
    """Read the result files of a folder and of the folders in it, one per task, not deeper.

    Other JSON files are passed over: a result has a `task`, a `metric` and a `score`.

    RAISES (BlurbError): B634 no such folder, B635 a damaged result, B636 two results of one task,
        model and seed.
    """
    if not folder.is_dir():
        raise BlurbError(Errors.B634.format(path=folder))
    found: dict[tuple[str, str, Any], Result] = {}
    for path in sorted([*folder.glob("*.json"), *folder.glob("*/*.json")]):
        result = _read(path)
        if result is None:
            continue
        key = result.task, result.model, result.seed
        if key in found:
            raise BlurbError(
                Errors.B636.format(
                    path=path,
                    other=found[key].path,
                    model=result.model,
                    seed=result.seed,
                    task=result.task,
                )
            )
        found[key] = result
    return list(found.values())


def read_result(path: Path) -> Result:
    """Read one result file.

    RAISES (BlurbError): B635 it is none.
    """
    result = _read(path)
    if result is None:
        raise BlurbError(Errors.B635.format(path=path, reason="'task' and 'score' are missing"))
    return result


def _read(path: Path) -> Result | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BlurbError(Errors.B635.format(path=path, reason=error)) from error
    if not isinstance(content, dict) or not {"task", "metric", "score"} <= set(content):
        return None
    if reason := _find_problem(content):
        raise BlurbError(Errors.B635.format(path=path, reason=reason))
    return Result(path, content)


def _find_problem(content: dict[str, Any]) -> str | None:
    """Say what keeps a result from being shown, None for nothing."""
    for key in ("model", "ci95", "n"):
        if key not in content:
            return f"{key!r} is missing"
    if not _is_number(content["score"]) or not -1 <= content["score"] <= 1:
        return f"'score' is {content['score']!r}, not a number from -1 to 1"
    ci95 = content["ci95"]
    if not isinstance(ci95, list) or len(ci95) != 2 or not all(map(_is_number, ci95)):
        return f"'ci95' is {ci95!r}, not two numbers"
    if not -1 <= ci95[0] <= ci95[1] <= 1:
        return f"'ci95' is {ci95!r}, not a lower and an upper bound from -1 to 1"
    for key in ("n", "gold"):
        if type(content.get(key)) not in (int, type(None)):
            return f"{key!r} is {content[key]!r}, not a whole number"
    for key in _NAMES:
        if not isinstance(content.get(key), str | None):
            return f"{key!r} is {content[key]!r}, not a name"
    if not isinstance(content.get("seed"), int | str | None):
        return f"'seed' is {content['seed']!r}, not a whole number"
    return _find_problem_of_run(content.get("run", {}))


def _find_problem_of_run(run: Any) -> str | None:
    """Say what is wrong with what a grid states of a run."""
    if not isinstance(run, dict) or not isinstance(run.get("settings", {}), dict):
        return "'run' is not an object with 'settings'"
    settings = run.get("settings", {})
    for key in ("train_docs", "train_docs_of"):
        if not isinstance(settings.get(key), int | None):
            return f"'run.settings.{key}' is {settings[key]!r}, not a whole number"
    if not isinstance(settings.get("form"), str | None):
        return f"'run.settings.form' is {settings['form']!r}, not a name"
    selection = run.get("selection")
    if selection and not (isinstance(selection, dict) and isinstance(selection.get("tried"), list)):
        return "'run.selection' has no list 'tried'"
    return None


def _is_number(value: Any) -> bool:
    # Whole numbers of JSON may be larger than any float; what is no number is not less either.
    return type(value) in (int, float) and abs(value) <= sys.float_info.max
