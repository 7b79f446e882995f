"""A training config from a template and a task's settings."""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from configparser import Error as ConfigParserError
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from confection import Config, ConfigValidationError
from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..annotations import AnswerKind, gold_relations
from ..data.docbin import read_docbin, words_are_given
from ..encoder.trained_source import find_encoder, installed_folder, is_pipeline
from ..errors import BlurbError, Errors, first_line
from ..tasks import Task
from .kept_heads import check_entities, check_relations
from .question_heads import head_kind, question_kind, set_head
from .score_weights import weigh_annotated

_BY_PAIRS = "spacy_blurb.batch_by_pairs.v1"
"""The batcher whose size counts what a report counts as gold: pairs, or own entities."""

_HUB_NAME = re.compile(r"(\w[\w.-]*/)?\w[\w.-]*")
"""NAME or OWNER/NAME; what else is given is a folder."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a task and a run decide; see `tasks.spec.Training`."""

    learning_rate: float
    epochs: int
    batch_docs: int
    seed: int


def template(task: Task) -> Path:
    """Return the template of a task's component; see `find_template`."""
    return find_template(task.component, task.name)


def find_template(name: str, task: str) -> Path:
    """Return a template as it lies in a project's folder.

    RAISES (BlurbError): B615 there is none.
    """
    path = Path("configs") / f"{name}.cfg"
    if not path.is_file():
        raise BlurbError(Errors.B615.format(path=path, task=task))
    return path


def resolve_encoder(encoder: str) -> str:
    """Return the folder of a pipeline that is installed as a package, and what else it is as it is.

    Other commands take a folder or a package, too; a folder of that name goes first.
    """
    installed = None if Path(encoder).exists() else installed_folder(encoder)
    return encoder if installed is None else str(installed)


def remark_on_encoder(encoder: str) -> list[str]:
    """Return what a user should know of a name that is no folder: it may be a folder, misspelt."""
    if Path(encoder).exists():
        return []
    return [f"{encoder}: no such folder here, so 'spacy train' looks for this name on the hub"]


def fill_config(
    base: Path,
    corpora: Sequence[Path],
    encoder: str,
    settings: Settings,
    *,
    task: Task,
    keep_head: bool = False,
) -> Config:
    """Fill a template: paths, seed, steps, warm-up over a tenth, one evaluation per epoch.

    Scores of what no training Doc is annotated for have no weight.

    base (Path): Template, for example `configs/ner.cfg`.
    corpora (Sequence[Path]): Folders with `train.spacy`, `dev.spacy` and, where a conversion made
        them, `report.json`; one component learns from all of them.
    encoder (str): Hugging Face folder or hub name, or a saved pipeline whose encoder is taken.
    task (Task): Its component must be in the template.
    keep_head (bool): Whether the whole component of the task is taken from the pipeline `encoder`
        and trained on, with its head.
    RETURNS (Config): Not interpolated, ready for `spacy train`.
    RAISES (BlurbError): B100 a file is missing, B101 the corpus report is damaged, B503 the
        template is not a config for training, B491 a pipeline without one encoder, B508 a local
        encoder folder is missing or not whole,
        B509 the template is for tasks of another type, B544 questions of no or several kinds, B545
        no component to keep, B524 one that answers otherwise than the questions are answered, B527
        and B528 one that knows other entities or relations.
    """
    check_files(base, corpora, encoder)
    with named_template(base):
        config = Config().from_disk(base, interpolate=False)
        pipeline = config["nlp"]["pipeline"]
        unit = "gold" if config["training"]["batcher"]["@batchers"] == _BY_PAIRS else "documents"
        count = sum(_training_count(corpus, unit) for corpus in corpora)
        set_run(config, corpora, encoder, settings, math.ceil(count / settings.batch_docs))
        if task.component == "ner":
            keep_given_words(
                config, any(words_are_given(corpus / "train.spacy") for corpus in corpora)
            )
        if task.component in pipeline:
            apply_settings(task.settings, config["components"][task.component])
            weigh_annotated(config, corpora)
    if task.component not in pipeline:
        listed = ", ".join(pipeline)
        raise BlurbError(
            Errors.B509.format(path=base, listed=listed, task=task.name, component=task.component)
        )
    kind = None
    if task.type == "qa":
        kind = task.answers or question_kind([corpus / "train.spacy" for corpus in corpora])
    if keep_head:
        _source_components(config, encoder, task.component, kind)
        paths = [corpus / "train.spacy" for corpus in corpora]
        if task.component == "ner":
            check_entities(Path(encoder), task.component, paths)
        elif task.component == "rel":
            check_relations(Path(encoder), task.component, paths)
    elif kind is not None:
        set_head(config["components"][task.component]["model"], kind)
    return config


