"""A task's corpus for training: converted once, and cut down where a budget says so."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import spacy
from spacy.tokens import DocBin

from ..annotations import ENTITIES, PICO, gold_relations
from ..data.convert import Target, convert_task
from ..data.docbin import read_docbin
from ..data.formats.file_hash import hash_file
from ..errors import BlurbError, Errors
from ..tasks import Task
from ..tasks.spec import UNITS
from .inventory import dataset_folder

# Tasks on the relations of entities that another task is about.
_ENTITIES_OF = {"bc5cdr_cid": "bc5cdr"}


def convert_for_task(task: Task, raw_dir: Path, out_dir: Path, *, form: str) -> dict[str, Any]:
    """Convert a public dataset as a task needs it; see `data.convert.convert_task`."""
    target = Target(
        task.name,
        unit=UNITS[task.type],
        labels=task.labels if task.type in ("textcat", "rel") else (),
        label_set=_ENTITIES_OF.get(task.name),
        entities_key=PICO if task.type == "pico" else ENTITIES,
    )
    return convert_task(target, raw_dir, out_dir, form=form, paper=asdict(task.sizes))


def find_corpus(task: Task, folder: Path, data: Path | None, *, form: str) -> Path:
    """Return the folder of a task's converted corpus, and convert it where it is not there.

    folder (Path): Of all corpora; the task's is `folder/TASK`.
    data (Path | None): Folder of the raw data sets.
    form (str): The form that is wanted; a dataset without originals is read as the copy.
    RAISES (BlurbError): B624 nothing to convert, B625 the corpus there has another form, and what
        `convert_task` raises.
    """
    corpus = folder / task.name
    report = corpus / "report.json"
    if not report.is_file():
        raw = None if data is None else dataset_folder(data, task.name, form)
        if raw is None or not raw.is_dir():
            raise BlurbError(
                Errors.B624.format(task=task.name, corpus=corpus, raw=raw or "any folder")
            )
        return _convert_whole(task, raw, corpus, form)
    # A dataset without originals was read as the copy; the report says what was asked for, too.
    found = json.loads(report.read_text(encoding="utf-8"))
    if form not in (found.get("form"), found.get("asked_form")):
        raise BlurbError(
            Errors.B625.format(folder=corpus, task=task.name, found=found.get("form"), form=form)
        )
    return corpus


def _convert_whole(task: Task, raw: Path, corpus: Path, form: str) -> Path:
    """Convert into a folder beside and rename it, so that a corpus that is there is whole."""
    corpus.parent.mkdir(parents=True, exist_ok=True)
    with _folder_beside(corpus) as attempt:
        report = convert_for_task(task, raw, attempt, form=form) | {"asked_form": form}
        (attempt / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        attempt.replace(corpus)
    return corpus


@contextmanager
def _folder_beside(folder: Path) -> Iterator[Path]:
    """Make a folder to be renamed when it is whole; what is left of it afterwards is removed.

    One of the tempfile module itself would stay readable by its owner alone.
    """
    with tempfile.TemporaryDirectory(prefix=f"{folder.name}.", dir=folder.parent) as name:
        attempt = Path(name, folder.name)
        attempt.mkdir()
        yield attempt


def read_form(corpus: Path) -> str | None:
    """Return the form that a converted corpus was read from, which may not be what was asked for.

    RETURNS (str | None): "original" or "blurb", None where its report does not say.
    """
    report = json.loads((corpus / "report.json").read_text(encoding="utf-8"))
    form: str | None = report.get("form")
    return form


def limit_training(corpus: Path, train_docs: int | None) -> tuple[Path, int]:
    """Return a corpus with so many training Docs, beside the whole one, and how many it has.

    The Docs are drawn with a fixed seed, so that every model and seed learns from the same ones,
    and a larger budget holds a smaller one. Dev and test stay whole.

    train_docs (int | None): The whole corpus where it is None or not less than what there is.
    RAISES (BlurbError): B650 nothing to train on, or to select with.
    """
    report = json.loads((corpus / "report.json").read_text(encoding="utf-8"))
    for split in ("train", "dev"):
        if split not in report["splits"]:
            raise BlurbError(Errors.B650.format(folder=corpus, split=split))
    total = report["splits"]["train"]["documents"]
    if train_docs is None or train_docs >= total:
        return corpus, total
    folder = corpus.with_name(f"{corpus.name}-{train_docs}")
    drawn_from = {split: hash_file(corpus / f"{split}.spacy") for split in ("train", "dev", "test")}
    if not _is_drawn_from(folder, drawn_from):
        docs = read_docbin(corpus / "train.spacy", spacy.blank("en").vocab)
        drawn = sorted(np.random.default_rng(0).permutation(total)[:train_docs])
        limited = {"documents": train_docs, "drawn_from": total}
        relations = [gold_relations(docs[i]) for i in drawn]
        if all(gold is not None for gold in relations):
            # Pairs, which training counts its updates by.
            limited["gold"] = sum(len(gold.rows) for gold in relations if gold is not None)
        report["splits"]["train"] = limited
        report["drawn_from"] = drawn_from
        with _folder_beside(folder) as attempt:
            DocBin(docs=[docs[i] for i in drawn]).to_disk(attempt / "train.spacy")
            for split in ("dev", "test"):
                shutil.copyfile(corpus / f"{split}.spacy", attempt / f"{split}.spacy")
            text = json.dumps(report, indent=2) + "\n"
            (attempt / "report.json").write_text(text, encoding="utf-8")
            if folder.exists():
                shutil.rmtree(folder)
            attempt.replace(folder)
    return folder, train_docs


def _is_drawn_from(folder: Path, files: dict[str, str]) -> bool:
    """Tell whether a cut-down corpus is of these files, and not of an earlier conversion."""
    path = folder / "report.json"
    if not path.is_file():
        return False
    report = json.loads(path.read_text(encoding="utf-8"))
    return bool(report.get("drawn_from") == files)
