"""Tables with commas between the cells, quoted where a cell holds a comma or a line end."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from ...errors import BlurbError, Errors
from .compressed import read_lines


def read_csv(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (number of its last line from 1, cells by column) of each row.

    path (Path): The file, plain, `.xz` or `.gz`; its first line names the columns.
    columns (Sequence[str]): Those that must be there; others are passed over.
    RAISES (BlurbError): B107 no row in the file, B154 a column is missing or a row has another
        number of cells, and what `read_lines` raises.
    """
    reader = csv.reader((f"{line}\n" for _, line in read_lines(path)), strict=True)
    names: list[str] = []
    empty = True
    try:
        for cells in reader:
            if not names:
                names = cells
                if missing := [column for column in columns if column not in names]:
                    raise _unlike(path, 1, f"the columns {', '.join(missing)}", ", ".join(names))
            elif cells:
                empty = False
                if len(cells) != len(names):
                    raise _unlike(path, reader.line_num, f"{len(names)} columns", str(len(cells)))
                row = dict(zip(names, cells, strict=True))
                yield reader.line_num, {column: row[column] for column in columns}
    except csv.Error as error:
        where = f"{path}, line {reader.line_num}"
        raise BlurbError(Errors.B101.format(path=where, reason=error)) from error
    if empty:
        raise BlurbError(Errors.B107.format(path=path))


def _unlike(path: Path, line: int, expected: str, found: str) -> BlurbError:
    return BlurbError(Errors.B154.format(path=path, line=line, expected=expected, found=found))
