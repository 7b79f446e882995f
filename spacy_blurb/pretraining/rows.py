"""How does text become rows of equal length? Tokenised once, kept as memory maps.

A row is `[CLS] pieces [SEP]` with exactly `seq_len` pieces and no padding: documents follow one
another with `[SEP]` between them, and text that runs over goes on in the next row. Only the tail
that fills no row is left out, and counted.

    documents  "a b c", "d e"
    stream     a b c [SEP] d e [SEP]
    seq_len 6  [CLS] a b c [SEP] [SEP]       tail: d e [SEP]
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ..errors import BlurbError, Errors
from .config import PretrainingConfig
from .text import Document, is_held_out, read_documents
from .vocab import Pieces

MANIFEST = "rows.json"
# Enough for the tokenizer's threads, little enough for memory (a full text is some 200 kB).
DOCUMENTS_AT_ONCE = 256


@dataclass
class SplitCounts:
    """What became of the text of one split; `pieces + separators = rows * (seq_len - 2) + dropped`.

    documents (int): Documents read.
    pieces (int): Pieces of their text.
    separators (int): `[SEP]` between documents, one behind each.
    rows (int): Rows written.
    dropped (int): Pieces and separators in the tail that fills no row.
    """

    documents: int = 0
    pieces: int = 0
    separators: int = 0
    rows: int = 0
    dropped: int = 0


@dataclass(frozen=True)
class Rows:
    """The rows of both splits.

    train, held_out (NDArray): Piece ids, mapped from disk. Shape: (n_rows, seq_len)
    counts (dict[str, SplitCounts]): By split, "train" and "held_out".
    """

    train: NDArray[Any]
    held_out: NDArray[Any]
    counts: dict[str, SplitCounts]


def make_rows(config: PretrainingConfig, pieces: Pieces, folder: Path) -> Rows:
    """Write the rows of a corpus, or reuse them where text, vocabulary and length are the same.

    config (PretrainingConfig): Uses its sections `text` and `objective`.
    pieces (Pieces): The vocabulary.
    folder (Path): Gets `rows-train.npy`, `rows-held_out.npy` and `rows.json`.
    RETURNS (Rows): Both splits.
    RAISES (BlurbError): B100-B102 unreadable file, B205 no text, B207 a split without a full row.
    """
    folder.mkdir(parents=True, exist_ok=True)
    source = describe_source(config, pieces)
    counts = _read_manifest(folder, source)
    if counts is None:
        (folder / MANIFEST).unlink(missing_ok=True)
        counts = _write_rows(config, pieces, folder)
        manifest = {"source": source, "splits": {name: asdict(c) for name, c in counts.items()}}
        # Written last, and whole: it vouches for the files beside it.
        partial = folder / (MANIFEST + ".partial")
        partial.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        partial.replace(folder / MANIFEST)
    for split, count in counts.items():
        if not count.rows:
            raise BlurbError(
                Errors.B207.format(
                    split=split,
                    files=", ".join(config.text.files),
                    pieces=count.pieces,
                    seq_len=config.objective.seq_len,
                )
            )
    train, held_out = (np.load(_path(folder, split), mmap_mode="r") for split in counts)
    return Rows(train, held_out, counts)


def describe_source(config: PretrainingConfig, pieces: Pieces) -> dict[str, Any]:
    """Describe all that the rows depend on; files by the hash of their bytes.

    config (PretrainingConfig): Uses its sections `text` and `objective`.
    pieces (Pieces): The vocabulary.
    RETURNS (dict): JSON-ready; equal descriptions mean equal rows.
    RAISES (BlurbError): B205 a text file is missing.
    """
    files = []
    for name in config.text.files:
        if not Path(name).is_file():
            raise BlurbError(Errors.B205.format(paths=name))
        stat = Path(name).stat()
        digest = _hash_file(Path(name), stat.st_size, stat.st_mtime_ns)
        files.append({"path": name, "sha256": digest})
    return {
        "files": files,
        "held_out": config.text.held_out,
        "seq_len": config.objective.seq_len,
        "tokenizer": hashlib.sha256(pieces.tokenizer.to_str().encode("utf-8")).hexdigest(),
    }


@cache
def _hash_file(path: Path, size: int, modified_ns: int) -> str:
    """Hash a file once in a process; size and time are there to notice a change."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def batches(rows: NDArray[Any], n_rows: int) -> Iterator[NDArray[Any]]:
    """Yield a split in order, some rows at a time.

    rows (NDArray): Piece ids. Shape: (n_rows of the split, seq_len)
    n_rows (int): Rows at a time; the last batch may have fewer.
    """
    for start in range(0, len(rows), n_rows):
        yield rows[start : start + n_rows]


