"""Offsets as text."""

from collections.abc import Iterable

_MAX_DIGITS = 15
"""No text is longer, and Python refuses to read numbers of thousands of digits."""


def are_offsets(cells: Iterable[str]) -> bool:
    """Tell whether each cell is a whole number that can be an offset."""
    return all(cell.isdecimal() and len(cell) <= _MAX_DIGITS for cell in cells)
