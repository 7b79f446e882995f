from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_blurb.pretraining.masking import row_generator
from spacy_blurb.pretraining.rows import RowBatch, Rows, number_documents

from .streams import CLS, SEP, make_pieces, make_stream

PIECES = make_pieces(1000)
sentences = st.lists(st.integers(5, 999), min_size=1, max_size=9)
documents = st.lists(st.lists(sentences, min_size=1, max_size=5), min_size=1, max_size=12)


def read(rows: Rows, numbers: Sequence[int], seed: int = 0) -> RowBatch:
    return rows.read(numbers, [row_generator(seed, 0, number, stream=1) for number in numbers])


@given(documents, st.integers(5, 20))
def test_rows_lose_nothing_but_the_counted_tail(text: list[list[list[int]]], seq_len: int) -> None:
    rows = Rows(make_stream(text), PIECES, seq_len, next_sentence=False)
    stream = [piece for document in text for part in [*document, [SEP]] for piece in part]
    batch = read(rows, range(len(rows)))
    assert batch.type_ids is None
    assert batch.is_next is None
    assert batch.piece_ids.shape == (len(rows), seq_len)
    assert (batch.piece_ids[:, 0] == CLS).all()
    assert (batch.piece_ids[:, -1] == SEP).all()
    inner = batch.piece_ids[:, 1:-1].reshape(-1).tolist()
    assert inner == stream[: len(inner)]
    assert rows.dropped == len(stream) - len(inner) < seq_len - 2


@given(documents, st.integers(6, 24), st.integers(0, 99))
def test_segments_are_cut_from_the_text(
    text: list[list[list[int]]], seq_len: int, seed: int
) -> None:
    stream = make_stream(text)
    rows = Rows(stream, PIECES, seq_len, next_sentence=True)
    flat = stream.pieces(0, len(stream)).tolist()
    starts = stream.sentence_starts(0, len(stream)).tolist()
    batch = read(rows, range(len(rows)), seed)
    if not len(rows):
        return
    assert batch.type_ids is not None
    assert batch.is_next is not None
    for number, (row, types, is_next) in enumerate(
        zip(batch.piece_ids.tolist(), batch.type_ids.tolist(), batch.is_next.tolist(), strict=True)
    ):
        assert sorted(types) == types
        cut = types.index(1)
        first, second = row[1 : cut - 1], row[cut:-1]
        assert (row[0], row[cut - 1], row[-1]) == (CLS, SEP, SEP)
        begin = number * (seq_len - 3)
        assert first == flat[begin : begin + len(first)]
        assert first
        assert second
        following = flat[begin + len(first) : begin + len(first) + len(second)]
        if is_next:
            assert second == following
        else:
            # It begins with some sentence of the text and goes on as the text does.
            places = [s for s in starts if flat[s : s + len(second)] == second]
            assert places


def test_half_of_the_second_segments_come_from_other_documents() -> None:
    # Each document has pieces of its own, so that every piece tells where it is from.
    text = [[[5 + d] * 7 for _ in range(20)] for d in range(300)]
    rows = Rows(make_stream(text), PIECES, 35, next_sentence=True)
    batch = read(rows, range(len(rows)))
    assert batch.is_next is not None
    assert batch.type_ids is not None
    share = batch.is_next.mean()
    assert abs(share - 0.5) < 4 * (0.25 / len(rows)) ** 0.5
    n_random = 0
    for row, types, is_next in zip(batch.piece_ids, batch.type_ids, batch.is_next, strict=True):
        cut = int(np.argmax(types))
        last_of_first, first_of_second = row[cut - 2], row[cut]
        if is_next:
            # Cut between two sentences of one document, never behind a document's end.
            assert last_of_first == first_of_second
        else:
            assert last_of_first != first_of_second
            n_random += 1
    assert n_random > 50


def test_a_single_document_has_no_random_segment() -> None:
    rows = Rows(make_stream([[[7, 8, 9]] * 50]), PIECES, 23, next_sentence=True)
    batch = read(rows, range(len(rows)))
    assert batch.is_next is not None
    assert batch.is_next.tolist() == [1] * len(rows)


def test_one_endless_sentence_is_cut_in_the_middle() -> None:
    rows = Rows(make_stream([[list(range(5, 105))]]), PIECES, 23, next_sentence=True)
    batch = read(rows, [1])
    assert batch.type_ids is not None
    assert batch.type_ids[0].tolist() == [0] * 12 + [1] * 11


def test_rows_are_read_alike_in_any_batch() -> None:
    text = [[[5 + d, 6, 7, 8 + s] for s in range(9)] for d in range(40)]
    rows = Rows(make_stream(text), PIECES, 19, next_sentence=True)
    together = read(rows, range(10)).piece_ids
    alone = np.concatenate([read(rows, [number]).piece_ids for number in range(10)])
    np.testing.assert_array_equal(together, alone)
    assert (read(rows, range(10), seed=1).piece_ids != together).any()


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ([CLS, 9, 9, 9, SEP], [0, 0, 0, 0, 0]),
        ([CLS, 9, SEP, 8, SEP], [0, 0, 0, 1, 1]),
        ([CLS, 9, 9, SEP, SEP], [0, 0, 0, 0, 0]),
        ([CLS, SEP, 8, 8, SEP], [0, 0, 1, 1, 1]),
        ([CLS, 9, SEP, SEP, SEP], [0, 0, 0, 1, 1]),
    ],
)
def test_documents_of_a_row_are_numbered(row: list[int], expected: list[int]) -> None:
    assert number_documents(np.array([row]), SEP).tolist() == [expected]
