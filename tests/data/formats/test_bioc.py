"""BioC, XML and JSON: both give the same record, and mistakes name the document."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from spacy_blurb.data.formats.bioc import read_bioc
from spacy_blurb.data.records import Mention, Record, Relation, Split
from spacy_blurb.errors import BlurbError

# "Aspirin" 0-7, the abstract begins at 8; offsets count from the document's begin.
DOCUMENT: dict[str, Any] = {
    "id": "d1",
    "passages": [
        {
            "offset": 0,
            "text": "Aspirin",
            "annotations": [
                {
                    "id": "T1",
                    "infons": {"type": "Chemical", "MESH": "D001241"},
                    "text": "Aspirin",
                    "locations": [{"offset": 0, "length": 7}],
                }
            ],
        },
        {
            "offset": 8,
            "sentences": [
                {
                    "offset": 8,
                    "text": "Liver and skin ulcers.",
                    "annotations": [
                        {
                            "id": "T2",
                            "infons": {"type": "Disease"},
                            "text": "Liver ulcers",
                            "locations": [
                                {"offset": 23, "length": 6},
                                {"offset": 8, "length": 5},
                            ],
                        },
                        {
                            "id": "T3",
                            "infons": {},
                            "locations": [{"offset": 18, "length": 11}],
                        },
                        {"id": "T4", "infons": {"type": "Topic"}, "locations": []},
                    ],
                },
                {"offset": 30, "text": "β-End."},
            ],
        },
    ],
    "relations": [
        {
            "id": "R1",
            "infons": {"type": "Causes"},
            "nodes": [{"refid": "T1", "role": "Arg1"}, {"refid": "T2", "role": "Arg2"}],
        },
        {"id": "R2", "infons": {}, "nodes": [{"refid": "R1", "role": ""}, {"refid": "T3"}]},
        {"id": "R3", "infons": {}, "nodes": [{"refid": "T1"}]},
    ],
}

EXPECTED = Split(
    [
        Record(
            "d1",
            "Aspirin Liver and skin ulcers.β-End.",
            (Mention(0, 7, "Chemical"), Mention(8, 29, "Disease"), Mention(18, 29, "Entity")),
            relations=(Relation(0, 1, "Causes"),),
        )
    ],
    {
        'infons other than "type"': 1,
        "discontinuous mentions taken as one span": 1,
        "annotations without location": 1,
        "relations of relations": 1,
        "relations with other than two nodes": 1,
    },
)


def to_xml(item: dict[str, Any], tag: str) -> str:
    attributes = {k: item[k] for k in ("refid", "role") if k in item}
    inside = "".join(f"<infon key='{k}'>{v}</infon>" for k, v in item.get("infons", {}).items())
    if tag in ("annotation", "relation"):
        attributes["id"] = item["id"]
    elif tag == "location":
        attributes = item
    else:
        inside = "".join(f"<{k}>{item[k]}</{k}>" for k in ("id", "offset") if k in item) + inside
    if "text" in item:
        inside += f"<text>{item['text']}</text>"
    for key in ("passages", "sentences", "annotations", "relations", "nodes", "locations"):
        inside += "".join(to_xml(child, key[:-1]) for child in item.get(key, ()))
    listed = "".join(f" {key}='{value}'" for key, value in attributes.items())
    return f"<{tag}{listed}>{inside}</{tag}>"


def read(tmp_path: Path, content: str | bytes, name: str = "a.xml") -> Split[Record]:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_bioc(path, untyped="Entity")


def read_document(tmp_path: Path, **changes: Any) -> Split[Record]:
    return read(tmp_path, json.dumps({"documents": [{**DOCUMENT, **changes}]}), "a.json")


def collection(*documents: str) -> str:
    head = "<?xml version='1.0'?><!DOCTYPE collection SYSTEM 'BioC.dtd'><collection>"
    return head + "<source>PubMed</source><key>k</key>" + "".join(documents) + "</collection>"


def test_xml_and_json_give_the_same_record(tmp_path: Path) -> None:
    assert read(tmp_path, collection(to_xml(DOCUMENT, "document"))) == EXPECTED
    assert read_document(tmp_path) == EXPECTED


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({"documents": [DOCUMENT]}).encode(),
        b"\xef\xbb\xbf\n " + json.dumps({"PubTator3": [DOCUMENT]}).encode(),
        json.dumps([{"source": "", "documents": []}, {"documents": [DOCUMENT]}]).encode(),
        json.dumps([DOCUMENT]).encode(),
    ],
    ids=["collection", "PubTator", "collections", "documents"],
)
def test_json_of_every_source(tmp_path: Path, content: bytes) -> None:
    assert read(tmp_path, content, "a.txt") == EXPECTED
    assert read(tmp_path, gzip.compress(content), "a.json.gz") == EXPECTED


def passage(offset: int, text: str, *spans: tuple[int, int, str | None]) -> dict[str, Any]:
    annotations = [
        {"id": str(n), "text": stored, "locations": [{"offset": start, "length": length}]}
        for n, (start, length, stored) in enumerate(spans)
    ]
    return {"offset": offset, "text": text, "annotations": annotations}


def test_gaps_between_passages_become_one_blank(tmp_path: Path) -> None:
    passages = [
        passage(100, "ab", (100, 2, "ab")),
        passage(102, "cd", (101, 3, "bcd")),
        passage(105, ""),
        passage(9_000_000_000, "ef", (9_000_000_001, 1, "f"), (105, 8_999_999_896, None)),
    ]
    with pytest.raises(BlurbError, match=r"B165.*mention 105-9000000001"):
        read_document(tmp_path, passages=passages, relations=[])
    del passages[3]["annotations"][1]
    (record,) = read_document(tmp_path, passages=passages, relations=[]).records
    assert record.text == "abcd ef"
    assert [(m.start, m.end) for m in record.mentions] == [(0, 2), (1, 4), (6, 7)]


def test_empty_documents_and_missing_lists(tmp_path: Path) -> None:
    documents = [{"id": 5, "passages": []}, {"id": "6"}, {"id": "7", "passages": [{"offset": 0}]}]
    split = read(tmp_path, json.dumps({"documents": documents}))
    assert split.records == [Record("5", ""), Record("6", ""), Record("7", "")]


def one(*spans: tuple[int, int, str | None]) -> dict[str, Any]:
    return {"passages": [passage(10, "Aspirin", *spans)], "relations": []}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            one((10, 6, "Aspirin")),
            r"B164.*a\.json, document number 1, annotation '0' \(document 'd1",
        ),
        (one((11, 7, "Aspirin")), "B165.*mention 11-18 .*text of 7 characters"),
        (one((0, 7, "Aspirin")), "B165.*mention 0-7"),
        (one((10, 0, None)), "B165"),
        (one((10, -3, None)), "B165"),
        (one((10.5, 3, None)), "B167.*document number 1: offset is '10.5', not a whole number"),  # type: ignore[arg-type]
        ({"passages": [{"text": "a"}]}, "B167.*document number 1: the key 'offset' is missing"),
        ({"passages": ["a"]}, "B167.*'a' is not an object"),
        ({"passages": {"a": 1}}, "B167.*passages is .*, not a list"),
        ({"passages": [passage(0, "ab"), passage(1, "cd")]}, "B167.*offset 1 begins before 2"),
        ({"passages": [passage(0, "a\ud800")], "relations": []}, "B167.*surrogates"),
        ({"id": None}, "B167.*id is 'None', not a string"),
        ({"relations": [{"nodes": [{"refid": "T1"}, {"refid": "T9"}]}]}, "B168.*'T9', which is no"),
        ({"relations": [{"nodes": [{"refid": "T1"}, {}]}]}, "B167.*'refid' is missing"),
        ({"relations": [3]}, "B167"),
    ],
)
def test_mistakes_name_file_and_document(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(BlurbError, match=message):
        read_document(tmp_path, **changes)


def test_a_relation_of_an_ambiguous_annotation(tmp_path: Path) -> None:
    passages = [passage(0, "ab", (0, 1, None)), passage(3, "cd", (3, 1, None))]
    split = read_document(tmp_path, passages=passages, relations=[])
    assert len(split.records[0].mentions) == 2
    relations = [{"nodes": [{"refid": "0"}, {"refid": "0"}]}]
    with pytest.raises(BlurbError, match=r"B168.*'0', which is 2 mentions"):
        read_document(tmp_path, passages=passages, relations=relations)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "B107"),
        (" \n", "B160"),
        ("{}", "B167.*the whole file: the key 'documents' is missing"),
        ("[1]", "B167.*'1' is not an object"),
        ('{"documents": [{', "B167.*Expecting"),
        ('{"documents": []}', "B107"),
        ("[" * 100_000, "B167"),
        ('{"documents": [' + "9" * 5000 + "]}", "B167"),
        (b'{"a": "\xff"}', "B102.*byte 7"),
        (bytes(range(1, 256)), "B160"),
        (collection(), "B107"),
        (collection("<document><passage/></document>"), "B167.*line 1: the key 'id' is missing"),
        (
            collection("\n<document><id>1</id><passage><offset>x</offset></passage></document>"),
            "B167.*line 2: invalid literal",
        ),
        (
            collection(
                "<document><id>1</id><annotation id='1'><location/></annotation></document>"
            ),
            "B167.*'offset' is missing",
        ),
        ('<!DOCTYPE c [<!ENTITY a "b">]><c><document><id>&a;</id></document></c>', "B161"),
        ("<collection><document>", "B160"),
    ],
)
def test_what_is_no_bioc(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(BlurbError, match=message):
        read(tmp_path, content)
