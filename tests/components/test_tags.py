"""Tag schemes, said with names and not with numbers."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_blurb.components.tags import Scheme, Tags

NAMES = {
    "IO": ["O", "I-X", "I-Y"],
    "BIO": ["O", "B-X", "I-X", "B-Y", "I-Y"],
    "BIOUL": ["O", "B-X", "I-X", "L-X", "U-X", "B-Y", "I-Y", "L-Y", "U-Y"],
}
SCHEMES = pytest.mark.parametrize("scheme", NAMES)
SPANS = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3), st.integers(0, 1)), max_size=3)


def is_valid(scheme: str, tags: tuple[int, ...]) -> bool:
    """What an entity is, looking at neighbours by name."""
    names = ["O", *(NAMES[scheme][tag] for tag in tags), "O"]
    if scheme == "IO":
        return True
    for before, name in pairwise(names):
        if name[0] in "IL" and not (before[0] in "BI" and before[1:] == name[1:]):
            return False
        if scheme == "BIOUL" and before[0] in "BI" and name[0] not in "IL":
            return False
    return True


def read_spans(scheme: str, tags: tuple[int, ...]) -> list[tuple[int, int, int]]:
    """Token by token: an entity goes on where the tag is I or L, under IO where it is the same."""
    spans: list[list[int]] = []
    before = "O"
    for position, tag in enumerate(tags):
        name = NAMES[scheme][tag]
        goes_on = name[0] in "IL" if scheme != "IO" else name == before
        if name != "O" and goes_on:
            spans[-1][1] += 1
        elif name != "O":
            spans.append([position, position + 1, "XY".index(name[-1])])
        before = name
    return [(start, end, label) for start, end, label in spans]


@SCHEMES
def test_every_short_sequence(scheme: Scheme) -> None:
    tags = Tags(scheme, 2)
    assert tags.size == len(NAMES[scheme])
    n_valid = 0
    for length in range(4 if scheme == "BIOUL" else 5):
        for sequence in product(range(tags.size), repeat=length):
            row = np.array(sequence, dtype=np.intp)
            assert tags.is_valid(row) == is_valid(scheme, sequence)
            if is_valid(scheme, sequence):
                n_valid += 1
                spans = tags.to_spans(row)
                assert spans == read_spans(scheme, sequence)
                # Valid tags are those of their entities.
                assert tags.encode(length, spans).tolist() == list(sequence)
    assert n_valid > 40


@SCHEMES
@given(SPANS)
def test_entities_go_to_tags_and_back(scheme: Scheme, parts: list) -> None:
    spans, end = [], 0
    for gap, length, label in parts:
        # Under IO neighbours of one label become one.
        gap = max(gap, 1) if scheme == "IO" else gap
        spans.append((end + gap, end + gap + length, label))
        end += gap + length
    tags = Tags(scheme, 2).encode(end + 1, spans)
    assert Tags(scheme, 2).is_valid(tags)
    assert Tags(scheme, 2).to_spans(tags) == spans


def test_tags_by_hand() -> None:
    spans = [(1, 4, 1), (4, 5, 0), (5, 7, 0)]

    def names(scheme: Scheme) -> str:
        return " ".join(NAMES[scheme][tag] for tag in Tags(scheme, 2).encode(8, spans))

    assert names("IO") == "O I-Y I-Y I-Y I-X I-X I-X O"
    assert names("BIO") == "O B-Y I-Y I-Y B-X B-X I-X O"
    assert names("BIOUL") == "O B-Y I-Y L-Y U-X B-X L-X O"


def test_neighbours_merge_under_io_only() -> None:
    for scheme, expected in [("IO", [(0, 3, 0)]), ("BIO", [(0, 1, 0), (1, 3, 0)])]:
        tags = Tags(scheme, 1)
        assert tags.to_spans(tags.encode(3, [(0, 1, 0), (1, 3, 0)])) == expected


def test_allowed_pairs_by_hand() -> None:
    # Rows: before; columns: O, B-X, I-X, B-Y, I-Y.
    assert Tags("BIO", 2).allowed.astype(int).tolist() == [
        [1, 1, 0, 1, 0],
        [1, 1, 1, 1, 0],
        [1, 1, 1, 1, 0],
        [1, 1, 0, 1, 1],
        [1, 1, 0, 1, 1],
    ]
    # O, B, I, L, U.
    assert Tags("BIOUL", 1).allowed.astype(int).tolist() == [
        [1, 1, 0, 0, 1],
        [0, 0, 1, 1, 0],
        [0, 0, 1, 1, 0],
        [1, 1, 0, 0, 1],
        [1, 1, 0, 0, 1],
    ]
    assert Tags("BIOUL", 1).ends.tolist() == [True, False, False, True, True]
    assert Tags("IO", 2).allowed.all()
