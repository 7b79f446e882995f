"""How is a tokenised corpus read? As one long stream of pieces per split, mapped from disk.

A corpus folder holds `corpus.json`, which is written last, and per shard three arrays and a record:

    train-00000.pieces.npy      piece ids; behind every document one [SEP]
    train-00000.documents.npy   where documents begin in the shard
    train-00000.sentences.npy   where sentences begin; every document start is one too
    train-00000.json            counts and hashes of the three

    documents  ["a b c.", "d."], ["e f."]
    pieces     a b c . d . [SEP] e f . [SEP]
    documents  0, 7        sentences  0, 4, 7
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.formats.file_hash import hash_file
from ..errors import BlurbError, Errors

MANIFEST = "corpus.json"
ARRAYS = ("pieces", "documents", "sentences")
START_TYPE = np.dtype("<i4")
MAX_OPEN = 100
"""Shards of a stream that are mapped at the same time; each of the arrays takes a file handle, and
systems often allow 1,024."""


@dataclass(frozen=True)
class SplitCounts:
    """What a shard or split holds.

    documents (int): Documents; as many separators.
    sentences (int): Sentences that have a piece.
    words (int): Between white space.
    pieces (int): Without separators.
    without_pieces (int): Documents of which the tokenizer leaves nothing; not in `documents`.
    unknown (int): Pieces that are `[UNK]`, which teach nothing; in `pieces` too. Corpora of version
        0.1 did not count them.
    """

    documents: int = 0
    sentences: int = 0
    words: int = 0
    pieces: int = 0
    without_pieces: int = 0
    unknown: int = 0

    def __add__(self, other: "SplitCounts") -> "SplitCounts":
        names = [field.name for field in fields(self)]
        return SplitCounts(*(getattr(self, name) + getattr(other, name) for name in names))

    @property
    def separators(self) -> int:
        """`[SEP]` pieces, one behind each document."""
        return self.documents


@dataclass(frozen=True)
class PieceStream:
    """All shards of a split as one stream, in order; can be pickled.

    folder (Path): The corpus folder.
    names (tuple[str, ...]): Shards, such as "train-00000".
    bounds (NDArray[int64]): Where each shard begins in the stream, and the length of the stream.
        Shape: (n_shards + 1,)
    counts (SplitCounts): Of all shards.
    manifest_hash (str): SHA-256 of the file `corpus.json`, which a new build deletes before it
        writes other shards.
    """

    folder: Path
    names: tuple[str, ...]
    bounds: NDArray[np.int64]
    counts: SplitCounts
    manifest_hash: str
    _open: dict[tuple[int, str], NDArray[Any]] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return int(self.bounds[-1])

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_open": {}}  # a map does not travel

    def pieces(self, start: int, end: int) -> NDArray[Any]:
        """Return a part of the stream, from disk without a copy where one shard holds it.

        start, end (int): Offsets, `0 <= start <= end <= len(self)`.
        RETURNS (NDArray): Piece ids, uint16 or int32, read-only or a copy. Shape: (end - start,)
        RAISES (BlurbError): B231 another corpus lies there by now.
        """
        parts = [self._array(n, "pieces")[low:high] for n, low, high in self._parts(start, end)]
        if len(parts) == 1:
            return parts[0]
        return np.concatenate(parts) if parts else self._array(0, "pieces")[:0]

    def document_starts(self, start: int, end: int) -> NDArray[np.int64]:
        """Return the offsets in the stream, in `[start, end)`, at which documents begin."""
        return self._starts("documents", start, end)

    def sentence_starts(self, start: int, end: int) -> NDArray[np.int64]:
        """Return the offsets in the stream, in `[start, end)`, at which sentences begin."""
        return self._starts("sentences", start, end)

    def _starts(self, kind: str, start: int, end: int) -> NDArray[np.int64]:
        found = [np.empty(0, dtype=np.int64)]
        for number, low, high in self._parts(start, end):
            starts = self._array(number, kind)
            first, last = np.searchsorted(starts, (low, high))
            found.append(starts[first:last] + self.bounds[number])
        return np.concatenate(found)

    def _parts(self, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Yield (shard, first offset in it, offset behind the last) of a part of the stream."""
        if not 0 <= start <= end <= len(self):
            raise IndexError(f"{start}-{end} in a stream of {len(self)} pieces")
        number = int(np.searchsorted(self.bounds, start, side="right")) - 1
        while start < end:
            low, high = int(self.bounds[number]), int(self.bounds[number + 1])
            yield number, start - low, min(end, high) - low
            start, number = high, number + 1

    def _array(self, number: int, kind: str) -> NDArray[Any]:
        found = self._open.get((number, kind))
        if found is None:
            if len(self._open) >= MAX_OPEN * len(ARRAYS):
                self._open.pop(next(iter(self._open)))
            found = self._map(number, kind)
            self._open[number, kind] = found
        return found

    def _map(self, number: int, kind: str) -> NDArray[Any]:
        try:
            mapped = np.load(array_path(self.folder, self.names[number], kind), mmap_mode="r")
            # After it was mapped: what is mapped stays as it is.
            is_same = hash_file(self.folder / MANIFEST) == self.manifest_hash
        except FileNotFoundError:
            is_same = False
        if not is_same:
            raise BlurbError(Errors.B231.format(folder=self.folder))
        return mapped


