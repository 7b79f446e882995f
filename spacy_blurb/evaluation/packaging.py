"""A trained pipeline as a wheel that says how good it is and loads anywhere."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from confection import Config
from packaging.version import Version
from spacy.cli.package import package as write_package

from ..encoder.trained_source import installed_folder
from ..errors import BlurbError, Errors
from ..tasks import get_task
from .model_card import model_card
from .pipeline_identity import config_encoder, forget_folders, hash_pipeline

# As spaCy names scores: before "_f", and those of each label.
_ENTITIES = "ents", "ents_per_type"
_LABELS = "cats_micro", "cats_f_per_type"
_RELATIONS = "rel_micro", "rel_f_per_type"
DESCRIBES = ("description", "author", "email", "url", "license", "sources")
"""What a file of `--meta` may say, as in spaCy's meta.json."""
# Stricter than spaCy: setuptools would write others in its own way into the wheel's name.
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_NUMBER = "[0-9]{1,9}"
_VERSION = re.compile(rf"{_NUMBER}(\.{_NUMBER})*((a|b|rc){_NUMBER})?")


def build_wheel(
    pipeline: Path,
    output: Path,
    *,
    name: str,
    version: str,
    results: Sequence[Path] = (),
    meta: Path | None = None,
    card: Path | None = None,
) -> Path:
    """Package a pipeline with spaCy and build its wheel without network.

    pipeline (Path): Folder of a saved pipeline.
    output (Path): Where the wheel goes; the package's sources go beside it.
    name (str): Package name; the language code is put before it.
    results (Sequence[Path]): Result files of this pipeline, one per task: their scores become the
        package's `performance`, and its README says how they came about.
    meta (Path | None): JSON file with some of `DESCRIBES`, for meta.json and README.
    card (Path | None): Markdown file for the README, between spaCy's table and the scores: what
        numbers do not say, such as the data, their licences, limits and known errors.
    RETURNS (Path): The wheel.
    RAISES (BlurbError): B504 not a saved pipeline, B505 the build failed, B506 not a result file,
        B507 not a name or version for a wheel, B522 a file that does not describe a package,
        B523 a card that cannot be read, B525 where the sources go there is something else, B526 the
        output is in the pipeline, B641 two results of one task, B644 a result of another pipeline,
        B652 the name of an installed package.
    """
    is_version = _VERSION.fullmatch(version) and str(Version(version)) == version
    if not (_NAME.fullmatch(name) and is_version):
        raise BlurbError(Errors.B507.format(name=name, version=version))
    installed = None if pipeline.exists() else installed_folder(str(pipeline))
    if installed is not None:
        raise BlurbError(Errors.B652.format(name=str(pipeline), folder=installed))
    if not (pipeline / "config.cfg").is_file() or not (pipeline / "meta.json").is_file():
        raise BlurbError(Errors.B504.format(path=pipeline))
    contents = _read_results(results)
    _check_origin(pipeline, results)
    described = _read_description(meta, card)
    lang, encoder = _read_head(pipeline)
    if encoder:
        described = {"encoder": encoder, **described}
    name = name.removeprefix(f"{lang}_")
    source = output / f"{lang}_{name}-{version}"
    _check_place(pipeline, output, source)
    output.mkdir(parents=True, exist_ok=True)
    # Beside the output, and put there when it is whole: a package made before, which the pipeline
    # may be in, stays until then.
    with tempfile.TemporaryDirectory(prefix=f".{source.name}-", dir=output) as folder:
        copy, made = Path(folder, "pipeline"), Path(folder, source.name)
        shutil.copytree(pipeline, copy)
        # spaCy would take it for that of the new package, with the scores of the old one.
        (copy / "README.md").unlink(missing_ok=True)
        _neutralise_paths(copy / "config.cfg")
        scores = [(content.get("task", "ner"), performance) for performance, content in contents]
        _write_meta(copy / "meta.json", scores, described)
        write_package(
            copy, made.parent, name=name, version=version, create_sdist=False, force=True,
            silent=True,
        )  # fmt: skip
        _write_card(made, [content for _, content in contents])
        wheel = _build(made)
        if source.exists():
            shutil.rmtree(source)
        made.replace(source)
        return wheel.replace(output / wheel.name)


def _read_head(pipeline: Path) -> tuple[str, str | None]:
    """Return the language of a saved pipeline and the name of its encoder, if its config says it.

    RAISES (BlurbError): B504 it cannot be read.
    """
    try:
        meta = json.loads((pipeline / "meta.json").read_text(encoding="utf-8"))
        lang: str = meta["lang"]
        return lang, config_encoder(Config().from_disk(pipeline / "config.cfg", interpolate=True))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BlurbError(Errors.B504.format(path=pipeline)) from error


def _check_place(pipeline: Path, output: Path, source: Path) -> None:
    """Refuse to replace what is no older package, and to write into what is packaged."""
    if output.resolve().is_relative_to(pipeline.resolve()):
        raise BlurbError(Errors.B526.format(output=output, pipeline=pipeline))
    is_package = (source / "setup.py").is_file() and (source / "meta.json").is_file()
    if source.exists() and not (is_package and not (source / "config.cfg").exists()):
        raise BlurbError(Errors.B525.format(path=source))


