"""HoC from texts and label lines, and BLURB's copy."""

import io
import lzma
import tarfile
from collections import defaultdict
from pathlib import Path

import pytest

from spacy_blurb.data.checks import check_splits
from spacy_blurb.data.datasets.hoc import HALLMARKS, read_hoc
from spacy_blurb.data.records import LabelledText, Split
from spacy_blurb.errors import BlurbError
from spacy_blurb.tasks.texts import HOC

SPLITS = ("train", "dev", "test")
FILES = {
    "text/1.txt": "Cells die .\nΒ cells grow .\n",
    "labels/1.txt": "< Resisting cell death--Apoptosis--Signal ANDCellular energetics<  NULL",
    "text/2.txt": "Tumors .\n",
    "labels/2.txt": "< Inducing angiogenesis--Deregulating AND Inducing angiogenesis--By--X",
    "text/3.txt": "None .\n",
    "labels/3.txt": "<",
    "text/4.txt": "In no list .\n",
    "labels/4.txt": "<",
}
TRAIN = [
    LabelledText("1_s0", "Cells die .", ("cellular energetics", "resisting cell death"), "1"),
    LabelledText("1_s1", "Β cells grow .", (), "1"),
]


def write_lists(folder: Path, train: str = "1.txt") -> None:
    (folder / "indexing").mkdir()
    for split, ids in {"train": train, "dev": "3.txt", "test": "2.txt"}.items():
        (folder / "indexing" / f"{split}_pmid.tsv").write_text(ids, encoding="utf-8")


@pytest.fixture(params=["folders", "archive"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "folders":
        for name, text in FILES.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(text.encode())
        return tmp_path
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, text in FILES.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    (tmp_path / "hoc.tar.xz").write_bytes(lzma.compress(buffer.getvalue()))
    return tmp_path


def test_the_hallmarks_are_those_of_the_task() -> None:
    assert HOC.labels == HALLMARKS


def test_sentences_get_the_topmost_labels(folder: Path) -> None:
    write_lists(folder)
    train = read_hoc(folder, "train", "original")
    assert train.records == TRAIN
    assert train.left_out == {"abstracts in no split list": 1}
    dev, test = (read_hoc(folder, split, "original") for split in ("dev", "test"))
    assert dev == Split([LabelledText("3_s0", "None .", (), "3")])
    assert test == Split([LabelledText("2_s0", "Tumors .", ("inducing angiogenesis",), "2")])


def test_a_listed_abstract_that_is_missing(folder: Path) -> None:
    write_lists(folder, train="1.txt,7.txt,8.txt")
    with pytest.raises(BlurbError, match=r"B155.*lacks 2 documents.*train_pmid.tsv.*example 7"):
        read_hoc(folder, "train", "original")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("<", "abstract 1: expected labels for 2 sentences, found labels for 1"),
        ("< Walking--Fast<", "labels of abstract 1: expected one of .*, found 'walking'"),
    ],
)
def test_labels_that_do_not_fit(tmp_path: Path, labels: str, message: str) -> None:
    write_lists(tmp_path)
    for kind, text in {"text": "a\nb\n", "labels": labels}.items():
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "1.txt").write_text(text, encoding="utf-8")
    with pytest.raises(BlurbError, match=f"B151.*{message}"):
        read_hoc(tmp_path, "train", "original")


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(BlurbError, match=r"B109.*indexing/train_pmid\.tsv"):
        read_hoc(tmp_path, "train", "original")
    write_lists(tmp_path)
    with pytest.raises(BlurbError, match=r"B109.*task hoc.*text/, hoc\.tar\.xz"):
        read_hoc(tmp_path, "train", "original")
    with pytest.raises(BlurbError, match=r"B109.*form 'blurb'.*blurb/dev\.tsv"):
        read_hoc(tmp_path, "dev", "blurb")


def test_the_copy(tmp_path: Path) -> None:
    rows = [
        "0_0,1_0,2_1,3_0,4_0,5_0,6_0,7_1,8_0,9_0\tCells die .\t1_s0",
        "0_0,1_0,2_0,3_0,4_0,5_0,6_0,7_0,8_0,9_0\tΒ cells grow .\t1_s1",
    ]
    path = tmp_path / "train.tsv"
    path.write_text("\n".join(["labels\tsentence\tindex", *rows]), encoding="utf-8")
    assert read_hoc(tmp_path, "train", "blurb").records == TRAIN
    path.write_text("\n".join(rows), encoding="utf-8")
    assert read_hoc(tmp_path, "train", "blurb").records == TRAIN
    path.write_text("labels\tsentence\tindex\n0_0,1_1\tX\t1_s0\n", encoding="utf-8")
    with pytest.raises(BlurbError, match=r"B151.*line 2: expected marks"):
        read_hoc(tmp_path, "train", "blurb")


def union(split: Split[LabelledText]) -> dict[str, set[str]]:
    """The labels of the abstracts."""
    labels = defaultdict[str, set[str]](set)
    for record in split.records:
        labels[record.group].update(record.labels)
    return dict(labels)


def test_real_original_equals_the_copy(real_data: Path) -> None:
    folder = real_data / "hoc"
    original = {split: read_hoc(folder, split, "original") for split in SPLITS}
    copy = {split: read_hoc(folder, split, "blurb") for split in SPLITS}
    assert [len(split.records) for split in original.values()] == [12119, 1798, 3547]
    assert [len(union(split)) for split in original.values()] == [1295, 186, 371]
    for split in SPLITS:
        assert union(original[split]) == union(copy[split])
        assert original[split].records == copy[split].records
        assert original[split].left_out == {}
    check_splits(original, source="hoc", disjoint_ids=True)
    per_hallmark = [291, 108, 105, 115, 240, 333, 143, 429, 462, 240]
    labels = [labels for split in original.values() for labels in union(split).values()]
    assert [sum(name in found for found in labels) for name in HALLMARKS] == per_hallmark
    assert sum(not found for found in labels) == 272


def test_real_originals_and_lists_alone_are_enough(real_data: Path, tmp_path: Path) -> None:
    (tmp_path / "hoc.tar.xz").symlink_to(real_data / "hoc" / "hoc.tar.xz")
    (tmp_path / "indexing").symlink_to(real_data / "hoc" / "indexing")
    assert read_hoc(tmp_path, "dev", "original") == read_hoc(real_data / "hoc", "dev", "blurb")
