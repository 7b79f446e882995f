"""BC5CDR-CID: concept pairs of an abstract as instances."""

from collections import Counter
from pathlib import Path

import pytest

from spacy_blurb.data.checks import check_splits
from spacy_blurb.data.datasets import READERS
from spacy_blurb.data.formats.compressed import read_lines
from spacy_blurb.data.formats.pubtator import LinkedDocument, read_linked
from spacy_blurb.data.records import Mention, Record, Relation
from spacy_blurb.errors import BlurbError
from spacy_blurb.tasks import TASKS

SPLITS = ("train", "dev", "test")
FILE = "CDR_TrainingSet.PubTator.txt"
read = READERS["bc5cdr_cid"]

TITLE = "5|t|Liver and renal pain by lead\n5|a|Renal pain, nausea; zinc or lead.\n"
ANNOTATIONS = (
    "5\t0\t20\tLiver and renal pain\tDisease\tD1|D2\tLiver pain|renal pain\n"
    "5\t24\t28\tlead\tChemical\tC1\n5\t29\t39\tRenal pain\tDisease\tD2\n"
    "5\t41\t47\tnausea\tDisease\t-1\n5\t49\t53\tzinc\tChemical\tC2\n5\t57\t61\tlead\tChemical\tC1\n"
)
RELATIONS = "5\tCID\tC1\tD2\n5\tCID\tC1\tD1\n5\tCID\tC9\tD1\n5\tOTHER\tC2\tD1\n"
MENTIONS = (
    Mention(0, 20, "Disease"),
    Mention(24, 28, "Chemical"),
    Mention(29, 39, "Disease"),
    Mention(41, 47, "Disease"),
    Mention(49, 53, "Chemical"),
    Mention(57, 61, "Chemical"),
)


def write(folder: Path, content: str) -> None:
    (folder / FILE).write_text(content, encoding="utf-8")


def test_the_format_yields_concepts_and_relation_lines(tmp_path: Path) -> None:
    write(tmp_path, f"{TITLE}{ANNOTATIONS}5\t0\t5\tLiver\tX\n{RELATIONS}")
    (document,) = read_linked(tmp_path / FILE)
    assert document == LinkedDocument(
        Record(
            "5",
            "Liver and renal pain by lead Renal pain, nausea; zinc or lead.",
            (Mention(0, 5, "X"), *MENTIONS),
        ),
        ((), ("D1", "D2"), ("C1",), ("D2",), (), ("C2",), ("C1",)),
        (("CID", "C1", "D2"), ("CID", "C1", "D1"), ("CID", "C9", "D1"), ("OTHER", "C2", "D1")),
    )


def test_all_concept_pairs_are_instances(tmp_path: Path) -> None:
    """D2 is represented by the mention that names it alone, D1 by the one that names both."""
    write(tmp_path, f"{TITLE}{ANNOTATIONS}{RELATIONS}")
    split = read(tmp_path, "train", "original")
    (record,) = split.records
    assert record.mentions == MENTIONS
    assert record.relations == (
        Relation(1, 0, "CID", "5.C1.D1", ("C1", "D1")),
        Relation(1, 2, "CID", "5.C1.D2", ("C1", "D2")),
        Relation(4, 0, "false", "5.C2.D1", ("C2", "D1")),
        Relation(4, 2, "false", "5.C2.D2", ("C2", "D2")),
    )
    assert record.concepts == (("D1", "D2"), ("C1",), ("D2",), (), ("C2",), ("C1",))
    assert split.left_out == {
        "relations that no pair of mentions expresses": 2,
        "mentions without a concept": 1,
    }


def test_an_abstract_with_one_type_has_no_instance(tmp_path: Path) -> None:
    (tmp_path / "original").mkdir()
    write(tmp_path / "original", "5|t|Lead\n5|a|\n5\t0\t4\tLead\tChemical\tC1\n")
    (record,) = read(tmp_path, "train", "original").records
    assert (record.mentions, record.relations) == ((Mention(0, 4, "Chemical"),), ())


def test_missing_file_and_form(tmp_path: Path) -> None:
    with pytest.raises(BlurbError, match=r"B109.*bc5cdr_cid"):
        read(tmp_path, "test", "original")
    with pytest.raises(BlurbError, match=r"B158.*bc5cdr_cid"):
        read(tmp_path, "test", "blurb")


# The real corpus -------------------------------------------------------------------------------


def test_real_counts(real_data: Path) -> None:
    splits = {split: read(real_data / "bc5cdr", split, "original") for split in SPLITS}
    check_splits(splits, source="bc5cdr", disjoint_ids=True)
    counts = [
        Counter(r.label for record in split.records for r in record.relations)
        for split in splits.values()
    ]
    assert counts == [
        {"CID": 1038, "false": 4394},
        {"CID": 1012, "false": 4249},
        {"CID": 1066, "false": 4339},
    ]
    assert TASKS["bc5cdr_cid"].labels == ("CID",)
    # No relation of the files is lost.
    assert [split.left_out for split in splits.values()] == [
        {"mentions without a concept": n} for n in (76, 59, 91)
    ]


def test_real_relations_are_those_of_the_file(real_data: Path) -> None:
    """An own, much simpler parser: relation lines have four cells."""
    path = real_data / "bc5cdr" / "original" / "CDR_TestSet.PubTator.txt.xz"
    cells = [line.split("\t") for _, line in read_lines(path)]
    stored = {".".join((c[0], c[2], c[3])) for c in cells if len(c) == 4}
    records = read(real_data / "bc5cdr", "test", "original").records
    assert {r.id for record in records for r in record.relations if r.label == "CID"} == stored
