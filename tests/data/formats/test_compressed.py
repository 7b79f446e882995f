"""Lines of plain and compressed files, and what is said of files that cannot be read."""

import gzip
import lzma
from pathlib import Path

import pytest

from spacy_blurb.data.formats.compressed import find_file, read_chunks, read_lines
from spacy_blurb.errors import BlurbError

TEXT = "één\t1\n\nβ-blocker\u2028end\r\nlast"
LINES = [(1, "één\t1"), (2, ""), (3, "β-blocker\u2028end"), (4, "last")]
PACKERS = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress}


@pytest.mark.parametrize("suffix", PACKERS)
def test_lines_are_the_same_in_every_packing(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.tsv{suffix}"
    path.write_bytes(PACKERS[suffix](TEXT.encode()))
    assert list(read_lines(path)) == LINES


def test_byte_order_mark_is_taken_off_the_first_line_only(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffone\n\ufefftwo\n".encode())
    assert list(read_lines(path)) == [(1, "one"), (2, "\ufefftwo")]


def test_empty_file_has_no_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.touch()
    assert list(read_lines(path)) == []


def test_not_utf8_names_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("é\nab".encode() + b"\xff\n")  # 2 + 1 + 2 bytes stand before it
    with pytest.raises(BlurbError, match=r"B102.*a\.txt is not UTF-8 at byte 5"):
        list(read_lines(path))


@pytest.mark.parametrize("suffix", [".gz", ".xz"])
def test_what_stands_before_a_cut_is_read(tmp_path: Path, suffix: str) -> None:
    content = b"".join(b"%d\n" % (n * n) for n in range(20_000))
    path = tmp_path / f"a{suffix}"
    path.write_bytes(PACKERS[suffix](content)[:-9])
    chunks: list[bytes] = []
    with pytest.raises(BlurbError, match="B101"):
        chunks.extend(read_chunks(path))
    found = b"".join(chunks)
    assert content.startswith(found)
    assert len(found) > len(content) - 1000


def test_a_checksum_that_is_wrong_costs_no_text(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(TEXT.encode()))
    packed[-8] ^= 1
    path = tmp_path / "a.gz"
    path.write_bytes(packed)
    chunks = read_chunks(path)
    assert next(chunks) == TEXT.encode()
    with pytest.raises(BlurbError, match=r"B101.*CRC"):
        next(chunks)


@pytest.mark.parametrize("suffix", [".GZ", ".Xz"])
def test_suffixes_in_upper_case(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"A.TSV{suffix}"
    path.write_bytes(PACKERS[suffix.lower()](TEXT.encode()))
    assert list(read_lines(path)) == LINES


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.gz", gzip.compress(b"word\tO\n" * 50)[:-9]),
        ("cut.xz", lzma.compress(b"word\tO\n" * 50)[:-9]),
        ("other.gz", b"word\tO\n"),
        ("other.xz", b"word\tO\n"),
    ],
    # The bytes are no ids: gzip writes the time into them, and processes of one run would differ.
    ids=["cut.gz", "cut.xz", "other.gz", "other.xz"],
)
def test_damaged_file_is_an_error(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BlurbError, match=rf"B101.*{name}"):
        list(read_lines(path))


def test_missing_file_and_folder_are_errors(tmp_path: Path) -> None:
    with pytest.raises(BlurbError, match="B100"):
        list(read_lines(tmp_path / "no.txt"))
    with pytest.raises(BlurbError, match=r"B171.* is a folder"):
        list(read_lines(tmp_path))


def test_find_file_prefers_plain_then_xz_then_gz(tmp_path: Path) -> None:
    assert find_file(tmp_path, "a.tsv") is None
    for suffix in (".gz", ".xz", ""):
        (tmp_path / f"a.tsv{suffix}").touch()
        assert find_file(tmp_path, "a.tsv") == tmp_path / f"a.tsv{suffix}"
    (tmp_path / "b.tsv").mkdir()
    assert find_file(tmp_path, "b.tsv") is None
