"""Which files are read, how, and how are they known again?"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ..data.formats.compressed import SUFFIXES
from ..errors import BlurbError, Errors
from .files import printable
from .readers import READERS

_FORMATS = {
    ".txt": "text",
    ".jsonl": "jsonl",
    ".spacy": "docbin",
    ".xml": "pubmed",
    ".nbib": "medline",
    ".medline": "medline",
}
_SAMPLE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file to annotate.

    path (Path): Where it is.
    name (str): Relative to the input, with "/" between its parts; can be written as UTF-8.
    format (str): A key of `READERS`.
    """

    path: Path
    name: str
    format: str


def list_inputs(path: Path, format_name: str | None) -> tuple[list[InputFile], list[str]]:
    """List the files of an input by name, and what is left out of a folder.

    Left out are files whose names tell no format, what cannot be read, links to folders, and what
    is hidden (its name begins with "."): the system, editors and version control put it there.

    path (Path): A file, or a folder, which is searched at any depth.
    format_name (str | None): A key of `READERS`; None to tell it by the names. A `.txt` file holds
        a document per line, but `.txt` files of a folder are a document each.
    RAISES (BlurbError): B100 no such path, B751 an unknown format, or a name that does not tell,
        B752 a folder without such files.
    """
    if format_name is not None and format_name not in READERS:
        raise BlurbError(Errors.B751.format(found=repr(format_name), known=", ".join(READERS)))
    if path.is_file():
        chosen = format_name or _tell_format(path)
        if chosen is None:
            raise BlurbError(Errors.B751.format(found=path, known=", ".join(READERS)))
        return [InputFile(path, printable(path.name), chosen)], []
    if not path.is_dir():
        raise BlurbError(Errors.B100.format(path=path))
    files, left_out = [], []
    for name, file in _walk(path):
        is_chosen = not _is_hidden(file.name) and _can_be_read(file)
        chosen = (format_name or _tell_format(file)) if is_chosen else None
        if chosen is None:
            left_out.append(name)
        elif chosen == "text" and format_name is None:
            files.append(InputFile(file, name, "text-files"))
        else:
            files.append(InputFile(file, name, chosen))
    if not files:
        raise BlurbError(Errors.B752.format(folder=path, suffixes=", ".join(_FORMATS)))
    return files, left_out


def _walk(folder: Path) -> list[tuple[str, Path]]:
    """List what is in a folder at any depth by name: files, and folders that are not entered."""
    found: list[Path] = []
    refused: list[OSError] = []
    for place, folders, names in os.walk(folder, onerror=refused.append):
        # A link to a folder may lead back to where it is.
        closed = [name for name in folders if _is_hidden(name) or Path(place, name).is_symlink()]
        folders[:] = [name for name in folders if name not in closed]
        found += [Path(place, name) for name in (*names, *closed)]
    found += [Path(error.filename) for error in refused]
    return sorted((printable(path.relative_to(folder).as_posix()), path) for path in found)


def _is_hidden(name: str) -> bool:
    return name.startswith(".")


def _can_be_read(path: Path) -> bool:
    try:
        return path.is_file() and os.access(path, os.R_OK)
    except OSError:  # a link through a folder that is closed
        return False


def bare_name(name: str) -> str:
    """Return a name without its suffixes of format and compression."""
    name = _unpacked(name)
    suffix = PurePosixPath(name).suffix
    return name.removesuffix(suffix) if suffix.lower() in _FORMATS else name


def fingerprint(file: InputFile) -> dict[str, Any]:
    """Return what a file is known by: name, size, and the content of its first and last MB.

    A stream can have more than is read in minutes, so the middle of a large file is not looked at.
    """
    digest = hashlib.blake2b(digest_size=16)
    size = file.path.stat().st_size
    with file.path.open("rb") as stream:
        digest.update(stream.read(_SAMPLE_BYTES))
        stream.seek(max(size - _SAMPLE_BYTES, 0))
        digest.update(stream.read(_SAMPLE_BYTES))
    return {"name": file.name, "format": file.format, "bytes": size, "hash": digest.hexdigest()}


def _tell_format(path: Path) -> str | None:
    return _FORMATS.get(PurePosixPath(_unpacked(path.name)).suffix.lower())


def _unpacked(name: str) -> str:
    """Return a name without the one suffix of compression that readers take off."""
    suffix = PurePosixPath(name).suffix
    return name.removesuffix(suffix) if suffix.lower() in SUFFIXES else name
