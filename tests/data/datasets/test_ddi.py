"""DDI: sentences and pairs from the official XML, and the published rows."""

import io
import sys
import tarfile
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path

import pytest

from spacy_blurb.data.checks import check_splits
from spacy_blurb.data.datasets import READERS
from spacy_blurb.data.instances import instance_rows
from spacy_blurb.data.records import LabelledText, Mention, Relation
from spacy_blurb.errors import BlurbError, MissingFilesError
from spacy_blurb.tasks import TASKS

SPLITS = ("train", "dev", "test")
read = READERS["ddi"]

FIRST = """<?xml version="1.0" encoding="UTF-8"?>
<document id="D.d1">
  <sentence id="D.d1.s0" text="Beta- and alpha blockers raise β-digoxin.&#xd;&#xa;">
    <entity id="D.d1.s0.e0" charOffset="31-39" type="drug" text="β-digoxin"/>
    <entity id="D.d1.s0.e1" charOffset="0-4;16-23" type="group" text="Beta-blockers"/>
    <entity id="D.d1.s0.e2" charOffset="10-23" type="group" text="alpha blockers"/>
    <pair id="D.d1.s0.p0" e1="D.d1.s0.e1" e2="D.d1.s0.e0" ddi="true" type="mechanism"/>
    <pair id="D.d1.s0.p1" e1="D.d1.s0.e1" e2="D.d1.s0.e2" ddi="false"/>
  </sentence>
  <sentence id="D.d1.s1" text=""/>
  <sentence id="D.d1.s2" text="None here. "/>
</document>
"""
SECOND = """<document id="D.d2"><sentence id="D.d2.s0" text="Take  aspirin ">
<entity id="D.d2.s0.e0" charOffset="7-13" type="drug" text="aspirin"/></sentence></document>
"""
THIRD = '<document id="D.d3"/>'
DOCUMENTS = {
    "train_dataset/DrugBank/A b.xml": FIRST,
    "train_dataset/MedLine/2.xml": SECOND,
    "test_dataset/MedLine/3.xml": THIRD,
}
LISTS = {
    "train": "train_dataset/DrugBank/A b.xml\n",
    "dev": "train_dataset/MedLine/2.xml",
    "test": "test_dataset/MedLine/3.xml\n",
}


def write_lists(folder: Path, place: str = "indexing") -> None:
    (folder / place).mkdir(exist_ok=True)
    for split, content in LISTS.items():
        (folder / place / f"{split}_files.tsv").write_text(content, encoding="utf-8")


