"""JNLPBA: the shared task's files and the BLURB copy."""

import io
import tarfile
from pathlib import Path

import pytest

from spacy_blurb.data.datasets import READERS
from spacy_blurb.data.datasets.jnlpba import DEV_ABSTRACTS
from spacy_blurb.data.records import Mention
from spacy_blurb.errors import BlurbError

read = READERS["jnlpba"]


def block(number: int, *rows: str) -> str:
    return f"###MEDLINE:{number}\n\n" + "".join(f"{row}\n" for row in rows) + "\n"


def write_training(folder: Path, n_documents: int) -> None:
    blocks = [block(1, "IL-2\tB-DNA", "gene\tI-DNA", "T\tB-cell_type", "cells\tI-cell_type")]
    blocks += [block(n, "p53\tB-protein", "", "is\tO") for n in range(2, n_documents + 1)]
    (folder / "Genia4ERtask1.iob2").write_text("".join(blocks), encoding="utf-8")


def test_the_last_200_abstracts_are_dev_and_types_are_merged(tmp_path: Path) -> None:
    write_training(tmp_path, DEV_ABSTRACTS + 2)
    train = read(tmp_path, "train", "original").records
    dev = read(tmp_path, "dev", "original").records
    assert [record.id for record in train] == ["1-1", "2-2", "2-3"]
    assert train[0].text == "IL-2 gene T cells"
    assert train[0].mentions == (Mention(0, 9, "Gene"), Mention(10, 17, "Gene"))
    assert len(dev) == 2 * DEV_ABSTRACTS
    assert dev[0].id == "3-4"
    assert dev[0].mentions == (Mention(0, 3, "Gene"),)


def test_the_archive_is_read_where_it_lies(tmp_path: Path) -> None:
    content = block(7, "CD28\tB-protein", ".\tO").replace("\n", "\r\n").encode()
    with tarfile.open(tmp_path / "Genia4ERtest.tar.gz", "w:gz") as archive:
        info = tarfile.TarInfo("Genia4ERtest/Genia4EReval1.iob2")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    (record,) = read(tmp_path, "test", "original").records
    assert (record.id, record.text) == ("7-1", "CD28 .")
    with pytest.raises(BlurbError, match=r"B109.*Genia4ERtask1\.iob2, Genia4ERtraining\.tar\.gz"):
        read(tmp_path, "dev", "original")


def test_copies_without_and_with_types_are_the_same(tmp_path: Path) -> None:
    rows = "-DOCSTART- 91\n\nIL-2\tB{0}\ngene\tI{0}\nand\tO\n"
    (tmp_path / "devel.tsv").write_text(rows.format(""), encoding="utf-8")
    (tmp_path / "typed").mkdir()
    typed = rows.format("-DNA").replace(" 91", "\tO")
    (tmp_path / "typed" / "devel.tsv").write_text(typed, encoding="utf-8")
    (record,) = read(tmp_path, "dev", "blurb").records
    (other,) = read(tmp_path / "typed", "dev", "blurb").records
    assert record.mentions == other.mentions == (Mention(0, 9, "Gene"),)
    assert (record.id, other.id) == ("91-1", "1")


def test_real_counts_are_those_of_the_paper(real_data: Path) -> None:
    splits = {s: read(real_data / "jnlpba", s, "blurb") for s in ("train", "dev", "test")}
    assert [len(split.records) for split in splits.values()] == [16807, 1739, 3856]
    assert [sum(len(r.mentions) for r in split.records) for split in splits.values()] == [
        46750,
        4551,
        8662,
    ]
    for name in ("dev", "test"):
        typed = read(real_data / "jnlpba" / "typed", name, "blurb").records
        assert [r.mentions for r in typed] == [r.mentions for r in splits[name].records]
        assert [r.text for r in typed] == [r.text for r in splits[name].records]


def test_real_copy_written_as_the_original_is_divided_as_the_copy(
    real_data: Path, tmp_path: Path
) -> None:
    """The training file is the copy's train and dev, one behind the other."""
    copies = {s: read(real_data / "jnlpba", s, "blurb").records for s in ("train", "dev")}
    with (tmp_path / "Genia4ERtask1.iob2").open("w", encoding="utf-8") as file:
        document = ""
        for record in [*copies["train"], *copies["dev"]]:
            if record.id.rpartition("-")[0] != document:
                document = record.id.rpartition("-")[0]
                file.write(f"###MEDLINE:{document}\n\n")
            starts = {m.start for m in record.mentions}
            inside = {n for m in record.mentions for n in range(m.start, m.end)}
            for start, end in record.words or ():
                tag = "B-RNA" if start in starts else "I-RNA" if start in inside else "O"
                file.write(f"{record.text[start:end]}\t{tag}\n")
            file.write("\n")
    for name, copy in copies.items():
        rebuilt = read(tmp_path, name, "original").records
        assert [(r.text, r.mentions) for r in rebuilt] == [(r.text, r.mentions) for r in copy]
