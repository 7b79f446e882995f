"""Split lists: the ids of the documents of one split."""

from collections.abc import Container, Sequence
from pathlib import Path

from ...errors import BlurbError, Errors
from .compressed import read_lines


def read_ids(path: Path) -> list[str]:
    """Return the ids of a split list in their order.

    They are separated by commas, white space or line ends; BLURB's lists are one line with commas
    and name files ("12553062.txt"), whose suffix is taken off.

    path (Path): The file, plain, `.xz` or `.gz`.
    RAISES (BlurbError): B107 no id in the file, and what `read_lines` raises.
    """
    lines = [line.replace(",", " ").split() for _, line in read_lines(path)]
    ids = [word.removesuffix(".txt") for words in lines for word in words]
    if not ids:
        raise BlurbError(Errors.B107.format(path=path))
    return ids


def check_listed(
    ids: Sequence[str], documents: Container[str], *, task: str, source: Path, listed: Path
) -> None:
    """Check that every listed document is there.

    ids (Sequence[str]): Of the split list.
    documents (Container[str]): The ids that the originals have.
    task (str): Task name, for the error message.
    source (Path): Where the originals are, for the error message.
    listed (Path): The split list, for the error message.
    RAISES (BlurbError): B155 some are missing.
    """
    if missing := [doc_id for doc_id in ids if doc_id not in documents]:
        raise BlurbError(
            Errors.B155.format(
                folder=source, n=len(missing), task=task, listed=listed, example=missing[0]
            )
        )
