"""One cell of a grid: config → `spacy train` → `evaluate`, each in a process of its own.

A training lies under the hash of all that decides it, so it is found again after an interruption
and whichever cell needs it; it is complete from the moment that it has its final name.
"""

import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from confection import Config

from ..data.formats.file_hash import hash_file
from ..data.formats.whole_files import write_whole
from ..errors import BlurbError, Errors
from ..runtime.processor import name_processor
from .corpora import limit_training, read_form
from .grid import Cell
from .pipeline_identity import name_encoder
from .processes import Processes
from .result_files import read_result
from .training_config import fill_config, template

_ENCODER_FILES = (
    "config.json",
    "model.safetensors",
    "pytorch_model.bin",
    "tokenizer.json",
    "tokenizer_config.json",  # letter case, where there is no tokenizer.json
    "vocab.txt",
)
_SHARDS = ("model-*.safetensors", "pytorch_model-*.bin")
_DEV_SCORES = {
    "ner": "ents_f",
    "pico": "pico_f",
    "textcat": "cats_micro_f",
    "sts": "sts_pearson",
    "rel": "rel_micro_f",
    "qa": "qa_score",
}
"""Task type → name of its metric in spaCy's scores; other types show the weighted score."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the processes of a cell run.

    threads (int): Of each process.
    gpu (str | None): Number of a GPU, None for the CPU.
    jobs (int): Cells that run at the same time; stated beside times.
    """

    threads: int = 1
    gpu: str | None = None
    jobs: int = 1

    @property
    def gpu_id(self) -> str:
        """Return what `--gpu-id` is: its processes see the one GPU of `environment`, or none."""
        return "-1" if self.gpu is None else "0"

    def environment(self) -> dict[str, str]:
        """Return the variables that keep a process in its place, and off the network."""
        threads = str(self.threads)
        env = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), threads)
        env |= {"TOKENIZERS_PARALLELISM": "false"}
        return env if self.gpu is None else {**env, "CUDA_VISIBLE_DEVICES": self.gpu}

    def describe(self) -> dict[str, Any]:
        """Return what a result file says about the machine."""
        return {
            "device": "cpu" if self.gpu is None else f"cuda:{self.gpu}",
            "processor": name_processor(),
            "cores": os.cpu_count(),
            "threads": self.threads,
            "jobs": self.jobs,
        }


@dataclass(frozen=True, slots=True)
class PreparedCell:
    """A cell whose config is known.

    corpus (Path): What it learns from, cut down to the budget.
    key (str): SHA-256 of all that decides the training.
    train_docs (tuple[int, int]): Training Docs that are used, and all there are.
    encoder_sha256 (str): Of the encoder's files; its name where it is of the hub.
    """

    cell: Cell
    config: Config
    corpus: Path
    key: str
    train_docs: tuple[int, int]
    encoder_sha256: str


def prepare(cell: Cell, corpus: Path, encoders: dict[str, str]) -> PreparedCell:
    """Fill a cell's config and compute its key.

    corpus (Path): The task's whole corpus.
    encoders (dict[str, str]): Hashes of encoders seen so far, which this adds to.
    RAISES (BlurbError): B615 no template, B622 an override for a section that is not there, and
        what `fill_config` raises.
    """
    base = template(cell.task)
    _, total = limit_training(corpus, None)
    limited, used = limit_training(corpus, cell.train_docs)
    config = fill_config(base, [limited], cell.encoder, cell.settings, task=cell.task)
    for key, value in cell.overrides.items():
        _override(config, key, value, base)
    if cell.encoder not in encoders:
        encoders[cell.encoder] = _hash_encoder(cell.encoder)
    decisive = Config(config).copy()
    decisive["paths"] = {
        "encoder": encoders[cell.encoder],
        **{split: hash_file(limited / f"{split}.spacy") for split in ("train", "dev")},
    }
    text = json.dumps(decisive, sort_keys=True)
    key = hashlib.sha256(text.encode("utf-8")).hexdigest()
    return PreparedCell(cell, config, limited, key, (used, total), encoders[cell.encoder])


