"""Files that are written whole, and their hashes."""

import hashlib
import os
from pathlib import Path

import pytest

from spacy_blurb.data.formats.file_hash import hash_file
from spacy_blurb.data.formats.whole_files import write_whole


def test_a_file_that_cannot_be_written_leaves_the_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "deep" / "r.json"
    write_whole(path, "old")
    write_whole(path, "older")

    def fail(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, "new")
    assert path.read_text(encoding="utf-8") == "older"
    assert list(path.parent.iterdir()) == [path]
    # What is no file is written to and not replaced.
    write_whole(Path(os.devnull), "x")


def test_an_error_that_names_no_file_is_told_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match=r"r\.json"):
        write_whole(tmp_path / "r.json", "new")
    assert list(tmp_path.iterdir()) == []


def test_the_hash_of_a_file_that_is_longer_than_one_part(tmp_path: Path) -> None:
    content = bytes(range(256)) * 5000
    path = tmp_path / "f"
    path.write_bytes(content)
    assert hash_file(path) == hashlib.sha256(content).hexdigest()
