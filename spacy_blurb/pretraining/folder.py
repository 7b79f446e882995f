"""What lies in the output folder? Settings, checkpoints, and in the end a whole model."""

import json
import os
import re
import shutil
import tempfile
from dataclasses import asdict, dataclass
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
FINAL_PREFIX = ".final-"
# Settings that may change between a run and its resumption. `precision` alone moves the weights, as
# another machine does; the record of the run says which part ran in which.
FREE_SETTINGS = {"output", "save_every", "log_every", "eval_every", "precision", "sharding"}


@dataclass(frozen=True)
class OutputFolder:
    """An output folder that a run may use.

    path (Path): The folder; may not be there yet.
    settings (dict): What decides the weights of the run, as `settings.json` has it.
    is_outdated (bool): A run with other settings lies there, and is to be deleted.
    """

    path: Path
    settings: dict[str, Any]
    is_outdated: bool


def check_folder(
    config: PretrainingConfig, corpus: str, *, n_processes: int, overwrite: bool
) -> OutputFolder:
    """Make sure that the run in the output folder is the same one, or may be deleted.

    Nothing is deleted or written: the new settings are not known to be right yet.

    config (PretrainingConfig): The settings; `training.output` names the folder.
    corpus (str): Digest of the corpus, which covers text and vocabulary.
    n_processes (int): That train together. With others a run goes on only where
        `training.accumulate` gives an update the same micro-batches.
    overwrite (bool): Delete a run with other settings; one with the same is kept and goes on.
    RETURNS (OutputFolder): The folder.
    RAISES (BlurbError): B208 a run with other settings lies there, B212 a model or checkpoints that
        no run of ours made lie there, B248 `overwrite` would delete the encoder to continue.
    """
    folder = Path(config.training.output)
    has_checkpoints = any(folder.glob("checkpoint-*"))
    if not (folder / SETTINGS).is_file():
        if has_checkpoints or holds_model(folder):
            raise BlurbError(Errors.B212.format(folder=folder))
        return OutputFolder(folder, _describe_settings(config, corpus, n_processes, {}), False)
    found = _read_settings(folder / SETTINGS)
    settings = _describe_settings(config, corpus, n_processes, found)
    if read_record(folder) is None and not has_checkpoints:
        if holds_model(folder):
            # Whose record was deleted: which run made it is not known any more.
            raise BlurbError(Errors.B212.format(folder=folder))
        return OutputFolder(folder, settings, False)
    different = sorted(key for key, value in settings.items() if found.get(key) != value)
    if different and not overwrite:
        raise BlurbError(Errors.B208.format(folder=folder, keys=", ".join(different)))
    start = config.training.start_from
    if different and start and Path(start).resolve().is_relative_to(folder.resolve()):
        raise BlurbError(Errors.B248.format(folder=start))
    return OutputFolder(folder, settings, bool(different))


def claim_folder(output: OutputFolder) -> None:
    """Make the output folder, delete what a run with other settings or a kill has left in it.

    output (OutputFolder): Of `check_folder`.
    """
    folder, path = output.path, output.path / SETTINGS
    folder.mkdir(parents=True, exist_ok=True)
    if output.is_outdated:
        _delete_run(folder)
    for half in (*folder.glob(f"{FINAL_PREFIX}*"), *_find_checkpoints(folder, whole=False)):
        shutil.rmtree(half)
    # Nothing is written where nothing changes: the disk may be full, which is why the run stopped.
    if _read_settings(path) != output.settings:
        write_whole(path, json.dumps(output.settings, indent=2) + "\n")


