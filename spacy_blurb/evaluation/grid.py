"""Which cells does a grid have? A TOML file → task x model x seed, each with its settings."""

import itertools
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..data.datasets import FORMS
from ..errors import BlurbError, Errors
from ..tasks import Task, get_task
from .pipeline_identity import name_encoder
from .training_config import Settings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_SETTINGS: dict[str, type] = {
    "learning_rate": float,
    "epochs": int,
    "batch_docs": int,
    "train_docs": int,
}
_GRID_KEYS = ("name", "tasks", "seeds", "form", "select", "settings", "overrides", "task", "models")
_TASK_KEYS = (*_SETTINGS, "form", "seeds", "overrides")
_MODEL_KEYS = (*_SETTINGS, "encoder", "tasks", "seeds", "overrides")
SEED = "{seed}"
"""Stands for the seed in an encoder's name."""
_NAME_LETTERS = "letters, digits, '.', '_' and '-'"


@dataclass(frozen=True, slots=True)
class Cell:
    """One training and its score.

    model (str): Name in the table and in the result file's name.
    encoder (str): Hugging Face folder or hub name.
    form (str): Of the data, "original" or "blurb".
    pattern (str): Of the encoders' names, where there is one for each seed; else "".
    train_docs (int | None): Budget: so many training Docs, drawn with a fixed seed; None for all.
    overrides (Mapping[str, Any]): Dotted key → value, over the template.
    """

    task: Task
    model: str
    encoder: str
    form: str
    settings: Settings
    train_docs: int | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    pattern: str = ""

    @property
    def name(self) -> str:
        """Return the result file's name without its ending."""
        return f"{self.model}-s{self.settings.seed}"

    def describe(self) -> dict[str, Any]:
        """Return the settings as a result file states them."""
        return {
            "learning_rate": self.settings.learning_rate,
            "epochs": self.settings.epochs,
            "batch_docs": self.settings.batch_docs,
            "train_docs": self.train_docs,
            "form": self.form,
            "encoder": name_encoder(self.encoder),
            **({"encoder_pattern": _name_pattern(self.pattern)} if self.pattern else {}),
            "overrides": dict(self.overrides),
        }


@dataclass(frozen=True, slots=True)
class Group:
    """The cells of one task and model, which differ in their seed.

    alternatives (tuple[tuple[Cell, ...], ...]): One entry per setting that is tried, each with a
        cell per seed; the first seeds compete on dev where there are several.
    """

    task: str
    model: str
    alternatives: tuple[tuple[Cell, ...], ...]


def read_grid(path: Path, *, encoder: str | None) -> list[Group]:
    """Read a grid.

    encoder (str | None): For models that name none; "{seed}" in a name becomes the seed.
    RETURNS (list[Group]): In the order of tasks, then models.
    RAISES (BlurbError): B616 no such file, B617 not TOML, B618 unknown key, B619 wrong value, B620
        alternatives and no rule to choose, B621 a model without an encoder, B110 unknown task.
    """
    try:
        with path.open("rb") as file:
            values = tomllib.load(file)
    except FileNotFoundError as error:
        raise BlurbError(Errors.B616.format(path=path)) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BlurbError(Errors.B617.format(path=path, reason=error)) from error
    return _Reader(path, values, encoder).read()


def _name_pattern(pattern: str) -> str:
    """Return what tells encoders of other seeds, without the folders around them."""
    parts = Path(pattern).parts
    first = next(number for number, part in enumerate(parts) if SEED in part)
    return "/".join(parts[first:])


