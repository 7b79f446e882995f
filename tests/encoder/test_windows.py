"""Every piece is in a window and has one vector, from the window that shows most around it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_blurb.encoder.windows import Range, cut, fit_positions, fits, plan_pair, plan_text


def test_a_text_that_fits_is_one_window() -> None:
    assert cut(0, 6, 2) == [Range(0, 0, 0, 0)]
    assert cut(6, 6, 2) == [Range(0, 6, 0, 6)]
    assert plan_text(6, 8, 2) == [(Range(0, 6, 0, 6),)]
    assert len(plan_text(7, 8, 2)) == 2


def test_hand_computed_ranges() -> None:
    # 10 pieces, windows of 6 that share 2: steps of 4.
    assert cut(10, 6, 2) == [Range(0, 6, 0, 5), Range(4, 10, 5, 10)]
    # Not 6 and 3, but as even as can be.
    assert cut(7, 6, 2) == [Range(0, 4, 0, 3), Range(2, 7, 3, 7)]
    assert cut(9, 4, 0) == [Range(0, 3, 0, 3), Range(3, 6, 3, 6), Range(6, 9, 6, 9)]


@given(st.integers(0, 400), st.integers(3, 60), st.data())
def test_ranges_cover_every_piece_once(n_pieces: int, room: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, room - 1))
    ranges = cut(n_pieces, room, overlap)
    assert [p for r in ranges for p in range(r.first, r.last)] == list(range(n_pieces))
    for part in ranges:
        assert 0 <= part.start <= part.first <= part.last <= part.end <= n_pieces
        assert part.end - part.start <= room
    for left, right in pairwise(ranges):
        assert left.end - right.start == overlap
    if n_pieces > room:
        assert len(ranges) == -(-(n_pieces - overlap) // (room - overlap))
        sizes = [part.end - part.start for part in ranges]
        assert max(sizes) - min(sizes) <= 1


@given(st.integers(0, 100), st.integers(9, 40), st.data())
def test_a_piece_belongs_to_the_window_in_which_a_cut_is_farthest(
    n_pieces: int, room: int, data: st.DataObject
) -> None:
    """Where at most two windows share a piece; else to one of the two in the middle."""
    ranges = cut(n_pieces, room, data.draw(st.integers(0, room // 2 - 1)))

    def context(part: Range, piece: int) -> float:
        # The ends of the text are no cuts.
        left = piece - part.start if part.start else float("inf")
        right = part.end - 1 - piece if part.end < n_pieces else float("inf")
        return min(left, right)

    for owner in ranges:
        for piece in range(owner.first, owner.last):
            holders = [part for part in ranges if part.start <= piece < part.end]
            assert context(owner, piece) >= max(context(part, piece) for part in holders) - 1


@given(st.integers(0, 120), st.integers(0, 120), st.integers(9, 40), st.data())
def test_pairs_cover_both_texts_once_and_let_them_meet(
    n_first: int, n_second: int, window: int, data: st.DataObject
) -> None:
    overlap = data.draw(st.integers(0, (window - 3) // 2 - 1))
    assert fits(window, overlap)
    plan = plan_pair(n_first, n_second, window, overlap)
    for text, size in ((0, n_first), (1, n_second)):
        parts = [parts[text] for parts in plan]
        assert sorted(p for r in parts for p in range(r.first, r.last)) == list(range(size))
    met = set()
    for first, second in plan:
        assert 3 + first.end - first.start + second.end - second.start <= window
        for part in (first, second):
            assert part.start <= part.first <= part.last <= part.end
        met |= {
            (a, b) for a in range(first.start, first.end) for b in range(second.start, second.end)
        }
    assert len(met) == n_first * n_second


def test_which_text_of_a_pair_is_cut() -> None:
    def sizes(n_first: int, n_second: int) -> list[tuple[int, int]]:
        return [(a.end - a.start, b.end - b.start) for a, b in plan_pair(n_first, n_second, 23, 2)]

    # Room for 20 pieces.
    assert sizes(8, 12) == [(8, 12)]
    assert sizes(8, 20) == [(8, 11), (8, 11)]
    assert sizes(20, 8) == [(11, 8), (11, 8)]
    assert sizes(0, 30) == [(0, 16), (0, 16)]
    assert sizes(12, 13) == [(7, 7), (7, 8), (7, 7), (7, 8)]


@pytest.mark.parametrize(
    ("window", "overlap", "possible"),
    [(512, 64, True), (512, 0, True), (512, -1, False), (512, 253, True), (512, 254, False)],
)
def test_which_overlaps_leave_room_for_pairs(window: int, overlap: int, possible: bool) -> None:
    assert fits(window, overlap) is possible


@pytest.mark.parametrize("n_positions", [8, 9, 64, 128, 511])
@pytest.mark.parametrize("overlap", [0, 64, 250, 253])
def test_a_smaller_encoder_has_room_for_pairs_too(n_positions: int, overlap: int) -> None:
    found = fit_positions(512, overlap, n_positions)
    assert found[0] == n_positions
    assert fits(*found)
    assert fit_positions(128, 62, 512) == (128, 62)
    assert list(plan_pair(200, 200, *found))
