"""A training config from a template and a task's settings."""

import json
import math
from configparser import Error as ConfigParserError
from dataclasses import dataclass
from pathlib import Path

from confection import Config, ConfigValidationError

from ..errors import BlurbError, Errors
from ..tasks import Task


@dataclass(frozen=True, slots=True)
class Settings:
    """What a task and a run decide; see `tasks.spec.Training`."""

    learning_rate: float
    epochs: int
    batch_docs: int
    seed: int


def template(task: Task) -> Path:
    """Return the template of a task's component, as it lies in a project's folder.

    RAISES (BlurbError): B615 there is none.
    """
    path = Path("configs") / f"{task.component}.cfg"
    if not path.is_file():
        raise BlurbError(Errors.B615.format(path=path, task=task.name))
    return path


def fill_config(
    base: Path, corpus: Path, encoder: str, settings: Settings, *, task: Task
) -> Config:
    """Fill a template: paths, seed, steps, warm-up over a tenth, one evaluation per epoch.

    base (Path): Template, for example `configs/ner.cfg`.
    corpus (Path): Folder with `train.spacy`, `dev.spacy` and `report.json`.
    encoder (str): Hugging Face folder or hub name.
    task (Task): Its component must be in the template.
    RETURNS (Config): Not interpolated, ready for `spacy train`.
    RAISES (BlurbError): B100 a file is missing, B101 the corpus report is damaged, B503 the
        template is not a config for training, B508 a local encoder folder is missing or not whole,
        B509 the template is for tasks of another type.
    """
    _check_encoder(encoder)
    for path in (base, corpus / "report.json", corpus / "train.spacy", corpus / "dev.spacy"):
        if not path.is_file():
            raise BlurbError(Errors.B100.format(path=path))
    steps_per_epoch = math.ceil(_training_documents(corpus) / settings.batch_docs)
    max_steps = settings.epochs * steps_per_epoch
    try:
        config = Config().from_disk(base, interpolate=False)
        pipeline = config["nlp"]["pipeline"]
        config["paths"].update(
            train=str(corpus / "train.spacy"), dev=str(corpus / "dev.spacy"), encoder=encoder
        )
        config["system"]["seed"] = settings.seed
        config["training"].update(max_steps=max_steps, eval_frequency=steps_per_epoch)
        config["training"]["batcher"]["size"] = settings.batch_docs
        config["training"]["optimizer"]["learn_rate"].update(
            initial_rate=settings.learning_rate, warmup_steps=max(1, max_steps // 10)
        )
    except (ConfigValidationError, ConfigParserError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise BlurbError(Errors.B503.format(path=base, reason=reason)) from error
    except KeyError as error:
        raise BlurbError(Errors.B503.format(path=base, reason=f"{error} is missing")) from error
    if task.component not in pipeline:
        listed = ", ".join(pipeline)
        raise BlurbError(
            Errors.B509.format(path=base, listed=listed, task=task.name, component=task.component)
        )
    return config


def _check_encoder(encoder: str) -> None:
    """Refuse a local folder without a model, which training would take for a hub name."""
    folder = Path(encoder)
    # "encoders/mini" could be a name of the hub, but not where a folder "encoders" is.
    below_a_folder = len(folder.parts) > 1 and Path(folder.parts[0]).is_dir()
    looks_local = folder.is_dir() or folder.is_absolute() or below_a_folder
    if looks_local and not (folder / "config.json").is_file():
        raise BlurbError(Errors.B508.format(folder=folder))


def _training_documents(corpus: Path) -> int:
    path = corpus / "report.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))["splits"]["train"]["documents"]
    except (ValueError, KeyError, TypeError) as error:
        raise BlurbError(Errors.B101.format(path=path, reason=error)) from error
