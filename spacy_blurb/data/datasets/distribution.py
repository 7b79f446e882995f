"""The files of a distribution: where they may lie, and what is said when they do not."""

from pathlib import Path

from ...errors import Errors, MissingFilesError
from ..formats.compressed import find_file


def require_file(folder: Path, names: list[str], *, task: str, form: str) -> Path:
    """Return the first of the named files that exists in a folder.

    names (list[str]): Paths relative to the folder, the preferred one first.
    RAISES (MissingFilesError): B109 none of them is there.
    """
    for name in names:
        if (path := find_file(folder, name)) is not None:
            return path
    raise missing_files(folder, ", ".join(names), task=task, form=form)


def missing_files(folder: Path, looked: str, *, task: str, form: str) -> MissingFilesError:
    """Return the error to raise where a folder does not hold a dataset in a form.

    looked (str): What was looked for.
    """
    return MissingFilesError(Errors.B109.format(folder=folder, task=task, form=form, looked=looked))
