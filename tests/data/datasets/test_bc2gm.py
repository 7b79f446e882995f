"""BC2GM: BioCreative's files and the BLURB copy."""

import shutil
import tarfile
from pathlib import Path

import pytest

from spacy_blurb.data.datasets import READERS
from spacy_blurb.data.formats.gene_eval import parse_gene_eval
from spacy_blurb.data.records import Mention
from spacy_blurb.errors import BlurbError

read = READERS["bc2gm"]
SENTENCES = (
    "P1 Comparison with alkaline phosphatases and 5-nucleotidase\n"
    "P2 No gene here. But β-actin.\nP3 Nothing\n"
)
MENTIONS = (
    "P1|14 33|alkaline phosphatases\nP1|37 50|5-nucleotidase\nP2|14 20|β-actin\n"
    "P1|22 33|phosphatases\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for part in ("train", "test"):
        (tmp_path / "BC2GM" / part).mkdir(parents=True)
        (tmp_path / "BC2GM" / part / f"{part}.in").write_text(SENTENCES, encoding="utf-8")
        (tmp_path / "BC2GM" / part / "GENE.eval").write_text(MENTIONS, encoding="utf-8")
        (tmp_path / "BC2GM" / part / "ALTGENE.eval").write_text("P1|0 1|Co\n", encoding="utf-8")
    return tmp_path


def test_offsets_leave_out_blanks_and_include_the_last_character(folder: Path) -> None:
    first, second, third = read(folder, "test", "original").records
    assert [first.text[m.start : m.end] for m in first.mentions] == [
        "alkaline phosphatases",
        "phosphatases",
        "5-nucleotidase",
    ]
    assert first.mentions[0] == Mention(16, 37, "Gene")
    assert [second.text[m.start : m.end] for m in second.mentions] == ["β-actin"]
    assert (third.id, third.text, third.mentions) == ("P3", "Nothing", ())


def test_dev_is_what_the_list_of_ids_says(folder: Path) -> None:
    (folder / "split").mkdir()
    (folder / "split" / "devel.txt").write_text("P3\nP1.txt\n", encoding="utf-8")
    assert [r.id for r in read(folder, "dev", "original").records] == ["P1", "P3"]
    assert [r.id for r in read(folder, "train", "original").records] == ["P2"]
    # Such a list is of another corpus, and dev would be smaller, or not there.
    (folder / "split" / "devel.txt").write_text("P3\nX9\n", encoding="utf-8")
    for split in ("train", "dev"):
        with pytest.raises(BlurbError, match=r"B155.*lacks 1 documents of task bc2gm.*X9"):
            read(folder, split, "original")


def test_dev_is_found_by_the_text_of_the_copy(folder: Path) -> None:
    # The copy divides P2 into two sentences and tokens.
    copy = "No\tO\ngene\tO\nhere\tO\n.\tO\n\nBut\tO\nβ\tB-GENE\n-\tI-GENE\nactin\tI-GENE\n.\tO\n\n"
    (folder / "devel.tsv").write_text(copy, encoding="utf-8")
    assert [r.id for r in read(folder, "dev", "original").records] == ["P2"]
    assert [r.id for r in read(folder, "train", "original").records] == ["P1", "P3"]
    assert [m.label for r in read(folder, "dev", "blurb").records for m in r.mentions] == ["Gene"]
    (folder / "devel.tsv").write_text(copy + "Other\tO\n", encoding="utf-8")
    with pytest.raises(BlurbError, match=r"B131.*1 of 3 dev sentences.*'Other'"):
        read(folder, "dev", "original")


def test_without_list_and_copy_the_split_is_unknown(folder: Path) -> None:
    for split in ("train", "dev"):
        with pytest.raises(BlurbError, match=r"B130.*drew them at random"):
            read(folder, split, "original")
    with pytest.raises(BlurbError, match=r"B109.*train/train\.in, train/GENE\.eval"):
        read(folder / "BC2GM" / "test", "train", "original")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("P1|14 33|alkaline phosphatase", r"B164.*line 1.*'P1'.*14-33 is 'alkaline phosphatases'"),
        ("P1|14 99|x", r"B164.*14-99"),
        (f"P1|{'0' * 5000} 1|x", "B134"),
        ("P9|0 1|x", r"B135.*line 1.*'P9'"),
        ("P1 14 33", r"B134.*line 1.*'P1 14 33'"),
    ],
)
def test_mistakes_in_the_mentions(line: str, message: str) -> None:
    with pytest.raises(BlurbError, match=message):
        list(parse_gene_eval(SENTENCES, line + "\n", label="Gene", path="GENE.eval"))
    with pytest.raises(BlurbError, match="B107"):
        list(parse_gene_eval("", "", label="Gene", path="GENE.eval"))