def _override(config: Config, key: str, value: Any, base: Path) -> None:
    *path, name = key.split(".")
    section: Any = config
    for part in path:
        section = section.get(part) if isinstance(section, dict) else None
    if not path or not isinstance(section, dict):
        raise BlurbError(Errors.B622.format(key=key, path=base, section=".".join(path)))
    section[name] = value


def _hash_encoder(encoder: str) -> str:
    """Name an encoder by its files' content; one of the hub by its name."""
    folder = Path(encoder)
    files = [folder / name for name in _ENCODER_FILES]
    files += [path for pattern in _SHARDS for path in sorted(folder.glob(pattern))]
    found = "".join(hash_file(path) for path in files if path.is_file())
    if not found:
        # A saved pipeline, whose encoder is in the files of one of its components.
        every = sorted(path for path in folder.rglob("*") if path.is_file())
        found = "".join(f"{path.relative_to(folder)}{hash_file(path)}" for path in every)
    return hashlib.sha256(found.encode()).hexdigest() if found else encoder


def check_evaluation(prepared: PreparedCell) -> None:
    """Refuse a training that would end without a score on dev, where settings compete on it.

    RAISES (BlurbError): B627 it is evaluated before its last step.
    """
    steps, every = (prepared.config["training"][k] for k in ("max_steps", "eval_frequency"))
    _check_last(steps - steps % every if every else 0, steps)


def dev_score(prepared: PreparedCell, folder: Path) -> float | None:
    """Return the score on dev (0-1) of a training that is there, None where there is none.

    RAISES (BlurbError): B627 that score was taken before the last step.
    """
    path = folder / prepared.key / "train.json"
    if not path.is_file():
        return None
    record = json.loads(path.read_text(encoding="utf-8"))
    # Not `dev`: earlier versions wrote the last logged score there, of whichever step.
    if not record["curve"] or record["curve"][-1][1] is None:
        return None
    last, score, _ = record["curve"][-1]
    _check_last(last, record["steps"])
    return float(score)


def _check_last(last: int, steps: int) -> None:
    if last != steps:
        raise BlurbError(Errors.B627.format(last=last, steps=steps))


def drop_model(prepared: PreparedCell, folder: Path) -> None:
    """Delete a trained pipeline, which is large, and keep its config, log and record."""
    shutil.rmtree(folder / prepared.key / "model-last", ignore_errors=True)


