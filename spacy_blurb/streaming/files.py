"""How are files written so that a kill or a power cut leaves a whole one, the old or the new?"""

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import BlurbError, Errors


def printable(text: str) -> str:
    """Return a text that holds a path, with escapes for bytes of the path that are no UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


@contextmanager
def told_write_errors(output: Path) -> Iterator[None]:
    """Say of what the system does not write where it lies, and that it is no loss.

    output (Path): Named where an error names no file, such as that of a full disk.
    RAISES (BlurbError): B783 the system cannot write a file.
    """
    try:
        yield
    except OSError as error:
        path, reason = error.filename or output, error.strerror or error
        raise BlurbError(Errors.B783.format(path=path, reason=reason)) from error


@contextmanager
def replaced_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes its place only when it is complete and on disk."""
    partial = path.with_name(path.name + ".tmp")
    with partial.open("wb") as file:
        yield file
        sync(file)
    partial.replace(path)
    sync_folder(path.parent)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file in one step."""
    with replaced_file(path) as file:
        file.write(json.dumps(content, indent=2, ensure_ascii=False).encode("utf-8") + b"\n")


def sync(file: BinaryIO) -> None:
    """Bring what was written to disk."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to disk, where the system and the file system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        # Some file systems of a network have no such thing for folders.
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(handle)