def _build(source: Path) -> Path:
    """Build the wheel of a package beside its sources."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", str(source)]
    run = subprocess.run(
        [*command, "--outdir", str(source.parent)], capture_output=True, text=True, check=False
    )
    wheels = list(source.parent.glob("*.whl"))
    if run.returncode != 0 or len(wheels) != 1:
        lines = (run.stderr or run.stdout).strip().splitlines()
        raise BlurbError(Errors.B505.format(reason=lines[-1] if lines else "no message"))
    return wheels[0]


def _read_description(meta: Path | None, card: Path | None) -> dict[str, Any]:
    """Return what the user says of a package, the card as `notes`, which end spaCy's README."""
    described: dict[str, Any] = {}
    if meta is not None:
        try:
            described = json.loads(meta.read_text(encoding="utf-8"))
            if not isinstance(described, dict):
                raise ValueError("it is no object")
            if unknown := sorted(set(described) - set(DESCRIBES)):
                raise ValueError(f"unknown: {', '.join(unknown)}")
            for key, value in described.items():
                _check_description(key, value)
        except (OSError, ValueError) as error:
            known = ", ".join(DESCRIBES)
            raise BlurbError(Errors.B522.format(path=meta, reason=error, known=known)) from error
    if card is not None:
        try:
            described["notes"] = card.read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            raise BlurbError(Errors.B523.format(path=card, reason=error)) from error
    return described


def _check_description(key: str, value: Any) -> None:
    """Refuse what spaCy would not take; RAISES ValueError."""
    if key != "sources" and not isinstance(value, str):
        raise ValueError(f"{key} is no string")
    if key == "sources" and not (
        isinstance(value, list) and all(isinstance(source, dict | str) for source in value)
    ):
        raise ValueError("sources is no list of names, or of objects")


def _neutralise_paths(path: Path) -> None:
    config = Config().from_disk(path, interpolate=False)
    forget_folders(config)
    config.to_disk(path)


def _write_meta(
    path: Path, performances: Sequence[tuple[str, dict[str, Any]]], described: dict[str, Any]
) -> None:
    meta = json.loads(path.read_text(encoding="utf-8"))
    # Behind the user's notes: how an exported pipeline compares with the original.
    notes = "\n\n".join(filter(None, [described.get("notes"), meta.get("notes")]))
    meta |= {**described, "notes": notes}
    # The lower bound that spaCy writes is the training machine's patch release.
    meta["spacy_version"] = ">=3.8.0,<3.9.0"
    # spaCy has one name for the scores of a component; of several tasks each says whose it is.
    named = Counter(key for _, scores in performances for key in scores)
    meta["performance"] = {
        key if named[key] == 1 else f"{key}_{task}": value
        for task, scores in performances
        for key, value in scores.items()
    }
    path.write_text(json.dumps(meta, indent=2), encoding="utf-8")


def _read_results(paths: Sequence[Path]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return, for each result file, its scores as spaCy names them and all that it says."""
    found: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    for path in paths:
        scores = _performance(path)
        content = json.loads(path.read_text(encoding="utf-8"))
        task = content.get("task", "ner")
        if task in found:
            raise BlurbError(Errors.B641.format(path=path, task=task))
        found[task] = scores, content
    return list(found.values())


def _check_origin(pipeline: Path, results: Sequence[Path]) -> None:
    """Refuse scores of another pipeline than the one that is shipped.

    Results that do not say which pipeline gave them, those of `score` among others, are taken.
    """
    own = hash_pipeline(pipeline) if results else None
    for path in results:
        stated = json.loads(path.read_text(encoding="utf-8")).get("pipeline_sha256", own)
        if stated != own:
            raise BlurbError(Errors.B644.format(path=path, pipeline=pipeline))


def _write_card(source: Path, contents: Sequence[dict[str, Any]]) -> None:
    """Put what the results say behind the README that spaCy wrote, in both of its places."""
    whole = [content for content in contents if {"task", "ci95", "n"} <= set(content)]
    if whole:
        card = model_card(whole)
        for path in source.rglob("README.md"):
            text = path.read_text(encoding="utf-8").rstrip()
            path.write_text(f"{text}\n\n{card}", encoding="utf-8")


def _performance(path: Path) -> dict[str, Any]:
    """Take over test scores only: the README that spaCy writes shows every number as a percent."""
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        task = get_task(result.get("task", "ner"))
        if task.type == "sts":
            return {"sts_pearson": result["score"]}
        if task.type == "qa":
            names = {"accuracy": "qa_accuracy", "mrr": "qa_mrr"}
            return {names.get(task.metric, "qa_score"): result["score"]}
        per_label = {
            label: {"p": row["precision"], "r": row["recall"], "f": row["f1"]}
            for label, row in result["per_label"].items()
        }
        if task.type == "pico":
            return {"pico_f": result["score"], "pico_per_type": per_label}
        prefix, key = {"textcat": _LABELS, "rel": _RELATIONS}.get(task.type, _ENTITIES)
        rates = {f"{prefix}_p": result["precision"], f"{prefix}_r": result["recall"]}
        return {f"{prefix}_f": result["score"], **rates, key: per_label}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BlurbError(Errors.B506.format(path=path, reason=error)) from error