def check_files(
    base: Path,
    corpora: Sequence[Path],
    encoder: str,
) -> None:
    """Check that what a config needs is there; see `fill_config` for the errors."""
    _check_encoder(encoder)
    splits = ("train.spacy", "dev.spacy")
    for path in (base, *(corpus / name for corpus in corpora for name in splits)):
        if not path.is_file():
            raise BlurbError(Errors.B100.format(path=path))


@contextmanager
def named_template(base: Path) -> Iterator[None]:
    """Say which template could not be read or lacks a section, B503."""
    try:
        yield
    except BlurbError:
        raise
    except (ConfigValidationError, ConfigParserError, ValueError) as error:
        reason = first_line(error)
        raise BlurbError(Errors.B503.format(path=base, reason=reason)) from error
    except KeyError as error:
        raise BlurbError(Errors.B503.format(path=base, reason=f"{error} is missing")) from error


def set_run(
    config: Config,
    corpora: Sequence[Path],
    encoder: str,
    settings: Settings,
    steps_per_epoch: int,
) -> None:
    """Write paths, seed and schedule into a config."""
    max_steps = settings.epochs * steps_per_epoch
    for split in ("train", "dev"):
        paths = [str(corpus / f"{split}.spacy") for corpus in corpora]
        config["paths"][split] = paths if len(paths) > 1 else paths[0]
    config["paths"]["encoder"] = encoder
    config["system"]["seed"] = settings.seed
    config["training"].update(max_steps=max_steps, eval_frequency=steps_per_epoch)
    config["training"]["batcher"]["size"] = settings.batch_docs
    config["training"]["optimizer"]["learn_rate"].update(
        initial_rate=settings.learning_rate, warmup_steps=max(1, max_steps // 10)
    )


def keep_given_words(config: Config, given: bool) -> None:
    """Let texts have tokens like those that entities are learned from; see `BiomedTokenizer.v1`.

    given (bool): Whether corpora of entities give words.
    """
    tokenizer = config["nlp"].get("tokenizer", {})
    ours = tokenizer.get("@tokenizers") == "spacy_blurb.BiomedTokenizer.v1"
    if ours and given:
        tokenizer["inside_words"] = False


def _source_components(
    config: Config, pipeline: str, component: str, kind: AnswerKind | None
) -> None:
    """Let training go on with the encoder and the component of a trained pipeline.

    kind (AnswerKind | None): Of the questions to learn. A head of another kind would pass over all
        of them.
    """
    path = Path(pipeline) / "config.cfg"
    names = Config().from_disk(path, interpolate=False)["components"] if path.is_file() else {}
    if component not in names:
        raise BlurbError(Errors.B545.format(encoder=pipeline, component=component))
    found = head_kind(names[component].get("model", {})) if kind else None
    if found not in (None, kind):
        raise BlurbError(
            Errors.B524.format(encoder=pipeline, component=component, found=found, wanted=kind)
        )
    for name in ("transformer", component):
        if name in names:
            config["components"][name] = {"source": pipeline}


def _check_encoder(encoder: str) -> None:
    """Refuse a local folder without a model, which training would take for a hub name."""
    folder = Path(encoder)
    # "encoders/mini" could be a name of the hub, but not where a folder "encoders" is.
    below_a_folder = len(folder.parts) > 1 and Path(folder.parts[0]).is_dir()
    looks_local = folder.is_dir() or below_a_folder or not _HUB_NAME.fullmatch(encoder)
    if is_pipeline(encoder):
        find_encoder(folder)
    elif looks_local and not (folder / "config.json").is_file():
        raise BlurbError(Errors.B508.format(folder=encoder))


def apply_settings(settings: Mapping[str, Any], section: dict[str, Any]) -> None:
    """Change values of a config's section; "block.key" is in a block of it."""
    for name, value in settings.items():
        *blocks, key = name.split(".")
        place = section
        for block in blocks:
            place = place[block]
        place[key] = value


def _training_count(corpus: Path, unit: str) -> int:
    path = corpus / "report.json"
    if not path.exists():  # Docs that a user has made
        return _count(read_docbin(corpus / "train.spacy", Vocab()), unit)
    try:
        return int(json.loads(path.read_text(encoding="utf-8"))["splits"]["train"][unit])
    except (ValueError, KeyError, TypeError) as error:
        raise BlurbError(Errors.B101.format(path=path, reason=error)) from error


def _count(docs: Sequence[Doc], unit: str) -> int:
    """Count what a conversion's report would have under this name."""
    if unit == "documents":
        return len(docs)
    golds = [gold for gold in map(gold_relations, docs) if gold is not None]
    return sum(len(gold.rows) if gold.complete else len(gold.mentions) for gold in golds)
