"""How is a text file read only once? As plain text beside a table with one row per document.

Parsing XML and decompressing cost most of the time of reading. Each input file is therefore turned
into `KEY.txt`, one sentence per line, and `KEY.npy`, a table; KEY stands for its content, so that a
file that has not changed is never read again, whatever else changes. Files are prepared in
parallel. Both `vocab` and `corpus` work from the result.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.formats.file_hash import hash_file
from ..data.formats.whole_files import write_whole
from .config import TextConfig
from .text import SourceText, find_files, find_kind, hash_text, read_source
from .workers import Workers
from .writing import ArrayWriter

TEXT_FOLDER = "text"
"""Under `corpus.folder`; may be deleted when the corpus is finished, which costs reading again."""
READER_VERSION = 2
"""Goes up when the readers give other sentences for the same file."""
TITLE_LETTERS = 200
TITLE_SENTENCES = 3
"""That a title may have: "Is it so? A trial." is cut in two as a part of running text."""
ROW = np.dtype(
    [
        ("start", "<i8"),  # byte in the prepared text
        ("bytes", "<i4"),  # line ends included
        ("words", "<i4"),
        ("sentences", "<i4"),
        ("version", "<i4"),  # as in SourceText
        ("id", "<u8"),  # 0 without an id
        # Of the first sentence, the first two and so on, letters and digits alone.
        ("titles", "<u8", (TITLE_SENTENCES,)),
        ("text", "<u8"),  # white space and case do not matter
        ("split", "<u8"),  # as in is_held_out
    ]
)
Report = Callable[[str], None]


@dataclass(frozen=True)
class PreparedFile:
    """An input file, read.

    path (str): The input file.
    kind (str): Its format.
    sha256 (str): Of the bytes of the input file.
    text (Path): The prepared text; the table lies beside it.
    """

    path: str
    kind: str
    sha256: str
    text: Path

    def table(self) -> NDArray[Any]:
        """Map the table: one row of type `ROW` per document or deletion, in file order."""
        return np.load(self.text.with_suffix(".npy"), mmap_mode="r")


def describe_files(config: TextConfig, workers: Workers, folder: Path) -> list[PreparedFile]:
    """Find the input files and hash them.

    config (TextConfig): Which files.
    workers (Workers): Who hashes.
    folder (Path): Where prepared text lies, or will.
    RETURNS (list[PreparedFile]): In the order of the config; not prepared by this.
    RAISES (BlurbError): B205 a file is missing, B220 its name does not tell the format.
    """
    paths = find_files(config.files)
    kinds = [find_kind(path, config.format) for path in paths]
    hashes = dict(workers.run(hash_file, enumerate(paths)))
    return [
        PreparedFile(str(path), kind, hashes[number], folder / f"{_key(kind, hashes[number])}.txt")
        for number, (path, kind) in enumerate(zip(paths, kinds, strict=True))
    ]


def prepare_files(files: list[PreparedFile], workers: Workers, report: Report) -> None:
    """Read all files that were not read before; the longest first, since they take longest.

    files (list[PreparedFile]): What is needed.
    workers (Workers): Who reads.
    report (Callable[[str], None]): Takes a line per file.
    RAISES (BlurbError): What `read_source` raises. OSError with the name of a file that cannot be
        written.
    """
    waiting = {file.text: file for file in files if not _is_prepared(file)}
    if not waiting:
        return
    next(iter(waiting)).parent.mkdir(parents=True, exist_ok=True)
    for leftover in next(iter(waiting)).parent.glob("*.partial-*"):
        leftover.unlink()
    tasks = sorted(waiting.values(), key=lambda file: -Path(file.path).stat().st_size)
    done, total = 0, sum(Path(file.path).stat().st_size for file in tasks)
    for number, counts in workers.run(_prepare, enumerate(tasks)):
        done += Path(tasks[number].path).stat().st_size
        report(
            f"read {tasks[number].path}: {counts['documents']:,} documents, "
            f"{counts['words']:,} words; {done / max(total, 1):.0%} of the input, "
            f"{workers.time_left(done, total)}"
        )


def read_prepared(text: Path, starts: NDArray[Any], sizes: NDArray[Any]) -> Iterator[list[str]]:
    """Yield documents of a prepared text.

    text (Path): The prepared text.
    starts, sizes (NDArray[int]): Columns `start` and `bytes` of the documents' rows.
    """
    with text.open("rb") as file:
        for start, size in zip(starts.tolist(), sizes.tolist(), strict=True):
            file.seek(start)
            yield file.read(size).decode("utf-8").split("\n")[:-1]


def normalise_title(title: str) -> str:
    """Return what two spellings of a title have in common: its letters and digits, lower case."""
    return "".join(filter(str.isalnum, title.casefold()))[:TITLE_LETTERS]


def _key(kind: str, sha256: str) -> str:
    return hashlib.sha256(f"{READER_VERSION} {kind} {sha256}".encode()).hexdigest()[:24]


def _is_prepared(file: PreparedFile) -> bool:
    record = file.text.with_suffix(".json")
    if not record.is_file():
        return False
    try:
        sizes = json.loads(record.read_text(encoding="utf-8"))["sizes"]
    except (ValueError, KeyError, TypeError):
        return False  # a bad copy: read anew
    paths = {suffix: file.text.with_suffix(suffix) for suffix in sizes}
    return all(p.is_file() and p.stat().st_size == sizes[s] for s, p in paths.items())


def _prepare(file: PreparedFile) -> dict[str, int]:
    """Read one file; the record is written last and vouches for the other two."""
    counts = {"documents": 0, "words": 0}
    position = 0
    record = file.text.with_suffix(".json")
    record.unlink(missing_ok=True)
    with ArrayWriter(file.text, None) as text, ArrayWriter(file.text.with_suffix(".npy"), ROW) as t:
        for source in read_source(Path(file.path), file.kind):
            content = "".join(f"{sentence}\n" for sentence in source.sentences).encode("utf-8")
            row = _to_row(source, position, len(content))
            text.write(content)
            t.write(np.array([row], dtype=ROW))
            position += len(content)
            counts["documents"] += source.version >= 0
            counts["words"] += row[2]
    sizes = {s: file.text.with_suffix(s).stat().st_size for s in (".txt", ".npy")}
    vouched = json.dumps({"input": file.path, "sizes": sizes, **counts}, indent=2) + "\n"
    write_whole(record, vouched)
    return counts


def _to_row(source: SourceText, start: int, size: int) -> tuple[Any, ...]:
    whole = "\n".join(source.sentences)
    words = whole.split()
    titles = (" ".join(source.sentences[: n + 1]) for n in range(TITLE_SENTENCES))
    return (
        start,
        size,
        len(words),
        len(source.sentences),
        source.version,
        hash_text(source.id) if source.id else 0,
        tuple(hash_text(normalise_title(title)) if words else 0 for title in titles),
        hash_text(" ".join(words).casefold()),
        hash_text(whole),
    )
