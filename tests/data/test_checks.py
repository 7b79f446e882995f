"""Ids unique within a split, documents in one split only."""

import pytest

from spacy_blurb.data.checks import check_splits
from spacy_blurb.data.records import Record, Split
from spacy_blurb.errors import BlurbError


def splits(**ids: str) -> dict[str, Split]:
    return {name: Split([Record(i, "") for i in letters]) for name, letters in ids.items()}


def test_disjoint_splits_pass() -> None:
    check_splits(splits(train="abc", dev="d", test=""), source="f", disjoint_ids=True)


def test_an_id_twice_in_a_split_is_an_error() -> None:
    with pytest.raises(BlurbError, match=r"B111.*'b' in folder \(dev\)"):
        check_splits(splits(train="a", dev="bcb"), source="folder", disjoint_ids=False)


def test_a_document_in_two_splits_is_an_error() -> None:
    with pytest.raises(BlurbError, match=r"B112.*documents b, c are in both dev and test"):
        check_splits(splits(train="a", dev="cbd", test="bxc"), source="f", disjoint_ids=True)


def test_sentence_numbers_may_repeat_across_splits() -> None:
    check_splits(splits(train="abc", dev="ab"), source="f", disjoint_ids=False)
