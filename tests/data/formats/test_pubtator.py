"""PubTator files to records: blocks, offsets, relations and mistakes."""

from pathlib import Path

import pytest

from spacy_blurb.data.convert import convert_own
from spacy_blurb.data.formats import READERS
from spacy_blurb.data.formats.pubtator import read_linked, read_pubtator
from spacy_blurb.data.records import Mention, Record
from spacy_blurb.errors import BlurbError

ONE = "1|t|Aspirin causes ulcers\n1|a|Ulcers bleed.\n"


def read(tmp_path: Path, content: str) -> list[Record]:
    path = tmp_path / "a.txt"
    path.write_bytes(content.encode())
    return list(read_pubtator(path))


def test_offsets_count_title_blank_abstract_and_relations_are_passed_over(tmp_path: Path) -> None:
    content = (
        f"{ONE}1\t22\t28\tUlcers\tDisease\tD1\n1\t0\t7\tAspirin\tChemical\tC1\n"
        "1\t15\t21\tulcers\tDisease\n1\tCID\tC1\tD1\n"
    )
    assert read(tmp_path, content) == [
        Record(
            "1",
            "Aspirin causes ulcers Ulcers bleed.",
            (Mention(0, 7, "Chemical"), Mention(15, 21, "Disease"), Mention(22, 28, "Disease")),
        )
    ]


@pytest.mark.parametrize("gap", ["", "\n", "\n\n \n"], ids=["none", "one", "many"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_blank_lines_between_documents_do_not_matter(tmp_path: Path, gap: str, end: str) -> None:
    content = f"{gap}{ONE}1\t0\t7\tAspirin\tX\tC1\n{gap}PMC-2|t|β\nPMC-2|a|Fever"
    first, second = read(tmp_path, content.replace("\n", end))
    assert first.mentions == (Mention(0, 7, "X"),)
    assert second == Record("PMC-2", "β Fever")


def test_title_alone_bars_and_tabs_in_text(tmp_path: Path) -> None:
    content = "a1|t|P|t|x\ty\na1\t4\t5\tx\tX\n"
    assert read(tmp_path, content) == [Record("a1", "P|t|x\ty ", (Mention(4, 5, "X"),))]


def test_overlapping_mentions_are_kept_in_text_order(tmp_path: Path) -> None:
    content = f"{ONE}1\t8\t21\tcauses ulcers\tX\n1\t0\t14\tAspirin causes\tX\n1\t0\t7\tAspirin\tX\n"
    (record,) = read(tmp_path, content)
    assert record.mentions == (Mention(0, 7, "X"), Mention(0, 14, "X"), Mention(8, 21, "X"))


def test_white_space_inside_the_stored_mention_may_differ(tmp_path: Path) -> None:
    (record,) = read(tmp_path, f"{ONE}1\t0\t14\tAspirin  causes \tX\n")
    assert record.mentions == (Mention(0, 14, "X"),)


def test_a_repeated_id_is_yielded_twice(tmp_path: Path) -> None:
    """The checks and the dataset readers decide what it means."""
    assert [record.id for record in read(tmp_path, f"{ONE}\n{ONE}")] == ["1", "1"]


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        ("1\t0\t6\tAspirin\tX", r"B106.*a\.txt, line 3 \(document 1\).*0-6 is 'Aspiri'"),
        ("1\t1\t8\tAspirin\tX", "B106.*1-8 is 'spirin '"),
        ("1\t900\t907\tAspirin\tX", "B106.*900-907 is ''"),
        ("1\t7\t0\tAspirin\tX", "B106"),
        ("1\tx\t7\tAspirin\tX", r"B105.*a\.txt, line 3"),
        ("1\t-1\t7\tAspirin\tX", "B105"),
        ("1\t²\t7\tAspirin\tX", "B105"),
        (f"1\t0\t{'9' * 5000}\tAspirin\tX", "B105"),
        ("1\t0\t7\tAspirin", "B105"),
        ("1\tCID\tC1", "B105"),
        ("2\t0\t7\tAspirin\tX", "B105"),
        ("12\t0\t7\tAspirin\tX", "B105"),
        ("free text", "B105.*line 3: 'free text' is not a PubTator line"),
        # The abstract of another document must not become this one's.
        ("2|a|Fever", "B105.*line 3"),
        # Nor may a second abstract take the place of the first.
        ("1|a|Fever", "B105.*line 3: '1.a.Fever'.*one abstract"),
        ("1\t-1\t7\tAspirin", "B105"),
        ("1\tAssociation\tC1\tD1\tX", "B105"),
        ("1\t0\t7\tAspirin\t", "B105.*line 3"),
        ("1\t29\t50\tbleed.\tX", r"B165.*a\.txt, line 3 .*29-50.* 35 char"),
        ("1\t7\t8\t \tX", r"B165.*line 3"),
    ],
)
def test_mistakes_name_file_and_line(tmp_path: Path, annotation: str, message: str) -> None:
    with pytest.raises(BlurbError, match=message):
        read(tmp_path, f"{ONE}{annotation}\n")


@pytest.mark.parametrize("content", ["", "\n \n"])
def test_file_without_documents(tmp_path: Path, content: str) -> None:
    with pytest.raises(BlurbError, match="B107"):
        read(tmp_path, content)


def test_annotation_before_any_text(tmp_path: Path) -> None:
    with pytest.raises(BlurbError, match=r"B105.*line 1"):
        read(tmp_path, "1\t0\t7\tAspirin\tX\n")


def test_relation_lines_of_biored(tmp_path: Path) -> None:
    """Its fifth column says whether the relation is a finding of the article."""
    path = tmp_path / "a.txt"
    path.write_text(f"{ONE}1\tBind\t7124\tD1\tNovel\n1\tCotreatment\tC1\tC2\tNo\n", "utf-8")
    (document,) = read_linked(path)
    assert document.relations == (("Bind", "7124", "D1"), ("Cotreatment", "C1", "C2"))
    assert document.record.mentions == ()


def test_a_mention_with_two_concepts_is_one_mention(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    row = "1\t0\t5\tfever\tDisease"
    path.write_text(f"1|t|fever\n1|a|in rats\n{row}\tD1\n{row}\tD2\n", encoding="utf-8")
    split = READERS["pubtator"](path, "Disease")
    (record,) = split.records
    assert record.mentions == (Mention(0, 5, "Disease"),)
    assert split.left_out == {"concept ids": 2, "repeated mentions": 1}


def test_own_types_and_ends_of_mentions(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    lines = "1\t0\t7\tAspirin\tDrug \n1\t14\t22\t ulcers \t\tD1\n1\tBind\tD1\tD2\tNovel\n"
    path.write_text(ONE + lines, encoding="utf-8")
    report = convert_own("pubtator", {"train": path, "dev": path}, tmp_path / "o", label="Entity")
    row = report["splits"]["train"]
    assert (row["gold"], row["lost"]) == (2, 0)
    assert row["left_out"] == {
        "mentions with white space at an end, trimmed": 1,
        "relations between concepts": 1,
        "concept ids": 1,
    }
    (document,) = read_linked(path, untyped="Entity")
    assert document.record.mentions == (Mention(0, 7, "Drug"), Mention(15, 21, "Entity"))
