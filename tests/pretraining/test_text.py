import gzip
import lzma
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_blurb.errors import BlurbError
from spacy_blurb.pretraining.text import is_held_out, read_documents

TEXT = "\n\nOne α.\r\n Two. \n\n\n  \nThree.\n\nFour."
DOCUMENTS = [["One α.", "Two."], ["Three."], ["Four."]]


def test_documents_of_plain_and_compressed_files(tmp_path: Path) -> None:
    for name, opener in (("a.txt", open), ("a.xz", lzma.open), ("a.gz", gzip.open)):
        with opener(tmp_path / name, "wb") as file:
            file.write(TEXT.encode("utf-8"))
        assert list(read_documents([tmp_path / name])) == DOCUMENTS
    both = [tmp_path / "a.txt", tmp_path / "a.xz"]
    assert list(read_documents(both)) == DOCUMENTS * 2


def test_no_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text(" \n\n")
    with pytest.raises(BlurbError, match=r"B205.*empty\.txt"):
        list(read_documents([tmp_path / "empty.txt"]))
    with pytest.raises(BlurbError, match="B100"):
        list(read_documents([tmp_path / "none.txt"]))


@given(st.lists(st.text(min_size=1), min_size=1), st.floats(0, 1), st.floats(0, 1))
def test_held_out_grows_with_its_share(document: list[str], a: float, b: float) -> None:
    small, large = sorted((a, b))
    assert not is_held_out(document, 0)
    assert is_held_out(document, 1)
    assert is_held_out(document, large) or not is_held_out(document, small)


def test_held_out_share() -> None:
    n_held_out = sum(is_held_out([f"Document {number}."], 0.1) for number in range(5000))
    assert 430 < n_held_out < 570  # 500, three standard deviations of 21
