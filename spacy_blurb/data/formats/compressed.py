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
    RAISES (BlurbError): B100 no such file, B171 a folder; also while it is read: B101 damaged file;
        as an UnreadableFileError B175 the system cannot read it.
    """
    if path.is_dir():
        raise BlurbError(Errors.B171.format(path=path))
    try:
        packing = path.suffix.lower()
        # gzip takes a file of no bytes for one that holds none.
        if packing in _OPENERS and path.is_file() and path.stat().st_size == 0:
            raise EOFError("it is empty")
        with _OPENERS.get(packing, open)(path, "rb") as file:
            yield file
    except FileNotFoundError as error:
        raise BlurbError(Errors.B100.format(path=path)) from error
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


def read_lines(path: Path, *, max_bytes: int | None = None) -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, line without its end) of a plain or compressed UTF-8 file.

    Splits at line feeds alone, so that a line separator inside a text does not shift offsets; a
    carriage return before the line feed and a byte order mark are taken off.

    path (Path): The file; `.xz` and `.gz` are decompressed while reading.
    max_bytes (int | None): Longest line, which lies in memory as a whole; None for any.
    RAISES (BlurbError): B100 no such file, B101 damaged file, B102 not UTF-8, B180 a longer line.
    """
    consumed = 0
    size = -1 if max_bytes is None else max_bytes + 1
    try:
        with open_bytes(path) as file:
            for number, raw in enumerate(iter(partial(file.readline, size), b""), start=1):
                if len(raw) == size and not raw.endswith(b"\n"):
                    limit = f"{size >> 20:,} MB" if size >> 20 else f"{size - 1:,} bytes"
                    raise BlurbError(Errors.B180.format(path=path, line=number, limit=limit))
                line = raw.decode("utf-8")
                if number == 1:
                    line = line.removeprefix("\ufeff")
                consumed += len(raw)
                yield number, line.removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise BlurbError(Errors.B102.format(path=path, byte=consumed + error.start)) from error
