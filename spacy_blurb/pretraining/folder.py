"""What lies in the output folder? Settings, checkpoints, and in the end a whole model."""

import json
import os
import re
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from torch import Tensor
from transformers import BertConfig

from ..data.formats.file_hash import hash_file
from ..data.formats.whole_files import write_whole
from ..errors import BlurbError, Errors
from .config import PretrainingConfig
from .model import to_plain
from .start import WEIGHTS
from .vocab import MODEL_FILES, TOKENIZER_FILES, holds_model, read_tokenizer

SETTINGS = "settings.json"
RECORD = "run.json"
SEAL = "sizes.json"
# Settings that may change between a run and its resumption: they leave the weights as they are.
FREE_SETTINGS = {"output", "save_every", "log_every", "eval_every", "precision", "sharding"}


def claim_folder(
    config: PretrainingConfig, corpus: str, *, n_processes: int, overwrite: bool
) -> Path:
    """Make the output folder, or make sure that the run in it is the same one.

    config (PretrainingConfig): The settings; `training.output` names the folder.
    corpus (str): Digest of the corpus, which covers text and vocabulary.
    n_processes (int): That train together. With others a run goes on only where
        `training.accumulate` gives an update the same micro-batches.
    overwrite (bool): Delete a run with other settings; one with the same is kept and goes on.
    RETURNS (Path): The folder.
    RAISES (BlurbError): B208 a run with other settings lies there, B212 a model that no run of ours
        made lies there, B248 `overwrite` would delete the encoder to continue.
    """
    folder = Path(config.training.output)
    settings = _describe_settings(config, corpus, n_processes)
    path = folder / SETTINGS
    if read_record(folder) is not None or any(folder.glob("checkpoint-*")):
        found = _read_settings(path)
        different = sorted(key for key, value in settings.items() if found.get(key) != value)
        start = config.training.start_from
        if different and overwrite and start and Path(start).resolve() == folder.resolve():
            raise BlurbError(Errors.B248.format(folder=folder))
        if different and overwrite:
            _delete_run(folder)
        elif different:
            message = Errors.B208.format(folder=folder, keys=", ".join(different))
            raise BlurbError(message)
    elif not path.is_file() and holds_model(folder):
        raise BlurbError(Errors.B212.format(folder=folder))
    folder.mkdir(parents=True, exist_ok=True)
    # Nothing is written where nothing changes: the disk may be full, which is why the run stopped.
    if _read_settings(path) != settings:
        write_whole(path, json.dumps(settings, indent=2) + "\n")
    return folder


def _read_settings(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found


def _delete_run(folder: Path) -> None:
    """Delete what a run has left: its record, model and checkpoints."""
    for name in (RECORD, *MODEL_FILES):
        (folder / name).unlink(missing_ok=True)
    for checkpoint in folder.glob("checkpoint-*"):
        shutil.rmtree(checkpoint)


def read_record(folder: Path) -> dict[str, Any] | None:
    """Read the record of a finished run.

    folder (Path): The output folder.
    RETURNS (dict | None): The content of `run.json`, None where the run is not finished.
    """
    path = folder / RECORD
    if not path.is_file():
        return None
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def newest_checkpoint(folder: Path) -> Path | None:
    """Find the newest whole checkpoint.

    folder (Path): The output folder.
    RETURNS (Path | None): Its folder; None where there is none.
    """
    found = [
        (int(match[1]), path)
        for path in folder.glob("checkpoint-*")
        if (match := re.fullmatch(r"checkpoint-(\d+)", path.name)) and _is_whole(path)
    ]
    return max(found)[1] if found else None


def seal_checkpoint(checkpoint: Path) -> None:
    """Bring a checkpoint to disk, and note beside it what belongs to it and how long that is.

    checkpoint (Path): Its folder, written.
    RAISES (OSError): The disk is full.
    """
    sizes = {}
    for path in sorted(checkpoint.iterdir()):
        with path.open("rb") as file:
            os.fsync(file.fileno())
        sizes[path.name] = path.stat().st_size
    write_whole(checkpoint / SEAL, json.dumps(sizes, indent=2))


def _is_whole(checkpoint: Path) -> bool:
    """Tell whether all that `seal_checkpoint` noted is there: a kill or a crash may cut files."""
    try:
        sizes: dict[str, int] = json.loads((checkpoint / SEAL).read_text(encoding="utf-8"))
        return all((checkpoint / name).stat().st_size == size for name, size in sizes.items())
    except (FileNotFoundError, ValueError):
        return False


def save_final(
    shape: BertConfig,
    weights: dict[str, Tensor],
    vocab_folder: Path,
    folder: Path,
    record: dict[str, Any],
) -> None:
    """Save the model as a Hugging Face folder, so that a killed run leaves no half of it.

    shape (BertConfig): Of the model.
    weights (dict[str, Tensor]): State of the trained `RowModel`.
    vocab_folder (Path): Whose tokenizer files are copied.
    folder (Path): The output folder.
    record (dict): Content of `run.json`, which is written last: it marks a finished run.
    RAISES (BlurbError): B244 it could not be written.
    """
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".final-") as name:
            whole = Path(name)
            to_plain(shape, weights).save_pretrained(whole)
            for file in TOKENIZER_FILES:
                shutil.copyfile(vocab_folder / file, whole / file)
            # Without the padding and truncation that may be set in it: they would cut every text.
            # Not by its own `save`, which fails with a bare Exception.
            content = read_tokenizer(vocab_folder).to_str(pretty=True)
            (whole / "tokenizer.json").write_text(content, encoding="utf-8")
            for path in sorted(whole.iterdir()):
                # The weights come readable to their owner alone; the folder is for everybody.
                shutil.copymode(folder / SETTINGS, path)
                path.replace(folder / path.name)
            (whole / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
            (whole / RECORD).replace(folder / RECORD)
    except (OSError, RuntimeError, SafetensorError) as error:
        last = newest_checkpoint(folder)
        raise BlurbError(Errors.B244.format(folder=folder, reason=error, last=last)) from error


def _describe_settings(config: PretrainingConfig, corpus: str, n_processes: int) -> dict[str, Any]:
    settings = {
        f"{section}.{key}": value
        for section, values in asdict(config).items()
        for key, value in values.items()
        if section in ("model", "objective", "training") and key not in FREE_SETTINGS
    }
    # Its weights and not its path, which may be written in another way or hold others meanwhile.
    start = Path(config.training.start_from, WEIGHTS)
    if config.training.start_from and start.is_file():
        settings["training.start_from"] = hash_file(start)
    accumulate = settings.pop("training.accumulate")
    settings["training.accumulate x processes"] = accumulate * n_processes
    settings["corpus"] = corpus
    return settings
