"""A training config for one pipeline that learns from corpora of several tasks."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from confection import Config

from ..annotations import ENTITIES
from ..encoder.task_batches import batch_sizes, count_batches
from ..errors import BlurbError, Errors
from ..tasks import TASKS
from ..tasks.spec import Training
from .joint_corpora import Corpus, read_corpus, remark_on
from .question_heads import question_kind, set_head
from .score_weights import TAUGHT, drop_weights
from .training_config import (
    Settings,
    apply_settings,
    check_files,
    keep_given_words,
    named_template,
    set_run,
)

JOINT = "joint"
"""Stands for several tasks on the command line, and is the name of the template."""

JOINT_TRAINING = Training(5e-5, epochs=5, batch_docs=16)
"""Not from a paper: the upper end of the learning rates that it searches, and its smaller batch."""

_HELPERS = {"sentencizer": "rel"}
"""Component without a score → the one that needs it."""


class JointConfig(NamedTuple):
    """A config, not interpolated.

    taught (dict): Component → the corpora that it learns from.
    remarks (list[str]): What a user should know of the corpora.
    """

    config: Config
    taught: dict[str, list[str]]
    remarks: list[str]


def fill_joint_config(
    base: Path, corpora: Sequence[Path], encoder: str, settings: Settings
) -> JointConfig:
    """Fill the joint template: components that some corpus teaches, their settings, heads, steps.

    base (Path): Template, for example `configs/joint.cfg`.
    corpora (Sequence[Path]): Folders with `train.spacy`, `dev.spacy` and, from `convert`,
        `report.json`.
    encoder (str): See `fill_config`.
    RAISES (BlurbError): B100, B101, B491, B503, B508, B544 as `fill_config`; B731 a corpus teaches
        no component of the template, B732 two corpora want different settings of one component,
        B735 two corpora have a label set of one name without a common label, B410 only some name
        their label sets.
    """
    check_files(base, corpora, encoder)
    read = [read_corpus(path) for path in corpora]
    _check_names(read)
    remarks = list(remark_on(read))
    with named_template(base):
        config = Config().from_disk(base, interpolate=False)
        pipeline = set(config["nlp"]["pipeline"])
        for corpus in read:
            if not _components(corpus) & pipeline:
                known = ", ".join(c for c in config["nlp"]["pipeline"] if _is_head(c))
                raise BlurbError(Errors.B731.format(path=corpus.path, base=base, known=known))
        users = {
            component: [corpus for corpus in read if component in _components(corpus)]
            for component in config["nlp"]["pipeline"]
            if _is_head(component)
        }
        taught = {component: found for component, found in users.items() if found}
        _keep_components(config, set(taught))
        for component, found in taught.items():
            common = _common_settings(component, found)
            apply_settings(common, config["components"][component])
            remarks += _remark_on_candidates(found, common)
        keep_given_words(config, any(corpus.gives_words for corpus in taught.get("ner", ())))
        if "qa" in taught:
            kind = question_kind([corpus.path / "train.spacy" for corpus in taught["qa"]])
            set_head(config["components"]["qa"]["model"], kind)
        kinds = {kind for corpus in read for kind in corpus.kinds & TAUGHT.keys()}
        _set_weights(config, {kind for kind in kinds if TAUGHT[kind][0] in taught})
        n_batches = _count_batches(read, config["training"]["batcher"], settings.batch_docs)
        set_run(config, corpora, encoder, settings, n_batches)
    learned = {name: [str(c.path) for c in found] for name, found in taught.items()}
    return JointConfig(config, learned, remarks)


def _is_head(component: str) -> bool:
    return any(component == name for name, _ in TAUGHT.values())


def _components(corpus: Corpus) -> set[str]:
    """Return the components that learn from a corpus."""
    return {TAUGHT[kind][0] for kind in corpus.kinds & TAUGHT.keys()}


def _check_names(corpora: Sequence[Corpus]) -> None:
    """Refuse entities with the name of their label set beside others without one: B410.

    It is what `initialize` would say, after the config was written.
    """
    names = {name for corpus in corpora for group in corpus.groups for name in group}
    entities = {name.partition(":")[2] for name in names if name.startswith(f"{ENTITIES}:")}
    if "" in entities and len(entities) > 1:
        sets = ", ".join(sorted(entities - {""}))
        raise BlurbError(Errors.B410.format(name="ner", sets=sets))


def _count_batches(corpora: Sequence[Corpus], batcher: Mapping[str, Any], batch_docs: int) -> int:
    """Return how many batches the template's batcher makes of an epoch."""
    groups = sum((corpus.groups for corpus in corpora), Counter[tuple[str, ...]]())
    tokens = sum((corpus.tokens for corpus in corpora), Counter[tuple[str, ...]]())
    n_docs, n_tokens = list(groups.values()), [tokens[name] for name in groups]
    sizes = batch_sizes(n_docs, n_tokens, size=batch_docs, max_tokens=batcher.get("max_tokens"))
    shares = {key: batcher[key] for key in ("temperature", "cap")}
    return sum(count_batches(n_docs, sizes, **shares))


def _keep_components(config: Config, taught: set[str]) -> None:
    """Take components out that nothing teaches, and their helpers."""
    kept = [
        name
        for name in config["nlp"]["pipeline"]
        if not (_is_head(name) or name in _HELPERS) or _HELPERS.get(name, name) in taught
    ]
    config["nlp"]["pipeline"] = kept
    config["components"] = {name: config["components"][name] for name in kept}
    annotating = config["training"]["annotating_components"]
    config["training"]["annotating_components"] = [name for name in annotating if name in kept]


def _common_settings(component: str, corpora: Sequence[Corpus]) -> Mapping[str, Any]:
    """Return what the corpora's tasks change in the section of a component.

    Of a user's own data, and where the component is not that of the task, it is nothing. Which
    pairs are judged is nothing that own data mean: beside a task's they are judged as its are.
    """
    wanted = [(corpus, _own_settings(component, corpus)) for corpus in corpora]
    tasks = [pair for pair in wanted if pair[0].task in TASKS]
    first, settings = (tasks or wanted)[0]
    for other, found in wanted:
        meant = settings if other.task in TASKS else _without_candidates(settings)
        if found != meant:
            raise BlurbError(
                Errors.B732.format(
                    component=component,
                    first=first.path,
                    settings=_describe(settings),
                    other=other.path,
                    found=_describe(found),
                )
            )
    return settings


def _own_settings(component: str, corpus: Corpus) -> Mapping[str, Any]:
    task = TASKS.get(corpus.task)
    return task.settings if task is not None and task.component == component else {}


def _without_candidates(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if not key.startswith("candidates.")}


def _remark_on_candidates(corpora: Sequence[Corpus], settings: Mapping[str, Any]) -> Iterator[str]:
    """Yield which own data are judged as a task says.

    settings (Mapping): From `_common_settings`.
    """
    of_task = {k: v for k, v in settings.items() if k not in _without_candidates(settings)}
    for corpus in corpora:
        if of_task and corpus.task not in TASKS:
            yield f"{corpus.path}: its pairs are judged with {_describe(of_task)} too"


def _describe(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} = {json.dumps(value)}" for key, value in settings.items()) or "none"


def _set_weights(config: Config, kinds: set[str]) -> None:
    """Make the score of an evaluation the mean of the tasks' own; scores of no task go."""
    drop_weights(config, kinds)
    for kind in kinds:
        config["training"]["score_weights"][TAUGHT[kind][1]] = 1 / len(kinds)
