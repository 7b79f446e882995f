"""TSV, CSV, JSON, JSONL and split lists: what they give and what is said of broken ones."""

import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spacy_blurb.data.formats.csv_file import read_csv
from spacy_blurb.data.formats.id_list import read_ids
from spacy_blurb.data.formats.json_file import read_json, read_json_lines, take
from spacy_blurb.data.formats.tsv import read_tsv
from spacy_blurb.errors import BlurbError


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def make(content: str) -> Path:
        path = tmp_path / "a.txt"
        path.write_bytes(content.encode())
        return path

    return make


def test_tsv_keeps_quotes_and_counts_lines(write: Callable[[str], Path]) -> None:
    path = write('id\ttext\r\n1\t"β\n\n2\t \n')
    assert list(read_tsv(path, 2, header="text")) == [(2, ["1", '"β']), (4, ["2", " "])]
    assert next(iter(read_tsv(path, 2, header=""))) == (1, ["id", "text"])
    # A first line that is no header is a row.
    assert next(iter(read_tsv(path, 2, header="label"))) == (1, ["id", "text"])
    with pytest.raises(BlurbError, match=r"B154.*line 1: expected 3 columns, found 2"):
        list(read_tsv(path, 3, header="text"))
    with pytest.raises(BlurbError, match="B107"):
        list(read_tsv(write("id\ttext\n"), 2, header="text"))


def test_csv_cells_may_hold_lines(write: Callable[[str], Path]) -> None:
    path = write('id,x,text\n1,y,"a, ""b""\nc"\n2,y,d')
    rows = [(3, {"id": "1", "text": 'a, "b"\nc'}), (4, {"id": "2", "text": "d"})]
    assert list(read_csv(path, ("id", "text"))) == rows
    with pytest.raises(BlurbError, match=r"B154.*line 1: expected the columns vocab, found id, x"):
        list(read_csv(path, ("id", "vocab")))
    with pytest.raises(BlurbError, match=r"B154.*line 2: expected 2 columns, found 1"):
        list(read_csv(write("id,x\n1\n"), ("id",)))
    with pytest.raises(BlurbError, match="B101"):
        list(read_csv(write('id,x\n1,"open\n'), ("id",)))
    for content in ("", "id,x\n"):
        with pytest.raises(BlurbError, match="B107"):
            list(read_csv(write(content), ("id",)))


@pytest.mark.parametrize("value", ["[" * 100_000, "9" * 5000])
def test_json_that_python_cannot_read(write: Callable[[str], Path], value: str) -> None:
    with pytest.raises(BlurbError, match="B150"):
        read_json(write(value), list)
    with pytest.raises(BlurbError, match=r"B150.*line 2"):
        list(read_json_lines(write("{}\n" + value)))


def test_half_of_a_surrogate_pair_is_no_text(write: Callable[[str], Path]) -> None:
    item = read_json(write('{"a": "x \\ud83d", "b": "\\ud83d\\ude00"}'), dict)
    assert take(item, "b", str, Path("f"), "top level") == "\U0001f600"
    with pytest.raises(BlurbError, match=r"B151.*'a'.*surrogate"):
        take(item, "a", str, Path("f"), "top level")


def test_json_is_checked(write: Callable[[str], Path], tmp_path: Path) -> None:
    path = write('{"a":\n "β"}')
    assert read_json(path, dict) == {"a": "β"}
    packed = tmp_path / "a.json.xz"
    packed.write_bytes(lzma.compress(b"[1]"))
    assert read_json(packed, list) == [1]
    with pytest.raises(BlurbError, match=r"B151.*top level: expected a list, found .*'β'"):
        read_json(path, list)
    with pytest.raises(BlurbError, match=r"B150.*line 2: not JSON"):
        read_json(write('{"a":\n "β"'), dict)


def test_json_lines_are_objects(write: Callable[[str], Path]) -> None:
    path = write('{"a": 1}\n\n{"b": 2}')
    assert list(read_json_lines(path)) == [(1, {"a": 1}), (3, {"b": 2})]
    with pytest.raises(BlurbError, match=r"B151.*line 2: expected an object, found 3"):
        list(read_json_lines(write("{}\n3\n")))
    with pytest.raises(BlurbError, match=r"B150.*line 2"):
        list(read_json_lines(write("{}\n{\n")))


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"b": 1}, r"question 7: expected the key 'a', found \['b'\]"),
        ({"a": 1}, "question 7, 'a': expected a string, found 1"),
        ("abc", "question 7: expected an object, found 'abc'"),
    ],
)
def test_a_missing_part_names_its_place(item: Any, message: str) -> None:
    with pytest.raises(BlurbError, match=f"B151.*f.json, {message}"):
        take(item, "a", str, Path("f.json"), "question 7")


@pytest.mark.parametrize("content", ["1.txt,2.txt,30.txt", "1\n2\r\n30\n", "1 2,\n 30"])
def test_split_lists(write: Callable[[str], Path], content: str) -> None:
    assert read_ids(write(content)) == ["1", "2", "30"]
    with pytest.raises(BlurbError, match="B107"):
        read_ids(write(" \n"))
