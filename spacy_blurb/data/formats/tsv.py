"""Tables with tabs between the cells and nothing quoted."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from ...errors import BlurbError, Errors
from .compressed import read_lines


def read_tsv(path: Path, columns: int, *, header: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number from 1, cells) of each row; empty lines are passed over.

    path (Path): The file, plain, `.xz` or `.gz`.
    columns (int): How many cells each row has.
    header (str): Name of the last column, "" where columns have no names. A first line that ends
        with it is not yielded; another one is a row, as some copies of a set have no names.
    RAISES (BlurbError): B107 no row in the file, B154 another number of cells, and what
        `read_lines` raises.
    """
    return parse_tsv(read_lines(path), path, columns, header=header)


def parse_tsv(
    lines: Iterable[tuple[int, str]], path: Path, columns: int, *, header: str
) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of numbered lines as `read_tsv` does.

    path (Path): Where the lines come from, for the error messages.
    RAISES (BlurbError): B107 no row, B154 another number of cells.
    """
    empty = True
    for number, line in lines:
        if not line.strip():
            continue
        cells = line.split("\t")
        if len(cells) != columns:
            raise BlurbError(
                Errors.B154.format(
                    path=path, line=number, expected=f"{columns} columns", found=len(cells)
                )
            )
        if header and number == 1 and cells[-1].strip().lower() == header:
            continue
        empty = False
        yield number, cells
    if empty:
        raise BlurbError(Errors.B107.format(path=path))
