"""Rows hold every piece once, and few cells are empty."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spacy_blurb.encoder.packing import MULTIPLE, SHARED_WIDTH, pack

LENGTHS = st.lists(st.integers(1, 200), min_size=1, max_size=40)


@given(LENGTHS, st.sampled_from([None, 1, 64, 300]), st.sampled_from([0, 16, 64, 128]))
def test_every_piece_has_one_cell(lengths: list[int], budget: int | None, shared: int) -> None:
    found = []
    for batch in pack(lengths, budget, shared):
        found += batch.pieces.tolist()
        assert len(set(batch.cells.tolist())) == len(batch.cells)
        starts = np.cumsum([0, *lengths])
        owners = np.searchsorted(starts, batch.pieces, side="right") - 1
        np.testing.assert_array_equal(batch.owners[batch.cells], owners)
        np.testing.assert_array_equal(batch.pieces - starts[owners], batch.positions)
        assert (batch.owners >= 0).sum() == len(batch.cells)
        # A window stands in one row, its pieces side by side.
        np.testing.assert_array_equal(np.diff(batch.cells)[np.diff(batch.pieces) == 1] >= 1, True)
        end = 0
        for group in batch.groups:
            assert group.start == end
            assert group.width % MULTIPLE == 0
            end += group.n_rows * group.width
            rows = batch.owners[group.start : end].reshape(group.n_rows, group.width)
            held = [set(row.tolist()) - {-1} for row in rows]
            assert group.shared == any(len(windows) > 1 for windows in held)
            assert group.full == (rows >= 0).all()
            for row, windows in zip(rows, held, strict=True):
                assert all((row == w).sum() == lengths[w] for w in windows)
                if len(windows) > 1:
                    assert group.width <= max(shared, MULTIPLE)
        assert (batch.owners[end:] == -1).all()
        if budget is None:
            assert len(batch.owners) == -(-end // 128) * 128
        else:
            assert end == len(batch.owners)
            assert end <= budget or sum(group.n_rows for group in batch.groups) == 1
    assert sorted(found) == list(range(sum(lengths)))


def test_short_windows_share_rows() -> None:
    (batch,) = pack([10, 30, 30, 20, 40])
    # 40 + 20, 30 + 30, and 10 alone.
    assert [(g.n_rows, g.width, g.shared, g.full) for g in batch.groups] == [
        (1, 16, False, False),
        (2, 64, True, False),
    ]


def test_a_group_without_empty_cells() -> None:
    (batch,) = pack([160, 160])
    assert [(g.n_rows, g.width, g.shared, g.full) for g in batch.groups] == [(2, 160, False, True)]


def test_sentences_leave_few_cells_empty() -> None:
    """Lengths as of sentences in abstracts: about 34 pieces, few longer than 64."""
    rng = np.random.default_rng(0)
    lengths = np.clip(rng.gamma(4, 8.5, size=500).astype(int), 3, 200).tolist()
    cells = sum(len(batch.owners) for batch in pack(lengths, 2048, SHARED_WIDTH))
    assert cells < 1.05 * sum(lengths)
