"""brat folders to records: spans, relations, everything that is counted, every mistake."""

from pathlib import Path

import pytest

from spacy_blurb.data.formats.brat import read_brat
from spacy_blurb.data.records import Mention, Record, Relation, Split
from spacy_blurb.errors import BlurbError

TEXT = "Liver and skin ulcers\nafter β-blockers."


def write(
    folder: Path, annotations: str | bytes, *, text: str | bytes = TEXT, name: str = "a"
) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    for suffix, content in ((".txt", text), (".ann", annotations)):
        path.with_name(path.name + suffix).write_bytes(
            content.encode() if isinstance(content, str) else content
        )


def test_spans_and_relations(tmp_path: Path) -> None:
    lines = [
        "T2\tDrug 28 38\tβ-blockers",
        "R1\tCaused_by Arg1:T1 Arg2:T2\t",
        "T1\tDisease 0 5;15 21\tLiver ulcers",
        "T3\tSpan 15 27\tulcers after",
        "",
    ]
    for end in ("\n", "\r\n"):
        write(tmp_path, end.join(lines))
        assert read_brat(tmp_path) == Split(
            [
                Record(
                    "a",
                    TEXT,
                    (Mention(0, 21, "Disease"), Mention(15, 27, "Span"), Mention(28, 38, "Drug")),
                    relations=(Relation(0, 2, "Caused_by"),),
                )
            ],
            {"discontinuous mentions taken as one span": 1},
        )


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    lines = [
        "T1\tCause 22 27\tafter",
        "T2\tDrug 28 38\tβ-blockers",
        "E1\tCause:T1 Agent:T2",
        "E2\tCause:T1 ",
        "R1\tBefore Arg1:E1 Arg2:E2",
        "A1\tNegation E1",
        "M1\tSpeculation E1",
        "N1\tReference T2 MeSH:D000319\tbeta blockers",
        "#1\tAnnotatorNotes T1\tsure?",
        "*\tEquiv T1 T2",
    ]
    write(tmp_path, "\n".join(lines))
    (tmp_path / "b.txt").write_text("not annotated", encoding="utf-8")
    split = read_brat(tmp_path)
    assert [len(record.mentions) for record in split.records] == [2]
    assert split.left_out == {
        "events": 2,
        "relations between events": 1,
        "attributes": 2,
        "normalisations": 1,
        "notes": 1,
        "equivalences": 1,
        "texts without an .ann file": 1,
    }


def test_documents_by_name_and_folder(tmp_path: Path) -> None:
    write(tmp_path, "", name="b.1")
    write(tmp_path, "T1\tX 0 1\ta", text="a", name="sub/a")
    write(tmp_path, "", text="", name="c")
    found = read_brat(tmp_path)
    assert [record.id for record in found.records] == ["b.1", "c", "sub/a"]
    assert found.records[1] == Record("c", "")


def test_line_ends_of_the_text_count(tmp_path: Path) -> None:
    write(tmp_path, "T1\tX 3 4\tb", text="a\r\nb")
    (record,) = read_brat(tmp_path).records
    assert record.text[3:4] == "b"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("T1\tX 0 4\tLiver", r"B164.*a\.ann, line 2 \(document 'a'\).*0-4 is 'Live'"),
        ("T1\tX 0 99\tLiver", r"B165.*line 2.*mention 0-99 .* text of 39 characters"),
        ("T1\tX 5 5\t", "B165"),
        ("T1\tX 5 0\tLiver", "B165"),
        ("T1\tX 0 5;3 9\tLiver", "B164"),
        ("T1\tX 0 5 Liver", "B166.*line 2: 'T1"),
        ("T1\tX 0 5", "B166"),
        ("T1\tX zero 5\tLiver", "B166"),
        ("T1 X 0 5\tLiver", "B166"),
        ("T1\tX ² 5\tLiver", "B166"),
        (f"T1\tX 0 {'9' * 5000}\tLiver", "B166"),
        ("free text", "B166"),
        ("R1\tX Arg1:T1", "B166"),
        ("R1\tX Arg1:T8 Arg2:T9", "B168.*line 2.*names 'T8', which is no mentions"),
    ],
)
def test_mistakes_name_file_and_line(tmp_path: Path, line: str, message: str) -> None:
    write(tmp_path, f"T9\tX 0 5\tLiver\n{line}\n")
    with pytest.raises(BlurbError, match=message):
        read_brat(tmp_path)


