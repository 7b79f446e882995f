"""The files of a distribution: where they may lie, and what is said when they do not."""

from pathlib import Path, PurePosixPath

from ...errors import BlurbError, Errors, MissingFilesError
from ..formats.compressed import SUFFIXES, find_file


def require_file(
    folder: Path, names: list[str], *, task: str, form: str, anywhere: bool = False
) -> Path:
    """Return the first of the named files that exists in a folder.

    names (list[str]): Paths relative to the folder, the preferred one first.
    anywhere (bool): Whether a file of one of these names is the right one wherever it lies below
        the folder, as names are that only this dataset has.
    RAISES (MissingFilesError): B109 none of them is there; (BlurbError): B174 several are, and not
        where they are looked for first.
    """
    for name in names:
        if (path := find_file(folder, name)) is not None:
            return path
    if anywhere and (path := _find_below(folder, names, task=task)) is not None:
        return path
    raise missing_files(folder, ", ".join(names), task=task, form=form)


def missing_files(folder: Path, looked: str, *, task: str, form: str) -> MissingFilesError:
    """Return the error to raise where a folder does not hold a dataset in a form.

    looked (str): What was looked for.
    """
    return MissingFilesError(Errors.B109.format(folder=folder, task=task, form=form, looked=looked))


def _find_below(folder: Path, names: list[str], *, task: str) -> Path | None:
    """Find the only file with one of the names, whatever its folder."""
    found = {
        path.parent / name
        for name in {PurePosixPath(name).name for name in names}
        for suffix in SUFFIXES
        for path in folder.rglob(name + suffix)
        if path.is_file()
    }
    if len(found) > 1:
        first, second, *_ = sorted(found)
        raise BlurbError(Errors.B174.format(folder=folder, task=task, first=first, second=second))
    return next((find_file(path.parent, path.name) for path in found), None)
