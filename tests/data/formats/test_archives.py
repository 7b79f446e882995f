"""Members of tar archives, and the archives that are refused."""

import bz2
import gzip
import io
import lzma
import tarfile
from pathlib import Path

import pytest

from spacy_blurb.data.formats import archives
from spacy_blurb.data.formats.archives import find_archive, read_members
from spacy_blurb.errors import BlurbError

FILES = {"text/1.txt": "één\n".encode(), "labels/1.txt": b"< NULL", "text/2.txt": b""}
PACKERS = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress, ".bz2": bz2.compress}


def make_tar(*members: tarfile.TarInfo | str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for member in members:
            info = tarfile.TarInfo(member) if isinstance(member, str) else member
            content = FILES.get(info.name, b"x" * 3) if info.isfile() else b""
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def special(name: str, kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = "/etc/passwd"
    return info


@pytest.mark.parametrize("suffix", PACKERS)
def test_members_are_the_same_in_every_packing(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.tar{suffix}"
    path.write_bytes(PACKERS[suffix](make_tar(special("text", tarfile.DIRTYPE), *FILES)))
    assert dict(read_members(path)) == FILES
    assert find_archive(tmp_path, "a") == path
    assert find_archive(tmp_path, "b") is None


def test_what_is_not_chosen_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(make_tar(*FILES))
    wanted = {name: True for name in FILES if name.startswith("labels")}
    read = []
    whole = tarfile.ExFileObject.read

    def note(file: tarfile.ExFileObject, *size: int) -> bytes:
        read.append(file.name)
        return whole(file, *size)

    monkeypatch.setattr(tarfile.ExFileObject, "read", note)
    assert dict(read_members(path, wanted.get)) == {"labels/1.txt": FILES["labels/1.txt"]}
    assert len(read) == 1


def test_a_header_with_numbers_that_are_none(tmp_path: Path) -> None:
    info = tarfile.TarInfo("text/1.txt")
    info.pax_headers = {"GNU.sparse.map": "1,x"}
    (tmp_path / "a.tar").write_bytes(make_tar(info))
    with pytest.raises(BlurbError, match=r"B101.*a\.tar"):
        list(read_members(tmp_path / "a.tar"))


def test_names_without_the_folder_that_tar_was_called_in(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(make_tar("./text/1.txt"))
    assert [name for name, _ in read_members(tmp_path / "a.tar")] == ["text/1.txt"]


@pytest.mark.parametrize(
    ("member", "kind"),
    [
        ("/etc/passwd", "an absolute name: '/etc/passwd'"),
        ("text/../../x", "a name that leads out of it"),
        (special("text/1.txt", tarfile.SYMTYPE), "a link or a device"),
        (special("text/1.txt", tarfile.LNKTYPE), "a link or a device"),
        (special("text/1.txt", tarfile.FIFOTYPE), "a link or a device"),
    ],
)
def test_unsafe_members_are_errors(
    tmp_path: Path, member: tarfile.TarInfo | str, kind: str
) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(make_tar("good.txt", member))
    with pytest.raises(BlurbError, match=rf"^\[B152\].*a\.tar holds {kind}"):
        list(read_members(path))


def test_a_large_member_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(make_tar("a.txt"))
    monkeypatch.setattr(archives, "MAX_MEMBER_BYTES", 3)
    assert list(read_members(path)) == [("a.txt", b"xxx")]
    monkeypatch.setattr(archives, "MAX_MEMBER_BYTES", 2)
    with pytest.raises(BlurbError, match=r"^\[B153\].*'a\.txt' has 3 bytes, more than the 2"):
        list(read_members(path))


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_cut_archive_is_an_error_wherever_it_is_cut(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "a.tar"
    whole = make_tar(*FILES)
    # Inside the first header, behind it, in the content, between two members, before the mark.
    for size in (100, 512, 514, 1024, 1600, 2560):
        path.write_bytes(PACKERS[suffix](whole[:size]))
        with pytest.raises(BlurbError, match="B101"):
            list(read_members(path))
    packed = PACKERS[suffix](whole)
    path.write_bytes(packed[: len(packed) // 2 if suffix else 1000])
    with pytest.raises(BlurbError, match="B101"):
        list(read_members(path))


@pytest.mark.parametrize("content", [b"", b"not a tar archive", b"\x1f\x8bnot gzip", b"BZhx"])
def test_other_files_are_errors(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.tar.xz"
    path.write_bytes(content)
    with pytest.raises(BlurbError, match="B101"):
        list(read_members(path))
    with pytest.raises(BlurbError, match="B100"):
        list(read_members(tmp_path / "no.tar"))
