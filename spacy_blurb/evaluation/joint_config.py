"""A training config for one pipeline that learns from corpora of several tasks."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from confection import Config
from spacy.vocab import Vocab

from ..annotations import ENTITIES, PICO, annotated_for
from ..data.docbin import read_docbin
from ..encoder.task_batches import batch_sizes, count_batches
from ..errors import BlurbError, Errors
from ..tasks import TASKS
from ..tasks.spec import Training
from .question_heads import question_kind, set_head
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

_TAUGHT = {
    ENTITIES: ("ner", "ents_f"),
    PICO: ("ner", "pico_f"),
    "relations": ("rel", "rel_micro_f"),
    "labels": ("textcat", "cats_micro_f"),
    "pairs": ("sts", "sts_pearson"),
    "questions": ("qa", "qa_score"),
}
"""What Docs are annotated for, without what stands behind the colon → component and its score."""

_HELPERS = {"sentencizer": "rel"}
"""Component without a score → the one that needs it."""


@dataclass(frozen=True, slots=True)
class _Corpus:
    """What a converted corpus can teach.

    task (str): As its report says; "own" for a user's data, which need no report.
    groups (Counter): What Docs are annotated for → how many.
    tokens (Counter): … → tokens in them.
    gives_words (bool): Whether Docs have the words of their source, without its spacing.
    """

    path: Path
    task: str
    groups: Counter[tuple[str, ...]]
    tokens: Counter[tuple[str, ...]]
    gives_words: bool

    @property
    def kinds(self) -> set[str]:
        """Keys of `_TAUGHT`."""
        return {name.partition(":")[0] for names in self.groups for name in names} & set(_TAUGHT)

    @property
    def components(self) -> set[str]:
        """Components that learn from it."""
        return {_TAUGHT[kind][0] for kind in self.kinds}


def fill_joint_config(
    base: Path, corpora: Sequence[Path], encoder: str, settings: Settings
) -> tuple[Config, dict[str, list[str]]]:
    """Fill the joint template: components that some corpus teaches, their settings, heads, steps.

    base (Path): Template, for example `configs/joint.cfg`.
    corpora (Sequence[Path]): Folders with `train.spacy`, `dev.spacy` and, from `convert`,
        `report.json`.
    encoder (str): See `fill_config`.
    RETURNS (tuple): The config, not interpolated, and the corpora of each component.
    RAISES (BlurbError): B100, B101, B491, B503, B508, B544 as `fill_config`; B731 a corpus teaches
        no component of the template, B732 two corpora want different settings of one component.
    """
    check_files(base, corpora, encoder, ("train.spacy", "dev.spacy"))
    read = [_read(path) for path in corpora]
    with named_template(base):
        config = Config().from_disk(base, interpolate=False)
        pipeline = set(config["nlp"]["pipeline"])
        for corpus in read:
            if not corpus.components & pipeline:
                known = ", ".join(c for c in config["nlp"]["pipeline"] if _is_head(c))
                raise BlurbError(Errors.B731.format(path=corpus.path, base=base, known=known))
        users = {
            component: [corpus for corpus in read if component in corpus.components]
            for component in config["nlp"]["pipeline"]
            if _is_head(component)
        }
        taught = {component: found for component, found in users.items() if found}
        _keep_components(config, set(taught))
        for component, found in taught.items():
            apply_settings(_common_settings(component, found), config["components"][component])
        keep_given_words(config, any(corpus.gives_words for corpus in taught.get("ner", ())))
        if "qa" in taught:
            kind = question_kind([corpus.path / "train.spacy" for corpus in taught["qa"]])
            set_head(config["components"]["qa"]["model"], kind)
        kinds = {kind for corpus in read for kind in corpus.kinds}
        _set_weights(config, {kind for kind in kinds if _TAUGHT[kind][0] in taught})
        n_batches = _count_batches(read, config["training"]["batcher"], settings.batch_docs)
        set_run(config, corpora, encoder, settings, n_batches)
    return config, {name: [str(c.path) for c in found] for name, found in taught.items()}


def _is_head(component: str) -> bool:
    return any(component == name for name, _ in _TAUGHT.values())


def _read(folder: Path) -> _Corpus:
    path = folder / "report.json"
    task = "own"
    if path.is_file():
        try:
            task = json.loads(path.read_text(encoding="utf-8"))["task"]
        except (ValueError, KeyError, TypeError) as error:
            raise BlurbError(Errors.B101.format(path=path, reason=error)) from error
    groups, tokens = Counter[tuple[str, ...]](), Counter[tuple[str, ...]]()
    gives_words = False
    for doc in read_docbin(folder / "train.spacy", Vocab()):
        gives_words |= doc.has_unknown_spaces
        groups[annotated_for(doc)] += 1
        tokens[annotated_for(doc)] += len(doc)
    return _Corpus(folder, task, groups, tokens, gives_words)


def _count_batches(corpora: Sequence[_Corpus], batcher: Mapping[str, Any], batch_docs: int) -> int:
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


def _common_settings(component: str, corpora: Sequence[_Corpus]) -> Mapping[str, Any]:
    """Return what the corpora's tasks change in the section of a component.

    Of a user's own data, and where the component is not that of the task, it is nothing.
    """
    wanted: dict[str, Mapping[str, Any]] = {}
    for corpus in corpora:
        task = TASKS.get(corpus.task)
        own = task is not None and task.component == component
        wanted[str(corpus.path)] = task.settings if task is not None and own else {}
    (first, settings), *others = wanted.items()
    for other, found in others:
        if found != settings:
            raise BlurbError(
                Errors.B732.format(
                    component=component,
                    first=first,
                    settings=_describe(settings),
                    other=other,
                    found=_describe(found),
                )
            )
    return settings


def _describe(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} = {json.dumps(value)}" for key, value in settings.items()) or "none"


def _set_weights(config: Config, kinds: set[str]) -> None:
    """Make the score of an evaluation the mean of the tasks' own; scores of no task go."""
    weights = config["training"]["score_weights"]
    for kind, (_, score) in _TAUGHT.items():
        if kind in kinds:
            weights[score] = 1 / len(kinds)
            continue
        family = score.partition("_")[0]
        # With weight None spaCy does not show it.
        weights.update({key: None for key in weights if key.partition("_")[0] == family})
