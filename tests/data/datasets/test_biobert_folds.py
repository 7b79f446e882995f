"""GAD and EU-ADR: BioBERT's ten folds, and BLURB's rows of GAD."""

import io
import tarfile
from collections import Counter
from pathlib import Path

import pytest

from spacy_blurb.data.checks import check_splits
from spacy_blurb.data.datasets import READERS
from spacy_blurb.data.datasets.euadr import read_euadr
from spacy_blurb.data.records import LabelledText, Split
from spacy_blurb.errors import BlurbError, MissingFilesError
from spacy_blurb.tasks import TASKS

SPLITS = ("train", "dev", "test")

TRAIN = "".join(f"@GENE$ {n} and @DISEASE$ .\t{n % 2}\n" for n in range(20))
TEST = "index\tsentence\tlabel\n0\t@GENE$ in @DISEASE$\t1\n1\tNo @DISEASE$ by @GENE$ \t0\n"


def write(folder: Path, train: str = TRAIN, test: str = TEST) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "train.tsv").write_text(train, encoding="utf-8")
    (folder / "test.tsv").write_text(test, encoding="utf-8")


@pytest.mark.parametrize("place", ["1", "."], ids=["folds", "one fold"])
def test_euadr_dev_is_the_last_ninth_of_the_train_file(tmp_path: Path, place: str) -> None:
    write(tmp_path / place)
    splits = {name: READERS["euadr"](tmp_path, name, "original") for name in SPLITS}
    assert [len(split.records) for split in splits.values()] == [18, 2, 2]
    assert splits["train"].records[0] == LabelledText("train-0", "@GENE$ 0 and @DISEASE$ .", ("0",))
    assert splits["dev"].records[0] == LabelledText("train-18", "@GENE$ 18 and @DISEASE$ .", ("0",))
    assert splits["test"].records[1] == LabelledText("test-1", "No @DISEASE$ by @GENE$ ", ("0",))
    check_splits(splits, source="euadr", disjoint_ids=True)


def test_euadr_other_folds(tmp_path: Path) -> None:
    write(tmp_path / "1")
    write(tmp_path / "10", test="index\tsentence\tlabel\n0\tTen\t1\n")
    assert read_euadr(tmp_path, "test", "original", fold=10).records[0].text == "Ten"
    assert read_euadr(tmp_path / "10", "test", "original").records[0].text == "Ten"


def test_folds_in_an_archive(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "biobert_10folds.tar.xz", "w:xz") as archive:
        # Fold 11 does not exist; it must not be taken for fold 1.
        for name, content in (("11/test.tsv", "wrong"), ("1/test.tsv", TEST.replace("\n", "\r\n"))):
            member = tarfile.TarInfo(name)
            member.size = len(content.encode())
            archive.addfile(member, io.BytesIO(content.encode()))
    split = READERS["gad"](tmp_path, "test", "original")
    assert [row.text for row in split.records] == ["@GENE$ in @DISEASE$", "No @DISEASE$ by @GENE$ "]
    with pytest.raises(BlurbError, match=r"B109.*gad.*1/train\.tsv"):
        READERS["gad"](tmp_path, "train", "original")


@pytest.mark.parametrize(
    ("train", "message"),
    [
        ("a\tb\t1\n", r"B154.*train\.tsv, line 1.*2 columns"),
        ("a\t1\nb\tyes\n", "B154.*line 2.*label 0 or 1, found 'yes'"),
        ("", "B107"),
    ],
)
def test_mistakes_name_file_and_line(tmp_path: Path, train: str, message: str) -> None:
    write(tmp_path, train=train)
    with pytest.raises(BlurbError, match=message):
        READERS["euadr"](tmp_path, "train", "original")


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(BlurbError, match=r"B109.*euadr.*1/test\.tsv"):
        READERS["euadr"](tmp_path, "test", "original")
    with pytest.raises(BlurbError, match=r"B109.*gad, form 'blurb'.*blurb/test\.tsv"):
        READERS["gad"](tmp_path, "test", "blurb")
    with pytest.raises(BlurbError, match=r"B158.*euadr"):
        READERS["euadr"](tmp_path, "test", "blurb")


@pytest.mark.parametrize("content", [TEST, TEST.partition("\n")[2]])
def test_gad_copy_has_a_header_or_not(tmp_path: Path, content: str) -> None:
    (tmp_path / "dev.tsv").write_text(content, encoding="utf-8")
    rows = READERS["gad"](tmp_path, "dev", "blurb").records
    assert rows[0] == LabelledText("0", "@GENE$ in @DISEASE$", ("1",))
    assert len(rows) == 2


@pytest.mark.parametrize("split", SPLITS)
def test_the_copy_is_not_taken_for_a_fold(tmp_path: Path, split: str) -> None:
    """Its train file is called like a fold's; it has a third column, and a dev file beside it."""
    write(tmp_path, train=TEST)
    (tmp_path / "dev.tsv").write_text(TEST, encoding="utf-8")
    with pytest.raises(MissingFilesError, match=r"B109.*form 'original'.*1/t"):
        READERS["gad"](tmp_path, split, "original")


# The real corpus -------------------------------------------------------------------------------


def contents(split: Split) -> list[tuple[str, tuple[str, ...]]]:
    return [(row.text, row.labels) for row in split.records]


def test_real_gad_division_is_blurbs(real_data: Path) -> None:
    """Dev and test row by row; train as a multiset, because the copy's order is another one.

    The fold's train file has 177 rows twice. The copy of train was made by taking the dev rows out
    of the fold, the earlier one of two equal ones, so that equal rows stand at other places.
    """
    folder = real_data / "gad"
    original = {name: READERS["gad"](folder, name, "original") for name in SPLITS}
    copy = {name: READERS["gad"](folder, name, "blurb") for name in SPLITS}
    check_splits(original, source="gad", disjoint_ids=True)
    sizes = TASKS["gad"].sizes
    assert [len(split.records) for split in original.values()] == [sizes.train, sizes.dev, 534]
    assert contents(original["dev"]) == contents(copy["dev"])
    assert contents(original["test"]) == contents(copy["test"])
    assert Counter(contents(original["train"])) == Counter(contents(copy["train"]))
    # Sentences of dev and test that are in train word for word, as published.
    train = {text for text, _ in contents(original["train"])}
    assert [sum(t in train for t, _ in contents(original[s])) for s in ("dev", "test")] == [39, 8]
