"""Where the files of a distribution may lie."""

from pathlib import Path

import pytest

from spacy_blurb.data.datasets.distribution import require_file
from spacy_blurb.errors import BlurbError, MissingFilesError

PLACES = {"own folder": "a.txt", "listed": "original/a.txt", "any": "x/a.txt/a.txt.xz"}


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def find(folder: Path, *, anywhere: bool = True) -> Path:
    names = ["original/a.txt", "a.txt"]
    return require_file(folder, names, task="t", form="original", anywhere=anywhere)


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_file_is_found_by_its_name(tmp_path: Path, place: str) -> None:
    path = put(tmp_path / place)
    put(tmp_path / "__MACOSX" / "._a.txt")
    assert find(tmp_path) == path


def test_listed_places_come_first(tmp_path: Path) -> None:
    put(tmp_path / "b" / "a.txt")
    put(tmp_path / "a.txt")
    assert find(tmp_path) == tmp_path / "a.txt"
    # Both packings of one file are that file.
    put(tmp_path / "original" / "a.txt")
    path = put(tmp_path / "original" / "a.txt.gz")
    assert find(tmp_path) == path.with_suffix("")


def test_of_two_files_neither_is_taken(tmp_path: Path) -> None:
    put(tmp_path / "b" / "a.txt")
    put(tmp_path / "c" / "a.txt")
    with pytest.raises(BlurbError, match=r"B174.*task t.*b/a\.txt and .*c/a\.txt") as error:
        find(tmp_path)
    assert not isinstance(error.value, MissingFilesError)


def test_names_that_many_files_have_are_not_searched(tmp_path: Path) -> None:
    put(tmp_path / "b" / "a.txt")
    with pytest.raises(MissingFilesError, match=r"B109.*original/a\.txt, a\.txt.*\.zip"):
        find(tmp_path, anywhere=False)
