"""A distribution of many files, unpacked in a folder or still in its archives."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from ...errors import BlurbError, Errors
from .archives import find_archive, read_members
from .compressed import SUFFIXES, read_chunks

K = TypeVar("K")


def read_tree(
    folder: Path, archives: Sequence[str], choose: Callable[[str], K | None]
) -> Iterator[tuple[K, str]]:
    """Yield (key, text) of the chosen files of a distribution, in the order of their names.

    The folder, or `original/` in it, holds the archives; where it does not hold all of them, also
    what is unpacked in it is read, at any depth, but for files that an archive has. Line ends stay
    as they are, so that offsets count.

    archives (Sequence[str]): Names of the archives, without `.tar.gz`.
    choose (Callable): Name with "/" between its parts → key, None for a file to leave alone.
    RAISES (BlurbError): B102 not UTF-8, and what `read_members` and `read_chunks` raise.
    """
    places = (folder, folder / "original")
    looked = [[find_archive(place, name) for place in places] for name in archives]
    found = [path for paths in looked if (path := next(filter(None, paths), None)) is not None]
    packed = set()
    for path in found:
        for name, content in sorted(read_members(path, choose)):
            if (key := choose(name)) is not None:
                packed.add(key)
                yield key, _decode(content, f"{path}, {name}")
    if len(found) == len(archives):
        return
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        for suffix in SUFFIXES:
            name = name.removesuffix(suffix)
        if (key := choose(name)) is not None and key not in packed and path.is_file():
            yield key, _decode(b"".join(read_chunks(path)), str(path))


def numbered(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, line without its end), without the empty one behind the last."""
    for number, line in enumerate(text.removesuffix("\n").split("\n"), start=1):
        yield number, line.removesuffix("\r")


def _decode(content: bytes, source: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BlurbError(Errors.B102.format(path=source, byte=error.start)) from error