@pytest.mark.parametrize(
    ("line", "message"),
    [("P2 Again.", "B111.*'P2'"), ("P4 ", "B134.*line 4"), ("P4", "B134.*line 4.*'ID sentence'")],
)
def test_sentences_are_neither_replaced_nor_passed_over(line: str, message: str) -> None:
    with pytest.raises(BlurbError, match=message):
        list(parse_gene_eval(SENTENCES + line + "\n", "", label="Gene", path="train.in"))


def test_an_archive_and_a_folder_are_one_distribution(folder: Path, tmp_path: Path) -> None:
    """The training part is packed, the test part is not."""
    with tarfile.open(tmp_path / "bc2GMtrain_1.1.tar.gz", "w:gz") as archive:
        archive.add(folder / "BC2GM" / "train", "bc2GMtrain_1.1/train")
    # One that lies in two places is one.
    (tmp_path / "original").mkdir()
    shutil.copy(tmp_path / "bc2GMtrain_1.1.tar.gz", tmp_path / "original")
    shutil.rmtree(folder / "BC2GM" / "train")
    assert [record.id for record in read(folder, "test", "original").records] == ["P1", "P2", "P3"]
    (folder / "split").mkdir()
    (folder / "split" / "devel.txt").write_text("P3\n", encoding="utf-8")
    assert [record.id for record in read(folder, "train", "original").records] == ["P1", "P2"]


def test_real_counts_are_those_of_the_paper(real_data: Path) -> None:
    splits = [read(real_data / "bc2gm", s, "blurb") for s in ("train", "dev", "test")]
    assert [len(split.records) for split in splits] == [12574, 2519, 5038]
    assert [sum(len(r.mentions) for r in split.records) for split in splits] == [15197, 3061, 6325]


def test_real_copy_written_as_the_original_is_divided_as_the_copy(
    real_data: Path, tmp_path: Path
) -> None:
    copies = {s: read(real_data / "bc2gm", s, "blurb").records for s in ("train", "dev")}
    (tmp_path / "train").mkdir()
    lines, mentions = [], []
    for split, records in copies.items():
        for record in records:
            name = f"{split}{record.id}"
            lines.append(f"{name} {record.text}\n")
            for m in record.mentions:
                first = len("".join(record.text[: m.start].split()))
                stored = record.text[m.start : m.end]
                last = first + len("".join(stored.split())) - 1
                mentions.append(f"{name}|{first} {last}|{stored}\n")
    (tmp_path / "train" / "train.in").write_text("".join(lines), encoding="utf-8")
    (tmp_path / "train" / "GENE.eval").write_text("".join(mentions), encoding="utf-8")
    path = real_data / "bc2gm" / "devel.tsv.xz"
    (tmp_path / path.name).symlink_to(path)
    for split, copy in copies.items():
        rebuilt = read(tmp_path, split, "original").records
        assert sorted(r.text for r in rebuilt) == sorted(r.text for r in copy)
        assert sum(len(r.mentions) for r in rebuilt) == sum(len(r.mentions) for r in copy)