class _RowWriter:
    """Streams rows of one split to an `.npy` file, so that memory stays the same for any corpus."""

    def __init__(self, path: Path, pieces: Pieces, seq_len: int) -> None:
        self.counts = SplitCounts()
        self._file = path.open("wb")
        self._pieces = pieces
        self._seq_len = seq_len
        small = len(pieces.is_special) <= np.iinfo(np.uint16).max + 1
        self._type = np.dtype("<u2" if small else "<i4")
        self._rest = np.empty(0, dtype=self._type)
        self._write_header()

    def __enter__(self) -> "_RowWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.counts.dropped = len(self._rest)
        # Numpy leaves room in the header for the first axis to grow to its largest value.
        self._file.seek(0)
        self._write_header()
        self._file.close()

    def write(self, documents: list[Document]) -> None:
        sentences = [sentence for document in documents for sentence in document]
        encode = self._pieces.tokenizer.encode_batch_fast
        encoded = iter(encode(sentences, add_special_tokens=False))
        stream = [self._rest]
        for document in documents:
            for sentence in islice(encoded, len(document)):
                ids = np.array(sentence.ids, dtype=self._type)
                self.counts.pieces += len(ids)
                stream.append(ids)
            stream.append(np.array([self._pieces.sep_id], dtype=self._type))
        self.counts.documents += len(documents)
        self.counts.separators += len(documents)
        self._write_full_rows(np.concatenate(stream))

    def _write_full_rows(self, stream: NDArray[Any]) -> None:
        inner = self._seq_len - 2
        n_rows = len(stream) // inner
        rows = np.empty((n_rows, self._seq_len), dtype=self._type)
        rows[:, 0] = self._pieces.cls_id
        rows[:, 1:-1] = stream[: n_rows * inner].reshape(n_rows, inner)
        rows[:, -1] = self._pieces.sep_id
        self._file.write(rows.tobytes())
        self._rest = stream[n_rows * inner :]
        self.counts.rows += n_rows

    def _write_header(self) -> None:
        shape = (self.counts.rows, self._seq_len)
        header = {"descr": self._type.str, "fortran_order": False, "shape": shape}
        npy.write_array_header_1_0(self._file, header)


def _write_rows(config: PretrainingConfig, pieces: Pieces, folder: Path) -> dict[str, SplitCounts]:
    seq_len = config.objective.seq_len
    documents = read_documents(Path(file) for file in config.text.files)
    with (
        _RowWriter(_path(folder, "train"), pieces, seq_len) as train,
        _RowWriter(_path(folder, "held_out"), pieces, seq_len) as held_out,
    ):
        while batch := list(islice(documents, DOCUMENTS_AT_ONCE)):
            train_part: list[Document] = []
            held_out_part: list[Document] = []
            for document in batch:
                is_measured = is_held_out(document, config.text.held_out)
                (held_out_part if is_measured else train_part).append(document)
            train.write(train_part)
            held_out.write(held_out_part)
    return {"train": train.counts, "held_out": held_out.counts}


def _read_manifest(folder: Path, source: dict[str, Any]) -> dict[str, SplitCounts] | None:
    path = folder / MANIFEST
    if not path.is_file():
        return None
    manifest = json.loads(path.read_text(encoding="utf-8"))
    if manifest["source"] != source:
        return None
    return {name: SplitCounts(**counts) for name, counts in manifest["splits"].items()}


def _path(folder: Path, split: str) -> Path:
    return folder / f"rows-{split}.npy"
