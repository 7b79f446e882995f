"""JSONL to records: the documented keys, what is counted, every mistake."""

import json
from pathlib import Path
from typing import Any

import pytest

from spacy_blurb.data.formats.jsonl import read_jsonl
from spacy_blurb.data.records import Mention, Record, Relation, Split
from spacy_blurb.errors import BlurbError

TEXT = "β-blockers cause ulcers"


def read(tmp_path: Path, content: str | bytes) -> Split[Record]:
    path = tmp_path / "a.jsonl"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_jsonl(path, untyped="Entity")


def entity(start: int, end: int, **more: Any) -> dict[str, Any]:
    return {"start": start, "end": end, **more}


def test_every_key(tmp_path: Path) -> None:
    row = {
        "id": "d1",
        "text": TEXT,
        "entities": [entity(17, 23, label="Disease", text="ulcers"), entity(0, 10)],
        "relations": [{"head": 1, "tail": 0, "label": "Causes"}, {"head": 0, "tail": 1}],
    }
    mentions = (Mention(0, 10, "Entity"), Mention(17, 23, "Disease"))
    relations = (Relation(0, 1, "Causes"), Relation(1, 0, "Entity"))
    expected = Split([Record("d1", TEXT, mentions, relations=relations)])
    for ascii_only in (True, False):
        line = json.dumps(row, ensure_ascii=ascii_only)
        assert read(tmp_path, f"\ufeff{line}\r\n\n \n") == expected


def test_defaults_and_spans(tmp_path: Path) -> None:
    rows = [
        {"text": "a", "entities": []},
        {"id": 7, "text": "", "entities": [], "relations": None},
        {"text": "ab", "spans": [entity(0, 1, label=None)]},
        {"text": "ab", "entities": [entity(0, 2, label="X")], "spans": []},
        {"text": "ab", "entities": None, "spans": [entity(0, 2, label=" X ")]},
    ]
    split = read(tmp_path, "\n".join(map(json.dumps, rows)))
    assert [record.id for record in split.records] == ["1", "7", "3", "4", "5"]
    assert [r.mentions for r in split.records] == [
        (),
        (),
        (Mention(0, 1, "Entity"),),
        (Mention(0, 2, "X"),),
        (Mention(0, 2, "X"),),
    ]


def test_unknown_keys_are_counted(tmp_path: Path) -> None:
    row = {
        "text": "ab",
        "meta": {},
        "spans": [entity(0, 1, token_start=0), entity(1, 2, token_start=0)],
        "relations": [{"head": 0, "tail": 1, "score": 1}],
    }
    assert read(tmp_path, json.dumps(row)).left_out == {
        "values of the unknown document key 'meta'": 1,
        "values of the unknown entity key 'token_start'": 2,
        "values of the unknown relation key 'score'": 1,
    }


def document(**changes: Any) -> str:
    return json.dumps({"text": TEXT, "entities": [], **changes})


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("no JSON", r"B167.*a\.jsonl, line 2: Expecting value"),
        ("[]", "B167.*line 2: document '\\[\\]' is not an object"),
        ('"text"', "B167"),
        ("[" * 100_000, "B167"),
        ('{"text": "a"}', "B167.*line 2: the key 'entities' is missing"),
        ('{"entities": []}', "B167.*the key 'text' is missing"),
        (document(text=5), "B167.*text is '5', not a string"),
        (document(id=[1]), "B167.*id is .*, not a string"),
        (document(text="a\ud800"), "B167.*surrogates"),
        (document(entities=None), "B167.*entities is 'None', not a list"),
        (document(entities=[3]), "B167.*entity '3' is not an object"),
        (
            document(entities=[entity(0, 1)], spans=[entity(0, 2)]),
            "B167.*line 2: 'entities' and 'spans' both",
        ),
        (document(entities=[entity(4, 3)]), "B165"),
        (document(text="a  b", entities=[entity(1, 3)]), "B165.*1-3"),
        (document(entities=[{"start": 0}]), "B167.*'end' is missing"),
        (document(entities=[entity(0, 1.0)]), "B167.*end is '1.0'"),  # type: ignore[arg-type]
        (document(entities=[entity(True, 2)]), "B167.*start is 'True'"),
        (document(entities=[entity(0, 1, label=2)]), "B167.*label is '2'"),
        (document(entities=[entity(0, 99)]), r"B165.*line 2 \(document '2'\): mention 0-99 .* 23"),
        (document(entities=[entity(-5, 2)]), "B165"),
        (document(entities=[entity(3, 3)]), "B165"),
        (document(entities=[entity(0, 3, text="abc")]), "B164.*0-3 is 'β-b'.*'abc'"),
        (document(relations=[{"head": 0, "tail": 1}]), "B168.*'0', which is no mentions"),
        (document(relations=[{"head": "0", "tail": 1}]), "B167.*head is '0', not a whole"),
        (document(relations=[{"head": 0}]), "B167.*'tail' is missing"),
    ],
)
def test_mistakes_name_file_and_line(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(BlurbError, match=message):
        read(tmp_path, f"{document()}\n{line}\n")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "B107"),
        ("\n \n", "B107"),
        (bytes(range(128, 256)), "B102"),
        (b"\0\1\2", "B167.*line 1"),
    ],
)
def test_files_without_documents(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(BlurbError, match=message):
        read(tmp_path, content)


def test_documents_that_prodigy_calls_wrong_are_no_gold(tmp_path: Path) -> None:
    rows = [
        {"text": "ab", "spans": [entity(0, 1)], "answer": answer}
        for answer in ("accept", "reject", "ignore", "reject", "perhaps")
    ]
    split = read(tmp_path, "\n".join(map(json.dumps, rows)))
    assert [record.id for record in split.records] == ["1", "5"]
    assert split.left_out == {
        "documents with the answer 'reject'": 2,
        "documents with the answer 'ignore'": 1,
        "values of the unknown document key 'answer'": 1,
    }
    with pytest.raises(BlurbError, match=r"B170.*a\.jsonl: all 1 documents"):
        read(tmp_path, json.dumps(rows[1]))


def test_labels_are_stripped(tmp_path: Path) -> None:
    row = {
        "text": "ab cd",
        "entities": [entity(0, 2, label="Drug "), entity(3, 5, label=" ")],
        "relations": [{"head": 0, "tail": 1, "label": "Causes\n"}],
    }
    (record,) = read(tmp_path, json.dumps(row)).records
    assert record.mentions == (Mention(0, 2, "Drug"), Mention(3, 5, "Entity"))
    assert record.relations == (Relation(0, 1, "Causes"),)


def test_white_space_at_the_ends_of_a_mention_is_trimmed(tmp_path: Path) -> None:
    """No token begins or ends there, so such mentions were all lost."""
    mentions = [entity(0, 3), entity(2, 5, text=" cd"), entity(0, 2), entity(2, 6)]
    split = read(tmp_path, json.dumps({"text": "ab cd ", "entities": mentions}))
    places = [(m.start, m.end) for m in split.records[0].mentions]
    assert places == [(0, 2), (3, 5)]
    assert split.left_out == {
        "mentions with white space at an end, trimmed": 3,
        "repeated mentions": 2,
    }