def test_an_id_twice_matters_where_a_relation_names_it(tmp_path: Path) -> None:
    twice = "T1\tX 0 5\tLiver\nT1\tX 10 14\tskin\n"
    write(tmp_path, twice)
    assert len(read_brat(tmp_path).records[0].mentions) == 2
    write(tmp_path, f"{twice}R1\tX Arg1:T1 Arg2:T1\n")
    with pytest.raises(BlurbError, match=r"B168.*2 mentions"):
        read_brat(tmp_path)


def test_folders_that_are_no_brat(tmp_path: Path) -> None:
    with pytest.raises(BlurbError, match="B107"):
        read_brat(tmp_path)
    with pytest.raises(BlurbError, match=r"B169.*none is not a folder"):
        read_brat(tmp_path / "none")
    write(tmp_path, bytes(range(256)))
    with pytest.raises(BlurbError, match=r"B102.*a\.ann is not UTF-8 at byte 128"):
        read_brat(tmp_path)
    write(tmp_path, "", text=b"\xe9")
    with pytest.raises(BlurbError, match=r"B102.*a\.txt"):
        read_brat(tmp_path)
    (tmp_path / "a.txt").unlink()
    with pytest.raises(BlurbError, match=r"B100.*a\.txt"):
        read_brat(tmp_path)
    with pytest.raises(BlurbError, match="B169"):
        read_brat(tmp_path / "a.ann")


def test_a_byte_order_mark_before_the_first_annotation(tmp_path: Path) -> None:
    """In the text it is a character that the offsets count."""
    write(tmp_path, "\ufeffT1\tX 0 5\tLiver")
    (record,) = read_brat(tmp_path).records
    assert record.mentions == (Mention(0, 5, "X"),)


def test_white_space_at_the_ends_of_a_mention_is_trimmed(tmp_path: Path) -> None:
    write(tmp_path, "T1\tX 5 10;15 22\t and ulcers\nT2\tX 5 9\t and\nR1\tY Arg1:T1 Arg2:T2")
    split = read_brat(tmp_path)
    assert split.records[0].mentions == (Mention(6, 9, "X"), Mention(6, 21, "X"))
    assert split.records[0].relations == (Relation(1, 0, "Y"),)
    assert split.left_out == {
        "discontinuous mentions taken as one span": 1,
        "mentions with white space at an end, trimmed": 2,
    }


def test_hidden_copies_are_no_documents(tmp_path: Path) -> None:
    write(tmp_path, "T1\tDrug 28 38\tβ-blockers\n")
    write(tmp_path / ".ipynb_checkpoints", "not brat", name="a-checkpoint")
    write(tmp_path, b"\x00\x05", text=b"\x00\x05", name="._a")
    read = read_brat(tmp_path)
    assert [record.id for record in read.records] == ["a"]
    assert read.left_out == {"hidden files": 2}


def test_what_is_there_twice_is_taken_once(tmp_path: Path) -> None:
    lines = [
        "T1\tDrug 28 38\tβ-blockers",
        "T2\tDrug 28 38\tβ-blockers",
        "T3\tDisease 0 5\tLiver",
        "T4\tClass 28 38\tβ-blockers",
        "R1\tCauses Arg1:T1 Arg2:T3\t",
        "R2\tCauses Arg1:T2 Arg2:T3\t",
        # Entities at one place are never candidates; their types would make candidates of others.
        "R3\tSame Arg1:T1 Arg2:T2\t",
        "R4\tIs Arg1:T1 Arg2:T4\t",
        "",
    ]
    write(tmp_path, "\n".join(lines))
    (record,) = read_brat(tmp_path).records
    assert [mention.label for mention in record.mentions] == ["Disease", "Drug", "Class"]
    assert record.relations == (Relation(1, 0, "Causes"),)
    assert read_brat(tmp_path).left_out == {
        "repeated mentions": 1,
        "repeated relations": 1,
        "relations of a mention with itself": 2,
    }
