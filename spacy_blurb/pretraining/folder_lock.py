"""One process at a time in a folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import BlurbError, Errors


@contextmanager
def lock_folder(folder: Path, setting: str) -> Iterator[None]:
    """Keep a second process out of a folder; the system unlocks it when a process dies.

    setting (str): That names the folder, for the message.
    RAISES (BlurbError): B247 another process is in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / ".lock", timeout=0):
            yield
    except Timeout as error:
        raise BlurbError(Errors.B247.format(folder=folder, setting=setting)) from error
