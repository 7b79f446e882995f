"""Tar archives, read member by member: nothing is unpacked to disk."""

import bz2
import gzip
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from ...errors import BlurbError, Errors

SUFFIXES = (".tar.xz", ".tar.gz", ".tgz", ".tar.bz2", ".tar")
MAX_MEMBER_BYTES = 64 * 2**20
"""A text file of a corpus is far smaller; a larger one is a mistake or an attack."""

_BLOCK = 512
# What a compressed file begins with.
_OPENERS: dict[bytes, Callable[..., Any]] = {
    b"\xfd7zXZ\x00": lzma.open,
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
}


def find_archive(folder: Path, name: str) -> Path | None:
    """Find the archive `name` in a folder, with any suffix of `SUFFIXES`.

    folder (Path): Where to look; not searched deeper.
    name (str): File name without suffix.
    RETURNS (Path | None): The file, None where there is none.
    """
    paths = [folder / (name + suffix) for suffix in SUFFIXES]
    return next((path for path in paths if path.is_file()), None)


def read_members(
    path: Path, choose: Callable[[str], object] = lambda name: True
) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of each file in an archive, in archive order.

    Links are refused as absolute names and ".." are: nothing is written, but an archive with them
    is not what a corpus publishes.

    path (Path): The archive, plain or compressed with gzip, bzip2 or xz, whatever its name.
    choose (Callable): Name → None for a file whose content is not read.
    RAISES (BlurbError): B100 no such file, B101 damaged or cut off, B152 an unsafe member, B153 a
        member of more than `MAX_MEMBER_BYTES`.
    """
    try:
        with _open(path) as file:
            stream = _Stream(file)
            fileobj: Any = stream  # tarfile asks for `read` alone, its type stubs for more
            with tarfile.open(fileobj=fileobj, mode="r|") as archive:
                for member in archive:
                    _check_member(path, member)
                    # "./text/1.txt" is what tar makes of a folder's content.
                    name = PurePosixPath(member.name).as_posix()
                    content = archive.extractfile(member)
                    if content is not None and choose(name) is not None:
                        yield name, content.read()
            # tarfile takes an archive that stops between two members for a whole one.
            if not stream.ends_with_zeros():
                raise EOFError("it stops before its end mark")
    except FileNotFoundError as error:
        raise BlurbError(Errors.B100.format(path=path)) from error
    except BlurbError:
        raise
    # A header with numbers that are none is a ValueError.
    except (tarfile.TarError, OSError, EOFError, ValueError, lzma.LZMAError, zlib.error) as error:
        raise BlurbError(Errors.B101.format(path=path, reason=error)) from error


def _open(path: Path) -> Any:
    with path.open("rb") as file:
        head = file.read(6)
    for magic, opener in _OPENERS.items():
        if head.startswith(magic):
            return opener(path, "rb")
    return path.open("rb")


class _Stream:
    """What tarfile reads from; it remembers the last block."""

    def __init__(self, file: Any) -> None:
        self.file = file
        self.tail = b""

    def read(self, size: int) -> bytes:
        data: bytes = self.file.read(size)
        self.tail = (self.tail + data[-_BLOCK:])[-_BLOCK:]
        return data

    def ends_with_zeros(self) -> bool:
        """Read to the end and tell whether the last block is the end mark."""
        while self.read(2**16):
            pass
        return len(self.tail) == _BLOCK and not any(self.tail)


def _check_member(path: Path, member: tarfile.TarInfo) -> None:
    name = PurePosixPath(member.name)
    kind = None
    if name.is_absolute():
        kind = "an absolute name"
    elif ".." in name.parts:
        kind = "a name that leads out of it"
    elif not (member.isfile() or member.isdir()):
        kind = "a link or a device"
    if kind is not None:
        raise BlurbError(Errors.B152.format(path=path, name=member.name, kind=kind))
    if member.size > MAX_MEMBER_BYTES:
        raise BlurbError(
            Errors.B153.format(
                path=path, name=member.name, size=member.size, limit=MAX_MEMBER_BYTES
            )
        )
