"""Text files as users have them: plain, `.xz` or `.gz`, always UTF-8."""

import gzip
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import BufferedIOBase
from pathlib import Path
from typing import Any

from ...errors import BlurbError, Errors, UnreadableFileError

SUFFIXES = ("", ".xz", ".gz")
CHUNK_BYTES = 256 << 10
_OPENERS: dict[str, Callable[..., Any]] = {".xz": lzma.open, ".gz": gzip.open}


def find_file(folder: Path, name: str) -> Path | None:
    """Find `name` in a folder, also with a compression suffix behind it.

    folder (Path): Where to look; not searched deeper.
    name (str): Path relative to the folder.
    RETURNS (Path | None): The file, None where there is none.
    """
    for suffix in SUFFIXES:
        path = folder / (name + suffix)
        if path.is_file():
            return path
    return None


@contextmanager
def open_bytes(path: Path) -> Iterator[BufferedIOBase]:
    """Open a plain or compressed file to read what is in it.

    path (Path): The file; `.xz` and `.gz`, in whatever case, are decompressed while reading.
    RAISES (BlurbError): While it is read too: B101 damaged file; as an UnreadableFileError B100 no
        such file, B171 a folder, B175 the system cannot read it.
    """
    if path.is_dir():
        raise UnreadableFileError(Errors.B171.format(path=path))
    try:
        packing = path.suffix.lower()
        # gzip takes a file of no bytes for one that holds none.
        if packing in _OPENERS and path.is_file() and path.stat().st_size == 0:
            raise EOFError("it is empty")
        with _OPENERS.get(packing, open)(path, "rb") as file:
            yield file
    except FileNotFoundError as error:
        raise UnreadableFileError(Errors.B100.format(path=path)) from error
    except (gzip.BadGzipFile, EOFError, lzma.LZMAError, zlib.error) as error:
        raise BlurbError(Errors.B101.format(path=path, reason=error)) from error
    except OSError as error:
        raise UnreadableFileError(Errors.B175.format(path=path, reason=error)) from error


def read_chunks(path: Path) -> Iterator[bytes]:
    """Yield the content of a plain or compressed file in pieces of at most `CHUNK_BYTES`.

    All that stands before a cut comes before the error.

    path (Path): The file; `.xz` and `.gz` are decompressed while reading.
    RAISES (BlurbError): B100 no such file, B101 damaged file.
    """
    with open_bytes(path) as file:
        # `read` would gather several pieces, and drop them all where a later one is damaged.
        while chunk := file.read1(CHUNK_BYTES):
            yield chunk


def read_raw_lines(path: Path, max_bytes: int | None = None) -> Iterator[tuple[int, bytes | None]]:
    """Yield (line number from 1, line with its end) of a plain or compressed file.

    path (Path): The file; `.xz` and `.gz` are decompressed while reading.
    max_bytes (int | None): Longest line, which lies in memory as a whole; None for any.
    YIELDS (tuple): In the place of a longer line None; the file is read on behind it.
    RAISES (BlurbError): B100 no such file, B101 damaged file.
    """
    size = -1 if max_bytes is None else max_bytes + 1
    with open_bytes(path) as file:
        for number, raw in enumerate(iter(partial(file.readline, size), b""), start=1):
            if len(raw) != size or raw.endswith(b"\n"):
                yield number, raw
                continue
            while raw and not raw.endswith(b"\n"):
                raw = file.readline(CHUNK_BYTES)
            yield number, None


def decode_line(raw: bytes, path: Path) -> str:
    """Return a line without its end and a byte order mark.

    RAISES (BlurbError): B102 it is not UTF-8, B177 it holds a NUL.
    """
    if b"\0" in raw:  # of UTF-16 every line but the first one is valid UTF-8
        raise BlurbError(Errors.B177.format(path=path))
    try:
        text = raw.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        where = f"{path}, this line,"
        raise BlurbError(Errors.B102.format(path=where, byte=error.start)) from error
    return text.removesuffix("\n").removesuffix("\r")


def read_lines(path: Path, *, max_bytes: int | None = None) -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, line without its end) of a plain or compressed UTF-8 file.

    Splits at line feeds alone, so that a line separator inside a text does not shift offsets; a
    carriage return before the line feed and a byte order mark are taken off.

    path (Path): The file; `.xz` and `.gz` are decompressed while reading.
    max_bytes (int | None): Longest line, which lies in memory as a whole; None for any.
    RAISES (BlurbError): B100 no such file, B101 damaged file, B102 not UTF-8, B180 a longer line.
    """
    consumed = 0
    try:
        for number, raw in read_raw_lines(path, max_bytes):
            if raw is None:
                size = max_bytes or 0
                limit = f"{size >> 20:,} MB" if size >> 20 else f"{size:,} bytes"
                raise BlurbError(Errors.B180.format(path=path, line=number, limit=limit))
            line = raw.decode("utf-8")
            if number == 1:
                line = line.removeprefix("\ufeff")
            consumed += len(raw)
            yield number, line.removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise BlurbError(Errors.B102.format(path=path, byte=consumed + error.start)) from error