def write_archive(
    folder: Path, documents: dict[str, str] = DOCUMENTS, root: str = "DDIextraction_2013"
) -> None:
    with tarfile.open(folder / "DDIextraction_2013.tar.gz", "w:gz") as archive:
        for name, content in documents.items():
            data = content.encode()
            member = tarfile.TarInfo(f"{root}/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


def write_git_clone(folder: Path) -> None:
    """Write an archive in a folder of its own, whose names begin with "./"."""
    (folder / "DDIextraction2013").mkdir()
    write_archive(folder / "DDIextraction2013", root="./DDIextraction_2013")


def write_official(folder: Path) -> None:
    """Write the folders of the zip that the authors distribute."""
    write_folder(
        folder,
        {
            name.replace("train_dataset", "Train").replace(
                "test_dataset", "Test/Test for DDI Extraction task"
            ): content
            for name, content in DOCUMENTS.items()
        },
    )


def write_folder(folder: Path, documents: dict[str, str] = DOCUMENTS) -> None:
    for name, content in documents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")


@pytest.mark.parametrize(
    "write",
    [
        write_archive,
        write_folder,
        lambda folder: write_folder(folder / "DDIextraction_2013"),
        write_git_clone,
        lambda folder: write_folder(folder / "DDIextraction2013" / "DDIextraction_2013"),
        write_official,
        lambda folder: write_official(folder / "DDICorpus"),
    ],
    ids=["archive", "folder", "unpacked", "clone", "clone, unpacked", "zip", "zip's folder"],
)
@pytest.mark.parametrize("place", ["indexing", "."])
def test_sentences_and_pairs(tmp_path: Path, write: Callable[[Path], None], place: str) -> None:
    write_lists(tmp_path, place)
    write(tmp_path)
    split = read(tmp_path, "train", "original")
    first, second = split.records
    # Line ends are one blank for one character, so that the offsets of the file hold.
    assert (first.id, first.text) == ("D.d1.s0", "Beta- and alpha blockers raise β-digoxin.  ")
    assert first.mentions == (
        Mention(0, 24, "Drug"), Mention(10, 24, "Drug"), Mention(31, 40, "Drug")
    )  # fmt: skip
    assert first.relations == (
        Relation(0, 2, "DDI-mechanism", "D.d1.s0.p0"),
        Relation(0, 1, "DDI-false", "D.d1.s0.p1"),
    )
    assert list(instance_rows(first)) == [
        LabelledText("D.d1.s0.p0", "@DRUG$ raise @DRUG$.  ", ("DDI-mechanism",), "D.d1"),
        LabelledText("D.d1.s0.p1", "@DRUG-DRUG$ raise β-digoxin.  ", ("DDI-false",), "D.d1"),
    ]
    # Each record is one sentence of a document.
    assert first.document == second.document == "D.d1"
    assert first.sentences == second.sentences == (0,)
    # A sentence without pairs is a record; one without text is counted.
    assert (second.id, second.text, second.relations) == ("D.d1.s2", "None here. ", ())
    assert split.left_out == {"sentences without text": 1}
    assert read(tmp_path, "test", "original").records == []


def test_offsets_of_the_file_count_where_its_text_disagrees(tmp_path: Path) -> None:
    write_lists(tmp_path)
    write_archive(tmp_path)
    split = read(tmp_path, "dev", "original")
    assert split.records[0].mentions == (Mention(7, 14, "Drug"),)
    assert split.left_out == {"texts of mentions that disagree with the offsets": 1}


def test_without_split_lists_the_message_says_what_is_missing(tmp_path: Path) -> None:
    write_archive(tmp_path)
    # A kind of error that lets the copy be read where it lies in the folder.
    with pytest.raises(MissingFilesError, match=r"B141\] No dev list.*indexing/dev_files\.tsv"):
        read(tmp_path, "dev", "original")


def test_a_listed_document_that_is_missing(tmp_path: Path) -> None:
    write_lists(tmp_path)
    write_archive(tmp_path, {"train_dataset/MedLine/9.xml": THIRD})
    with pytest.raises(BlurbError, match=r"B155.*lacks 1 documents of task ddi.*MedLine/3\.xml"):
        read(tmp_path, "test", "original")


def test_without_xml(tmp_path: Path) -> None:
    write_lists(tmp_path)
    with pytest.raises(BlurbError, match=r"B109.*DDIextraction_2013\.tar\.gz"):
        read(tmp_path, "train", "original")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("</document>", "", r"B101.*A b\.xml: no element found"),
        ("<document id", "<!DOCTYPE d [<!ENTITY a 'b'>]><document id", "B101.*DTDForbidden"),
        ('charOffset="31-39"', 'charOffset="31-99"', "B140.*D.d1.s0.*'31-99'.*of 43 characters"),
        ('charOffset="31-39"', 'charOffset="39-31"', "B140"),
        ('charOffset="31-39"', 'charOffset="31"', "B140"),
        (' charOffset="31-39"', "", "B140.*D.d1.s0.e0.*no attribute 'charOffset'"),
        ('ddi="true" type="mechanism"', 'ddi="true"', "B140.*p0.*ddi is 'true' and type None"),
        ('ddi="false"', 'ddi="no"', "B140.*p1.*'no'"),
        ('e2="D.d1.s0.e2"', 'e2="D.d1.s0.e9"', "B140.*p1 names the unknown 'D.d1.s0.e9'"),
        ('type="mechanism"', 'type="Effect"', "B140.*p0.*type 'Effect'"),
        ('id="D.d1.s0.e2"', 'id="D.d1.s0.e1"', "B140.*two entities have the id 'D.d1.s0.e1'"),
        ('encoding="UTF-8"', 'encoding="foo"', r"B101.*A b\.xml.*foo"),
        (' text=""', "", "B140.*D.d1.s1.*no attribute 'text'"),
    ],
)
def test_mistakes_name_file_and_sentence(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in FIRST
    write_lists(tmp_path)
    write_archive(tmp_path, DOCUMENTS | {"train_dataset/DrugBank/A b.xml": FIRST.replace(old, new)})
    with pytest.raises(BlurbError, match=message):
        read(tmp_path, "train", "original")


def test_without_defusedxml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("defusedxml", "defusedxml.common", "defusedxml.ElementTree"):
        monkeypatch.setitem(sys.modules, module, None)
    write_lists(tmp_path)
    write_archive(tmp_path)
    with pytest.raises(BlurbError, match=r"B142.*spacy-blurb\[data\]"):
        read(tmp_path, "train", "original")


def test_the_copy_has_a_header(tmp_path: Path) -> None:
    (tmp_path / "blurb").mkdir()
    content = "id\tsentence\tlabel\nD.d1.s0.p0\t@DRUG$ and @DRUG$. \tDDI-int"
    (tmp_path / "blurb" / "test.tsv").write_text(content, encoding="utf-8")
    (row,) = read(tmp_path, "test", "blurb").records
    assert row == LabelledText("D.d1.s0.p0", "@DRUG$ and @DRUG$. ", ("DDI-int",), "D.d1")


@pytest.mark.parametrize(
    ("task", "wrong"), [("ddi", "mechanism"), ("gad", "True"), ("chemprot", "cpr:3")]
)
def test_labels_of_a_copy_that_are_none(tmp_path: Path, task: str, wrong: str) -> None:
    """They were taken for "no relation"."""
    row = f"D.d1.s0.p0\t@GENE$ and @DISEASE$\t{wrong}\n"
    (tmp_path / "dev.tsv").write_text(row, encoding="utf-8")
    with pytest.raises(BlurbError, match=rf"B154.*dev\.tsv, line 1.*one of .*found '{wrong}'"):
        READERS[task](tmp_path, "dev", "blurb")


# The real corpus -------------------------------------------------------------------------------

LEFT_OUT = {
    "train": {"sentences without text": 64, "texts of mentions that disagree with the offsets": 19},
    "dev": {"sentences without text": 7, "texts of mentions that disagree with the offsets": 5},
    "test": {},
}


@pytest.fixture(scope="module")
def splits(real_data: Path) -> dict:
    return {split: read(real_data / "ddi2013", split, "original") for split in SPLITS}


@pytest.mark.parametrize("split", SPLITS)
def test_real_rows_equal_the_published_ones(real_data: Path, splits: dict, split: str) -> None:
    """All rows by id: sentence with dummies, trailing blanks included, and label."""
    rows = [row for record in splits[split].records for row in instance_rows(record)]
    published = read(real_data / "ddi2013", split, "blurb").records
    assert sorted(rows, key=attrgetter("id")) == sorted(published, key=attrgetter("id"))
    assert len({row.id for row in rows}) == len(rows) == getattr(TASKS["ddi"].sizes, split)
    assert {label for row in rows for label in row.labels} == {*TASKS["ddi"].labels, "DDI-false"}
    assert splits[split].left_out == LEFT_OUT[split]


def test_real_sentences_and_documents(splits: dict) -> None:
    """Sentences and documents without a pair are there; a document is in one split."""
    check_splits(splits, source="ddi", disjoint_ids=True)
    assert [len(split.records) for split in splits.values()] == [6074, 831, 1299]
    documents = [{record.document for record in split.records} for split in splits.values()]
    assert [len(ids) for ids in documents] == [624, 90, 191]
    assert len(set().union(*documents)) == 905