class _Reader:
    """Checks a grid's values and lays out its cells."""

    def __init__(self, path: Path, values: dict[str, Any], encoder: str | None) -> None:
        self._path = path
        self._values = values
        self._encoder = encoder

    def read(self) -> list[Group]:
        values = self._values
        self._check_keys("", values, _GRID_KEYS)
        tasks = self._list("tasks", values.get("tasks"), str)
        seeds = self._list("seeds", values.get("seeds", [0]), int)
        self._one_of("select", values.get("select", "dev"), ("dev",))
        for key in ("settings", "overrides", "task", "models"):
            self._table(key, values.get(key, {}))
        self._check_keys("settings.", values.get("settings", {}), _SETTINGS)
        for name, section in values.get("task", {}).items():
            get_task(name)
            self._check_keys(f"task.{name}.", self._table(f"task.{name}", section), _TASK_KEYS)
        models = values.get("models") or {values.get("name", self._path.stem): {}}
        for name, section in models.items():
            if not isinstance(name, str):
                raise self._wrong("name", name, _NAME_LETTERS)
            if not name or not all(c.isalnum() or c in "._-" for c in name) or name[0] == ".":
                raise self._wrong("the name of a model", name, _NAME_LETTERS)
            self._check_keys(f"models.{name}.", self._table(f"models.{name}", section), _MODEL_KEYS)
        groups = []
        for task in map(get_task, tasks):
            for model, section in models.items():
                key = f"models.{model}.tasks"
                own = self._list(key, section.get("tasks", tasks), str)
                if unknown := [name for name in own if name not in tasks]:
                    raise self._wrong(key, unknown[0], "a task of the grid's 'tasks'")
                if task.name in own:
                    of_task = values.get("task", {}).get(task.name, {})
                    wanted = section.get("seeds", of_task.get("seeds", seeds))
                    groups.append(self._group(task, model, self._list("seeds", wanted, int)))
        return groups

    def _group(self, task: Task, model: str, seeds: list[int]) -> Group:
        of_task = self._values.get("task", {}).get(task.name, {})
        of_model = (self._values.get("models") or {}).get(model, {})
        form = of_task.get("form", self._values.get("form", "original"))
        self._one_of("form", form, FORMS)
        overrides: dict[str, Any] = {}
        for where in (self._values, of_task, of_model):
            overrides |= self._table("overrides", where.get("overrides", {}))
        for key in overrides:
            # Two such cells would be one training, found by the hash of what the grid says.
            if key.partition(".")[0] == "paths" or key in ("system.seed", "training.seed"):
                raise BlurbError(Errors.B647.format(key=key))
        encoder = of_model.get("encoder", self._encoder)
        if encoder is None:
            raise BlurbError(Errors.B621.format(path=self._path, model=model))
        if not isinstance(encoder, str) or not encoder:
            raise self._wrong(f"models.{model}.encoder", encoder, "a folder")
        # The most particular place wins: the model's own, the task's, the grid's, the task spec's.
        places = {"settings": self._values.get("settings", {}), f"task.{task.name}": of_task}
        places[f"models.{model}"] = of_model
        choices = {key: self._choices(key, places, task) for key in _SETTINGS}
        alternatives = []
        for chosen in itertools.product(*choices.values()):
            picked = dict(zip(choices, chosen, strict=True))
            train_docs = picked.pop("train_docs")
            alternatives.append(
                tuple(
                    Cell(
                        task=task,
                        model=model,
                        encoder=str(encoder).replace(SEED, str(seed)),
                        form=form,
                        settings=Settings(**picked, seed=seed),
                        train_docs=train_docs,
                        overrides=overrides,
                        pattern=str(encoder) if SEED in str(encoder) else "",
                    )
                    for seed in seeds
                )
            )
        return Group(task.name, model, tuple(alternatives))

    def _choices(self, key: str, places: Mapping[str, Mapping[str, Any]], task: Task) -> list[Any]:
        where, found = "the task", getattr(task.training, key, None)
        for place, section in places.items():
            if key in section:
                where, found = f"{place}.{key}", section[key]
        if not isinstance(found, list):
            return [found if found is None else self._number(where, found, _SETTINGS[key])]
        if "select" not in self._values:
            listed = ", ".join(map(str, found))
            raise BlurbError(Errors.B620.format(path=self._path, key=where, found=listed))
        if key == "train_docs" or not found:
            raise self._wrong(where, found, "a number")
        return [self._number(where, value, _SETTINGS[key]) for value in found]

    def _number(self, key: str, value: Any, kind: type) -> Any:
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind or not 0 < value < math.inf:  # type: ignore[operator]
            wanted = "a number above 0" if kind is float else "a whole number above 0"
            raise self._wrong(key, value, wanted)
        return value

    def _list(self, key: str, value: Any, kind: type) -> list[Any]:
        is_list = isinstance(value, list) and len(value) > 0
        if not is_list or any(type(item) is not kind for item in value):
            what = "task names" if kind is str else "whole numbers"
            raise self._wrong(key, value, f"a list of {what}")
        if len(set(value)) < len(value):
            raise self._wrong(key, value, "each entry once")
        return value

    def _table(self, key: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._wrong(key, value, "a section")
        return value

    def _one_of(self, key: str, value: Any, known: tuple[str, ...]) -> None:
        if value not in known:
            raise self._wrong(key, value, " or ".join(repr(name) for name in known))

    def _check_keys(self, prefix: str, section: Mapping[str, Any], known: Any) -> None:
        for key in section:
            if key not in known:
                listed = ", ".join(known)
                raise BlurbError(
                    Errors.B618.format(path=self._path, key=prefix + key, known=listed)
                )

    def _wrong(self, key: str, found: Any, expected: str) -> BlurbError:
        return BlurbError(
            Errors.B619.format(path=self._path, key=key, found=found, expected=expected)
        )
