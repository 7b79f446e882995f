"""How a text is cut into windows of word pieces: nothing is dropped, whatever its length.

Ranges count the pieces of a text without the special ones. A text that fits is one window. A longer
one is cut into the fewest windows that share `overlap` pieces, as even as can be: the pieces to
compute are the same as with full windows and a short last one, but no piece has little context and
attention, which grows with the square, costs less.

A piece that windows share has one vector, that of the window in which it is farther from the cut:
the left half of the shared pieces belongs to the left window, the right half to the right one.
Through attention all pieces of a window take part in its vectors, in training too.
"""

from dataclasses import dataclass

from ..errors import BlurbError, Errors


@dataclass(frozen=True, slots=True)
class Range:
    """Pieces `start` to `end` of a text stand in a window; it gives those from `first` to `last`
    their vectors.
    """

    start: int
    end: int
    first: int
    last: int


Window = tuple[Range, ...]
"""One range per text: of the only one, or of both texts of a pair."""


def cut(n_pieces: int, room: int, overlap: int) -> list[Range]:
    """Cut a text into ranges of at most `room` pieces that share `overlap` pieces.

    overlap (int): Less than `room`; not used where the text fits.
    RETURNS (list[Range]): At least one; `first` to `last` of all are every piece once, in order.
    """
    if n_pieces <= room:
        return [Range(0, n_pieces, 0, n_pieces)]
    n_ranges = -(-(n_pieces - overlap) // (room - overlap))
    # Sizes of the steps differ by one at most; the last range has one overlap more to itself.
    starts = [number * (n_pieces - overlap) // n_ranges for number in range(n_ranges)]
    ends = [start + overlap for start in starts[1:]] + [n_pieces]
    borders = [0, *((s + e) // 2 for s, e in zip(starts[1:], ends[:-1], strict=True)), n_pieces]
    return [
        Range(start, end, first, last)
        for start, end, first, last in zip(starts, ends, borders[:-1], borders[1:], strict=True)
    ]


def plan_text(n_pieces: int, window: int, overlap: int) -> list[Window]:
    """Plan the windows of one text, `[CLS] text [SEP]`.

    window (int): Pieces in a window, special ones included.
    """
    return [(part,) for part in cut(n_pieces, window - 2, overlap)]


def plan_pair(n_first: int, n_second: int, window: int, overlap: int) -> list[Window]:
    """Plan the windows of a pair, `[CLS] first [SEP] second [SEP]`.

    Where both do not fit, a text that needs at most half of the window stands whole in every
    window and the other one is cut. Of two longer texts both are cut, and every range of the first
    meets every range of the second. A piece that stands in several windows for this reason has its
    vector from the first of them.

    window (int): Pieces in a window, special ones included.
    overlap (int): Less than half of the room, see `fits`.
    """
    room = window - 3
    if n_first + n_second <= room:
        return [(Range(0, n_first, 0, n_first), Range(0, n_second, 0, n_second))]
    half = room // 2
    first_parts = cut(n_first, max(half, room - n_second), overlap)
    second_parts = cut(n_second, max(half, room - n_first), overlap)
    return [
        (
            first if column == 0 else Range(first.start, first.end, first.first, first.first),
            second if row == 0 else Range(second.start, second.end, second.first, second.first),
        )
        for row, first in enumerate(first_parts)
        for column, second in enumerate(second_parts)
    ]


def check_window(window: int, overlap: int) -> None:
    """Refuse settings that an encoder cannot have.

    RAISES (BlurbError): B306 `window` and `overlap` do not fit each other.
    """
    if window < 8 or not fits(window, overlap):
        raise BlurbError(Errors.B306.format(window=window, overlap=overlap))


def fit_positions(window: int, overlap: int, n_positions: int) -> tuple[int, int]:
    """Return window and overlap that an encoder of so many positions can have."""
    if window <= n_positions:
        return window, overlap
    shrunk = overlap * n_positions // window
    return n_positions, max(0, min(shrunk, (n_positions - 3) // 2 - 1))


def fits(window: int, overlap: int) -> bool:
    """Tell whether pairs too can be cut into windows of this size with this overlap."""
    return 0 <= overlap < (window - 3) // 2