@dataclass(frozen=True)
class Corpus:
    """A finished corpus.

    train, held_out (PieceStream): The splits.
    manifest (dict): The content of `corpus.json`.
    digest (str): SHA-256 over all that decides what is read: text, rules, tokenizer, arrays.
    tokenizer_hash (str): As `vocab.hash_tokenizer` gives it.
    """

    train: PieceStream
    held_out: PieceStream
    manifest: dict[str, Any]
    digest: str
    tokenizer_hash: str


def open_corpus(folder: Path, *, verify: bool = True, tokenizer_hash: str | None = None) -> Corpus:
    """Open a finished corpus.

    folder (Path): `corpus.folder` of the config.
    verify (bool): Hash all arrays (about 1 GB/s). Where several processes open the same corpus,
        one of them is enough; without it, sizes alone are compared.
    tokenizer_hash (str | None): Of the vocabulary that is to read it; None takes any.
    RETURNS (Corpus): Both splits, none of them empty.
    RAISES (BlurbError): B221 no corpus there, B222 not finished, B223 an empty shard, B224 a
        damaged one, B225 made with another vocabulary.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        started = next(folder.glob("train-*.npy"), None) is not None
        message = Errors.B222 if started else Errors.B221
        raise BlurbError(message.format(folder=folder))
    if tokenizer_hash not in (None, manifest["tokenizer"]):
        raise BlurbError(Errors.B225.format(folder=folder))
    for shards in manifest["splits"].values():
        for shard in shards:
            check_shard(folder, shard, verify=verify)
    manifest_hash = hash_file(folder / MANIFEST)
    streams = {
        split: _to_stream(folder, shards, manifest_hash)
        for split, shards in manifest["splits"].items()
    }
    deciding = {key: manifest[key] for key in ("settings", "tokenizer", "splits")}
    digest = hashlib.sha256(json.dumps(deciding, sort_keys=True).encode("utf-8")).hexdigest()
    return Corpus(
        streams["train"], streams["held_out"], manifest, digest, str(manifest["tokenizer"])
    )


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Read the manifest of a corpus, None where there is no finished one."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # a bad copy: made anew
        return None
    known = {"settings", "tokenizer", "splits"}
    return manifest if isinstance(manifest, dict) and known <= manifest.keys() else None


def check_shard(folder: Path, shard: dict[str, Any], *, verify: bool) -> None:
    """Check that the arrays of a shard are there and as they were written.

    folder (Path): The corpus folder.
    shard (dict): Its record.
    verify (bool): Compare hashes as well as sizes.
    RAISES (BlurbError): B223 an empty shard, B224 a missing or damaged array.
    """
    if not shard["counts"]["documents"]:
        raise BlurbError(Errors.B223.format(folder=folder, shard=shard["name"]))
    for kind, expected in shard["arrays"].items():
        path = array_path(folder, shard["name"], kind)
        size = path.stat().st_size if path.is_file() else None
        if size is None:
            reason = "is missing"
        elif size == 0:
            raise BlurbError(Errors.B223.format(folder=folder, shard=path.name))
        elif size != expected["bytes"]:
            reason = f"has {size:,} bytes instead of {expected['bytes']:,}"
        elif verify and hash_file(path) != expected["sha256"]:
            reason = "has another SHA-256 than when it was written"
        else:
            continue
        raise BlurbError(Errors.B224.format(path=path, reason=reason))


def array_path(folder: Path, name: str, kind: str) -> Path:
    """Return the path of one array of a shard."""
    return folder / f"{name}.{kind}.npy"


def _to_stream(folder: Path, shards: list[dict[str, Any]], manifest_hash: str) -> PieceStream:
    counts = [SplitCounts(**shard["counts"]) for shard in shards]
    lengths = [count.pieces + count.separators for count in counts]
    return PieceStream(
        folder,
        tuple(shard["name"] for shard in shards),
        np.cumsum([0, *lengths], dtype=np.int64),
        sum(counts, SplitCounts()),
        manifest_hash,
    )
