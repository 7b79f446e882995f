"""How does text become shards? In parallel, the same whatever stops it and whoever does the work.

1. Each input file is read once (`prepared.py`).
2. The tables of all files decide which documents are kept (`selection.py`).
3. Kept documents, in order, fill shards of `corpus.shard_words`; each shard is one task, which
   reads its documents, cuts them into pieces and writes its arrays and then its record.
4. The manifest is written last.

Whatever a killed run has finished vouches for itself with a record, and is kept.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.formats.file_hash import hash_file
from ..data.formats.whole_files import write_whole
from ..errors import BlurbError, Errors
from .config import PretrainingConfig
from .folder_lock import lock_folder
from .pieces import encode_documents, load_tokenizer
from .prepared import (
    TEXT_FOLDER,
    PreparedFile,
    Report,
    describe_files,
    prepare_files,
    read_prepared,
)
from .selection import (
    NO_DOCUMENT,
    SPLITS,
    Selection,
    describe_selection,
    require_documents,
    select_documents,
    sum_left_out,
)
from .shards import (
    ARRAYS,
    MANIFEST,
    START_TYPE,
    SplitCounts,
    array_path,
    check_shard,
    read_manifest,
)
from .text import Document
from .vocab import hash_tokenizer, read_pieces
from .workers import Workers
from .writing import ArrayWriter

CORPUS_VERSION = 1
"""Goes up when the same settings give other shards."""
_SHARD_FILE = re.compile(
    rf"(?P<name>({'|'.join(SPLITS)})-\d{{5,}})\.(({'|'.join(ARRAYS)})\.npy|json)"
    r"(?P<partial>\.partial-\d+)?"
)
BATCH_BYTES = 1 << 20
"""Text that goes to the tokenizer at once; its answer takes some hundred times as much memory."""


@dataclass(frozen=True)
class ShardTask:
    """All that a process needs to make a shard.

    name (str): Such as "train-00000".
    folder (Path): The corpus folder.
    key (str): Stands for all that decides the content of shards.
    words (int): Of its documents.
    parts (list): (prepared text, column `start`, column `bytes`) of each file.
    tokenizer (Path): The `tokenizer.json`.
    """

    name: str
    folder: Path
    key: str
    words: int
    parts: list[tuple[Path, NDArray[np.int64], NDArray[np.int32]]]
    tokenizer: Path


def build_corpus(
    config: PretrainingConfig, report: Report, *, overwrite: bool = False
) -> dict[str, Any]:
    """Tokenise the text into shards, or go on where a killed build stopped.

    Shards of a finished corpus are checked, and made anew where they are damaged.

    config (PretrainingConfig): Uses its sections `text`, `vocab` and `corpus`.
    report (Callable[[str], None]): Takes lines about the progress.
    overwrite (bool): Replace a finished corpus that was made with other settings.
    RETURNS (dict): The content of `corpus.json`. The same input and settings give the same bytes
        in all files, whatever the number of processes.
    RAISES (BlurbError): B205 a file is missing, B206 no vocabulary, B219 the tokenizer
        leaves nothing of a split, B226 the folder holds a corpus with other settings, B227 no
        document is left, and what `read_source` raises. OSError that
        names the file where one cannot be written; what was finished before stays. B247 another
        process works in the folder.
    """
    with lock_folder(Path(config.corpus.folder), "corpus.folder"):
        return _build(config, report, overwrite=overwrite)


def _build(config: PretrainingConfig, report: Report, *, overwrite: bool) -> dict[str, Any]:
    folder = Path(config.corpus.folder)
    tokenizer_hash = hash_tokenizer(read_pieces(Path(config.vocab.folder)).tokenizer)
    with Workers(config.corpus.n_processes) as workers:
        files = describe_files(config.text, workers, folder / TEXT_FOLDER)
        settings = _describe_settings(config, files, tokenizer_hash)
        is_outdated = _check_settings(folder, settings, overwrite=overwrite)
        prepare_files(files, workers, report)
        selection = select_documents(files, config.text)
        for split in SPLITS:
            require_documents(files, selection, split)
        key = hashlib.sha256(json.dumps(settings, sort_keys=True).encode("utf-8")).hexdigest()
        tasks = list(_plan_shards(config, files, selection, key))
        if is_outdated:
            # Not before the new text is known to be good: shards that stay would be of no use.
            (folder / MANIFEST).unlink()
        _delete_others(folder, {task.name for task in tasks})
        records = _make_shards(tasks, workers, report)
    _delete_texts(folder / TEXT_FOLDER, files)
    whole = [records[task.name] for task in tasks if records[task.name]["counts"]["documents"]]
    empty = [records[task.name] for task in tasks if not records[task.name]["counts"]["documents"]]
    splits = {
        split: [record for record in whole if record["name"].startswith(f"{split}-")]
        for split in SPLITS
    }
    for split, shards in splits.items():
        if not shards:
            n = sum(record["counts"]["without_pieces"] for record in empty)
            raise BlurbError(Errors.B219.format(split=split, n=n, folder=config.vocab.folder))
    manifest = {
        "settings": settings,
        "tokenizer": tokenizer_hash,
        "inputs": _describe_inputs(files, selection),
        "left_out": sum_left_out(files, selection),
        "listed": selection.listed,
        "splits": splits,
        # Of whose documents the tokenizer leaves nothing.
        "empty_shards": empty,
    }
    content = json.dumps(manifest, indent=2) + "\n"
    write_whole(folder / MANIFEST, content)
    return manifest


def _describe_settings(
    config: PretrainingConfig, files: list[PreparedFile], tokenizer_hash: str
) -> dict[str, Any]:
    """Describe all that the shards depend on."""
    return {
        **describe_selection(config.text, files),
        "corpus.shard_words": config.corpus.shard_words,
        "vocab": tokenizer_hash,
        "version": CORPUS_VERSION,
    }


def _check_settings(folder: Path, settings: dict[str, Any], *, overwrite: bool) -> bool:
    """Make sure that no finished corpus with other settings is lost.

    RETURNS (bool): One with other settings is there, and is to be replaced.
    """
    manifest = read_manifest(folder)
    if manifest is None or manifest["settings"] == settings:
        return False
    if not overwrite:
        found = manifest["settings"]
        keys = sorted(key for key in settings if found.get(key) != settings[key])
        raise BlurbError(Errors.B226.format(folder=folder, keys=", ".join(keys)))
    return True


def _plan_shards(
    config: PretrainingConfig, files: list[PreparedFile], selection: Selection, key: str
) -> Iterator[ShardTask]:
    """Yield the shards in order.

    A document goes to the shard of its first word. One that is longer than a shard leaves no
    hole: shards are numbered as they come.
    """
    tokenizer = Path(config.vocab.folder) / "tokenizer.json"
    for split in SPLITS:
        shards: dict[int, list[tuple[Path, NDArray[Any]]]] = {}
        n_words = 0
        for number, file in enumerate(files):
            rows = file.table()[selection.rows(number, split)]
            ends = n_words + np.cumsum(rows["words"], dtype=np.int64)
            shard_of = (ends - rows["words"]) // config.corpus.shard_words
            n_words = int(ends[-1]) if len(ends) else n_words
            for shard in np.unique(shard_of).tolist():
                shards.setdefault(shard, []).append((file.text, rows[shard_of == shard]))
        for number, parts in enumerate(shards.values()):
            yield ShardTask(
                f"{split}-{number:05}",
                Path(config.corpus.folder),
                key,
                sum(int(rows["words"].sum()) for _, rows in parts),
                [(text, rows["start"].copy(), rows["bytes"].copy()) for text, rows in parts],
                tokenizer,
            )


def _delete_others(folder: Path, names: set[str]) -> None:
    """Delete what earlier builds left: halves of files, shards that are no longer planned."""
    for path in folder.glob("*"):
        match = _SHARD_FILE.fullmatch(path.name)
        if match and (match["partial"] or match["name"] not in names):
            path.unlink()


def _delete_texts(folder: Path, files: list[PreparedFile]) -> None:
    """Delete the prepared texts of files that have changed or are not asked for any more."""
    for record in folder.glob("*.json"):
        if record.with_suffix(".txt") not in {file.text for file in files}:
            for suffix in (".json", ".txt", ".npy"):
                record.with_suffix(suffix).unlink(missing_ok=True)


def _make_shards(
    tasks: list[ShardTask], workers: Workers, report: Report
) -> dict[str, dict[str, Any]]:
    """Return the record of each shard, made now or before."""
    names = [task.name for task in tasks]
    found = workers.run(_read_whole_shard, enumerate(tasks))
    records = {names[number]: record for number, record in found if record is not None}
    waiting = [task for task in tasks if task.name not in records]
    if len(waiting) < len(tasks):
        report(f"{len(records)} of {len(tasks)} shards are there already")
    done, total = 0, sum(task.words for task in waiting)
    for number, record in workers.run(_make_shard, enumerate(waiting)):
        task = waiting[number]
        records[task.name] = record
        done += task.words
        report(
            f"{task.name}: {record['counts']['pieces']:,} pieces; {done / total:.0%} of the words, "
            f"{workers.per_second(done):,.0f} words/s, {workers.time_left(done, total)}"
        )
    return records


def _read_whole_shard(task: ShardTask) -> dict[str, Any] | None:
    """Return the record of a shard that was made before and is as it was, else None."""
    path = task.folder / f"{task.name}.json"
    if not path.is_file():
        return None
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if record.pop("key") != task.key:
            return None
        check_shard(task.folder, record, verify=True)
    except (BlurbError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return record


def _make_shard(task: ShardTask) -> dict[str, Any]:
    """Write the arrays of a shard, then its record, which vouches for them."""
    record_path = task.folder / f"{task.name}.json"
    record_path.unlink(missing_ok=True)
    paths = {kind: array_path(task.folder, task.name, kind) for kind in ARRAYS}
    tokenizer, piece_type = load_tokenizer(task.tokenizer.parent, task.key)
    with (
        ArrayWriter(paths["pieces"], piece_type) as pieces,
        ArrayWriter(paths["documents"], START_TYPE) as documents,
        ArrayWriter(paths["sentences"], START_TYPE) as sentences,
    ):
        counts = SplitCounts()
        for batch in _read_batches(task):
            encoded = encode_documents(tokenizer, batch, piece_type)
            position = pieces.rows
            pieces.write(encoded.pieces)
            documents.write(encoded.documents + position)
            sentences.write(encoded.sentences + position)
            counts += encoded.counts
    record = {
        "name": task.name,
        "counts": asdict(counts),
        "arrays": {
            kind: {"bytes": path.stat().st_size, "sha256": hash_file(path)}
            for kind, path in paths.items()
        },
    }
    content = json.dumps({"key": task.key, **record}, indent=2) + "\n"
    write_whole(record_path, content)
    return record


def _read_batches(task: ShardTask) -> Iterator[list[Document]]:
    batch: list[Document] = []
    size = 0
    for text, starts, sizes in task.parts:
        for document in read_prepared(text, starts, sizes):
            batch.append(document)
            size += sum(map(len, document))
            if size > BATCH_BYTES:
                yield batch
                batch, size = [], 0
    if batch:
        yield batch


def _describe_inputs(files: list[PreparedFile], selection: Selection) -> list[dict[str, Any]]:
    return [
        {
            "path": file.path,
            "format": file.kind,
            "sha256": file.sha256,
            "documents": int((selection.fates[number] != NO_DOCUMENT).sum()),
            "words": int(file.table()["words"].sum()),
            "kept": {split: len(selection.rows(number, split)) for split in SPLITS},
            "left_out": selection.left_out(number),
        }
        for number, file in enumerate(files)
    ]
