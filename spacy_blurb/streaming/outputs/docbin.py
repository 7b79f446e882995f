"""DocBin: one `.spacy` file of any number of batches, put together without holding it in memory.

A DocBin is a compressed MessagePack map whose values are the Docs' arrays and lists one behind the
other. The work file keeps these parts for each batch; the last step writes header after header and
copies the parts behind it. tests/streaming/test_outputs.py compares the result with spaCy's own.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import srsly
from spacy.tokens import Doc, DocBin

from ...errors import BlurbError, Errors
from ..files import replaced_file
from .format import WorkFileFormat

_ARRAYS = ("tokens", "spaces", "lengths")
_LISTS = ("cats", "flags", "span_groups")
_PARTS = (*_ARRAYS, *_LISTS, "strings")
_HEAD = struct.Struct("<Q" + "QQ" * len(_PARTS))
"""Docs of the batch, then of each part its bytes as they are and compressed."""
_MAX_BYTES = 2**32 - 1


class DocbinOutput(WorkFileFormat):
    """One `.spacy` file; Docs keep their ids and the other keys of the input."""

    def encode(self, docs: Sequence[Doc]) -> bytes:
        """Return the parts of the batch's DocBin."""
        docbin = DocBin(docs=docs)
        lengths = np.asarray([len(tokens) for tokens in docbin.tokens], dtype="int32")
        parts = [
            b"".join(tokens.tobytes("C") for tokens in docbin.tokens),
            b"".join(spaces.tobytes("C") for spaces in docbin.spaces),
            lengths.tobytes("C"),
            *(b"".join(map(srsly.msgpack_dumps, getattr(docbin, name))) for name in _LISTS),
            srsly.msgpack_dumps(sorted(docbin.strings)),
        ]
        # Fast, because the last step compresses all again.
        packed = [zlib.compress(part, 1) for part in parts]
        sizes = [n for pair in zip(parts, packed, strict=True) for n in map(len, pair)]
        return _HEAD.pack(len(docs), *sizes) + b"".join(packed)

    def finish(self, work: Path, output: Path) -> None:
        """Put the batches together.

        RAISES (BlurbError): B765 more than a `.spacy` file can hold.
        """
        with work.open("rb") as source, replaced_file(output) as target:
            batches = list(_read_heads(source))
            compressor = zlib.compressobj()
            for piece in _pieces(source, batches, output):
                target.write(compressor.compress(piece))
            target.write(compressor.flush())


class _Batch(NamedTuple):
    """Where a batch lies: Docs; of each part first byte, bytes compressed, bytes as they are."""

    documents: int
    parts: dict[str, tuple[int, int, int]]


def _read_heads(source: BinaryIO) -> Iterator[_Batch]:
    position = 0
    while head := source.read(_HEAD.size):
        documents, *sizes = _HEAD.unpack(head)
        position += _HEAD.size
        parts = {}
        for name, size, packed in zip(_PARTS, sizes[::2], sizes[1::2], strict=True):
            parts[name] = (position, packed, size)
            position += packed
        yield _Batch(documents, parts)
        source.seek(position)


def _pieces(source: BinaryIO, batches: list[_Batch], output: Path) -> Iterator[bytes]:
    """Yield the MessagePack map: version, attrs, then what the Docs hold."""
    empty = DocBin()
    heading: dict[str, Any] = {"version": empty.version, "attrs": empty.attrs}
    yield bytes([0x80 | (len(heading) + len(_PARTS))])
    for key, value in heading.items():
        yield srsly.msgpack_dumps(key) + srsly.msgpack_dumps(value)
    for name in _ARRAYS:
        size = sum(batch.parts[name][2] for batch in batches)
        if size > _MAX_BYTES:
            raise BlurbError(Errors.B765.format(path=output, size=size >> 30))
        yield srsly.msgpack_dumps(name) + b"\xc6" + struct.pack(">I", size)
        yield from _copy(source, batches, name)
    for name in _LISTS:
        count = sum(batch.documents for batch in batches)
        yield srsly.msgpack_dumps(name) + b"\xdd" + struct.pack(">I", count)
        yield from _copy(source, batches, name)
    # Different words are few beside all words; whoever reads the file holds them too.
    strings: set[str] = set()
    for part in _copy(source, batches, "strings"):
        strings.update(srsly.msgpack_loads(part))
    yield srsly.msgpack_dumps("strings") + srsly.msgpack_dumps(sorted(strings))


def _copy(source: BinaryIO, batches: list[_Batch], name: str) -> Iterator[bytes]:
    for batch in batches:
        position, packed, _ = batch.parts[name]
        source.seek(position)
        yield zlib.decompress(source.read(packed))