def _read_settings(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _delete_run(folder: Path) -> None:
    """Delete what a run has left: its record, model and checkpoints."""
    for name in (RECORD, *MODEL_FILES):
        (folder / name).unlink(missing_ok=True)
    for whole in (True, False):
        for checkpoint in _find_checkpoints(folder, whole=whole):
            shutil.rmtree(checkpoint)


def read_record(folder: Path) -> dict[str, Any] | None:
    """Read the record of a finished run.

    folder (Path): The output folder.
    RETURNS (dict | None): The content of `run.json`; None where the run is not finished, or a crash
        has cut the record off: then it is finished again from the last checkpoint.
    """
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    is_record = isinstance(record, dict) and {"steps", "held_out"} <= record.keys()
    return record if is_record else None


def newest_checkpoint(folder: Path) -> Path | None:
    """Find the newest whole checkpoint.

    folder (Path): The output folder.
    RETURNS (Path | None): Its folder; None where there is none.
    """
    found = _find_checkpoints(folder, whole=True)
    return found[-1] if found else None


def delete_older_checkpoints(folder: Path) -> None:
    """Keep the two newest whole checkpoints: one is there if a crash damages the other.

    Not left to the engine, which counts whatever is called `checkpoint-…`, and before the newest
    is whole.

    folder (Path): The output folder.
    """
    for checkpoint in _find_checkpoints(folder, whole=True)[:-2]:
        shutil.rmtree(checkpoint)


def _find_checkpoints(folder: Path, *, whole: bool) -> list[Path]:
    """List the checkpoints of runs, those that are whole or those that are not, oldest first."""
    numbered = [
        (int(match[1]), path)
        for path in folder.glob("checkpoint-*")
        if (match := re.fullmatch(r"checkpoint-(\d+)", path.name)) and _is_whole(path) == whole
    ]
    return [path for _, path in sorted(numbered)]


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
        sizes = json.loads((checkpoint / SEAL).read_text(encoding="utf-8"))
        return all((checkpoint / name).stat().st_size == size for name, size in sizes.items())
    except (FileNotFoundError, ValueError, AttributeError):  # or it is no object
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
        with tempfile.TemporaryDirectory(dir=folder, prefix=FINAL_PREFIX) as name:
            whole = Path(name)
            to_plain(shape, weights).save_pretrained(whole)
            for file in TOKENIZER_FILES:
                # Encoders that transformers 5 has saved lack two of them.
                if (vocab_folder / file).is_file():
                    shutil.copyfile(vocab_folder / file, whole / file)
            # Without the padding and truncation that may be set in it: they would cut every text.
            # Not by its own `save`, which fails with a bare Exception.
            content = read_tokenizer(vocab_folder).to_str(pretty=True)
            (whole / "tokenizer.json").write_text(content, encoding="utf-8")
            _set_longest_input(whole / "tokenizer_config.json", shape.max_position_embeddings)
            for path in sorted(whole.iterdir()):
                # The weights come readable to their owner alone; the folder is for everybody.
                shutil.copymode(folder / SETTINGS, path)
                with path.open("rb") as written:
                    os.fsync(written.fileno())
                path.replace(folder / path.name)
        write_whole(folder / RECORD, json.dumps(record, indent=2) + "\n")
    except (OSError, RuntimeError, SafetensorError) as error:
        last = newest_checkpoint(folder)
        raise BlurbError(Errors.B244.format(folder=folder, reason=error, last=last)) from error


def _set_longest_input(path: Path, n_pieces: int) -> None:
    """Tell tokenizers what this model can read at most: the vocabulary may serve longer ones."""
    settings = json.loads(path.read_text(encoding="utf-8"))
    settings["model_max_length"] = n_pieces
    path.write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def _describe_settings(
    config: PretrainingConfig, corpus: str, n_processes: int, found: dict[str, Any]
) -> dict[str, Any]:
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
    elif config.training.start_from and found.get("training.start_from"):
        # Moved away meanwhile. A finished run does not need it any more.
        settings["training.start_from"] = found["training.start_from"]
    accumulate = settings.pop("training.accumulate")
    settings["training.accumulate x processes"] = accumulate * n_processes
    settings["corpus"] = corpus
    return settings