def train(prepared: PreparedCell, folder: Path, place: Place, processes: Processes) -> None:
    """Train a cell; a training that is there is not repeated.

    folder (Path): Of all trainings of the task.
    RAISES (BlurbError): B626 the training failed.
    """
    target = folder / prepared.key
    if (target / "model-last").is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{prepared.cell.name}-{prepared.key[:8]}"
    # A folder of its own for every attempt: one that was killed may still have a process writing.
    for left in folder.glob(f"{name}.*"):
        shutil.rmtree(left, ignore_errors=True)
    attempt = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=folder))
    config = prepared.config.copy()
    curve = attempt / "curve.jsonl"
    config["training"]["logger"] = {
        "@loggers": "spacy.ConsoleLogger.v3",
        "output_file": str(curve),
    }
    config.to_disk(attempt / "config.cfg")
    command = [sys.executable, "-m", "spacy", "train", str(attempt / "config.cfg")]
    command += ["--output", str(attempt), "--gpu-id", place.gpu_id]
    usage = processes.run(command, log=attempt / "log.txt", env=place.environment())
    shutil.rmtree(attempt / "model-best", ignore_errors=True)
    record = {
        "steps": config["training"]["max_steps"],
        "train_seconds": usage.seconds,
        "train_cpu_seconds": usage.cpu_seconds,
        **place.describe(),
        **read_curve(curve, prepared.cell.task.type, config["training"]["max_steps"]),
    }
    (attempt / "train.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    shutil.rmtree(target, ignore_errors=True)  # a record without its model
    attempt.replace(target)


def read_curve(path: Path, task_type: str, steps: int) -> dict[str, Any]:
    """Read what spaCy logged at each evaluation on dev.

    steps (int): Updates of the whole training.
    RETURNS (dict): `curve`, [step, score on dev 0-1, losses of all components added up] for each
        evaluation, and `dev`, the score of `model-last`, None where the last evaluation was before.
    """
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    name = _DEV_SCORES.get(task_type)
    curve = [
        # spaCy writes the single scores in percent and the weighted one not.
        [
            row["step"],
            row["scores"][name] / 100 if name in row["scores"] else row["score"],
            sum(row["losses"].values()),
        ]
        for row in rows
    ]
    at_end = bool(curve) and curve[-1][0] == steps
    return {"curve": curve, "dev": curve[-1][1] if at_end else None}


def evaluate(
    prepared: PreparedCell,
    folder: Path,
    output: Path,
    place: Place,
    processes: Processes,
    remarks: Mapping[str, Any],
) -> dict[str, Any]:
    """Score a trained cell on test and write its result file, with what made it under `run`.

    folder (Path): Of all trainings of the task.
    output (Path): The result file; it is there only when it is whole.
    remarks (Mapping[str, Any]): More to write under `run`.
    RETURNS (dict): The result.
    RAISES (BlurbError): B626 the evaluation failed.
    """
    cell, trained = prepared.cell, folder / prepared.key
    test = prepared.corpus / "test.spacy"
    output.parent.mkdir(parents=True, exist_ok=True)
    for left in output.parent.glob(f".{cell.name}.*"):
        shutil.rmtree(left, ignore_errors=True)  # of a grid that was killed
    with tempfile.TemporaryDirectory(prefix=f".{cell.name}.", dir=output.parent) as scratch:
        result_path = Path(scratch) / output.name
        command = [sys.executable, "-m", "spacy", "blurb", "evaluate"]
        command += [str(trained / "model-last"), cell.task.name, str(test)]
        command += ["-o", str(result_path), "--model", cell.model]
        command += ["--gpu-id", place.gpu_id]
        usage = processes.run(command, log=trained / "log.txt", env=place.environment())
        result = json.loads(result_path.read_text(encoding="utf-8"))
        result["seed"] = cell.settings.seed
        record = json.loads((trained / "train.json").read_text(encoding="utf-8"))
        used, total = prepared.train_docs
        result["run"] = {
            "settings": {
                **cell.describe(),
                "form": read_form(prepared.corpus) or cell.form,
                "train_docs": used,
                "train_docs_of": total,
            },
            "settings_sha256": prepared.key,
            "encoder_sha256": prepared.encoder_sha256,
            **record,
            "evaluate_seconds": usage.seconds,
            "evaluate_cpu_seconds": usage.cpu_seconds,
            **remarks,
        }
        for path in sorted(Path(scratch).iterdir()):
            if path != result_path:
                path.replace(output.parent / path.name)
        result_path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        result_path.replace(output)
    return result


def finished_result(prepared: PreparedCell, output: Path) -> dict[str, Any] | None:
    """Return the result of a cell where it is there, of the same settings and data."""
    try:
        result = json.loads(output.read_text(encoding="utf-8"))
        same = result["run"]["settings_sha256"] == prepared.key
        same = same and result["data_sha256"] == hash_file(prepared.corpus / "test.spacy")
        # Without them the leaderboard could not be made.
        same = same and all(
            (output.parent / result[key]).is_file() for key in ("predictions", "units")
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return result if same else None


def restate(output: Path, result: Mapping[str, Any], remarks: Mapping[str, Any]) -> None:
    """Write remarks into a result that is there already.

    Its setting may have been tried alone at first, and chosen among others since.

    remarks (Mapping[str, Any]): See `evaluate`.
    """
    if all(result["run"].get(key) == value for key, value in remarks.items()):
        return
    content = {**result, "run": {**result["run"], **remarks}}
    write_whole(output, json.dumps(content, indent=2) + "\n")


def check_encoder(prepared: PreparedCell, output: Path) -> None:
    """Refuse to replace a result with another encoder: the row would be of two in the end.

    Results of earlier versions state the last part of the encoder's name alone, or nothing.

    RAISES (BlurbError): B645 there is one.
    """
    given = name_encoder(prepared.cell.encoder)
    try:
        result = read_result(output)
    except BlurbError:
        return  # damaged, or no result
    found, files = result.encoder, result.encoder_sha256
    if found is None:
        return
    same = files == prepared.encoder_sha256 if files else Path(found).name == Path(given).name
    if not same:
        raise BlurbError(Errors.B645.format(path=output, found=found, encoder=given))
