"""How windows of all lengths become one batch with hardly any padding.

Windows are laid into rows. Short ones share a row, beginning with the longest; a long one has a row
of its own. The width of a row is the next multiple of 16 above what it holds: attention is computed
row by row, on a CPU in vectors of 16 numbers, and 300 pieces cost half as much again as 304. All
else is computed on the cells of all rows at once. Cells without a piece, one or two in a hundred,
are seen by none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MULTIPLE = 16
TRAINING_MULTIPLE = 128
SHARED_WIDTH = 64
"""Cells of a row that short windows share. Attention of a wider row costs more, a narrower one is
harder to fill."""


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of one width that follow each other.

    shared: Whether a row holds more than one window.
    full: Whether every cell holds a piece.
    """

    start: int
    n_rows: int
    width: int
    shared: bool
    full: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that go through the encoder together.

    cells: Cell of every piece of the batch, shape (pieces,).
    pieces: The same pieces' index in all windows laid end to end, shape (pieces,).
    positions: The same pieces' position in their window, shape (pieces,).
    owners: Window of every cell, -1 for those without a piece, shape (cells,).
    groups: What attention is computed on, one after the other. Cells behind the last one are in no
        row.
    """

    cells: NDArray[np.intp]
    pieces: NDArray[np.intp]
    positions: NDArray[np.intp]
    owners: NDArray[np.intp]
    groups: list[Group]


def pack(
    lengths: Sequence[int], budget: int | None = None, shared_width: int = SHARED_WIDTH
) -> Iterator[Batch]:
    """Lay windows into rows and rows into batches.

    lengths (Sequence[int]): Pieces of every window, at least 1.
    budget (int | None): Cells of a batch; a row that is wider makes a batch alone. None for one
        batch of all, with cells up to a multiple of 128: the processor's kernels are made for the
        number of cells and kept, and each update of a training has another one.
    shared_width (int): Cells that windows share at most; 0 for a row each.
    YIELDS (Batch): Narrow rows first; every window is in one of them.
    """
    starts = np.concatenate([[0], np.cumsum(lengths)])
    batch: list[tuple[int, list[int]]] = []
    size = 0
    for width, windows in sorted(_fill_rows(lengths, shared_width)):
        if budget is not None and batch and size + width > budget:
            yield _lay_out(batch, lengths, starts)
            batch, size = [], 0
        batch.append((width, windows))
        size += width
    if batch:
        yield _lay_out(batch, lengths, starts, 1 if budget is not None else TRAINING_MULTIPLE)


def _fill_rows(lengths: Sequence[int], shared_width: int) -> list[tuple[int, list[int]]]:
    """Return width and windows of every row: first fit, longest window first."""
    rows: list[list[int]] = []
    free: list[int] = []
    for window in sorted(range(len(lengths)), key=lambda number: -lengths[number]):
        length = lengths[window]
        for row, space in enumerate(free):
            if length <= space:
                rows[row].append(window)
                free[row] -= length
                break
        else:
            rows.append([window])
            free.append(shared_width - length)
    return [(_round_up(sum(lengths[window] for window in row)), row) for row in rows]


def _round_up(n_pieces: int) -> int:
    return -(-n_pieces // MULTIPLE) * MULTIPLE


def _lay_out(
    rows: list[tuple[int, list[int]]],
    lengths: Sequence[int],
    starts: NDArray[np.intp],
    multiple: int = 1,
) -> Batch:
    groups: list[Group] = []
    windows: list[int] = []
    first_cells: list[int] = []
    end = 0
    for width, row in rows:
        used = 0
        for window in row:
            windows.append(window)
            first_cells.append(end + used)
            used += lengths[window]
        shared, full = len(row) > 1, used == width
        if groups and groups[-1].width == width:
            last = groups.pop()
            start, n_rows = last.start, last.n_rows + 1
            shared, full = shared or last.shared, full and last.full
        else:
            start, n_rows = end, 1
        groups.append(Group(start, n_rows, width, shared, full))
        end += width
    sizes = np.array([lengths[window] for window in windows], dtype=np.intp)
    behind = np.cumsum(sizes)
    positions = np.arange(behind[-1]) - np.repeat(behind - sizes, sizes)
    cells = np.repeat(np.array(first_cells, dtype=np.intp), sizes) + positions
    pieces = np.repeat(starts[windows], sizes) + positions
    owners = np.full(-(-end // multiple) * multiple, -1, dtype=np.intp)
    owners[cells] = np.repeat(np.array(windows, dtype=np.intp), sizes)
    return Batch(cells, pieces, positions, owners, groups)
