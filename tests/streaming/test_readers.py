"""Inputs of every format, plain and compressed, in files and folders; bad records."""

import io
import json
import lzma
import os
import re
import zlib
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import DocBin, SpanGroup

from spacy_blurb.annotations import RECORD, attach_questions
from spacy_blurb.errors import BlurbError, UnreadableFileError
from spacy_blurb.streaming import batches
from spacy_blurb.streaming.batches import read_batches
from spacy_blurb.streaming.inputs import bare_name, list_inputs
from spacy_blurb.streaming.items import START, Item, Position, Rejected
from spacy_blurb.streaming.readers import READERS

from .streams import TEXTS, compress, docbin_bytes, pubmed_xml, write_jsonl

BLANK = spacy.blank("en")


def read(path: Path, kind: str) -> list[Item | Rejected]:
    return list(READERS[kind](path, path.name, "file"))


def outline(records: list[Item | Rejected]) -> list[tuple]:
    """Number with id and text of an item, with the code of a rejected record."""
    return [
        (r.record, r.id, r.text) if isinstance(r, Item) else (r.record, r.reason[1:5])
        for r in records
    ]


@pytest.mark.parametrize("suffix", ["", ".gz", ".xz"])
def test_each_format(tmp_path: Path, suffix: str) -> None:
    contents = {
        "text": "\ufeffone\r\n\n two \nthree\u2028four".encode(),
        "jsonl": b'\xef\xbb\xbf{"text": "one"}\r\n\n{"id": 5, "text": "two", "k": [1]}',
        "docbin": docbin_bytes(["one", "two"]),
        "pubmed": pubmed_xml([("1", "A title.", "An abstract."), ("2", "", "Only this.")]),
        "medline": b"PMID- 1\nTI  - A title.\nAB  - An\n      abstract.\n\n"
        b"PMID- 2\nAB  - Only this.\n",
        "text-files": "\ufeffone\n\ntwo".encode(),
    }
    expected = {
        "text": [(1, "file:1", "one"), (3, "file:3", " two "), (4, "file:4", "three\u2028four")],
        "jsonl": [(1, "file:1", "one"), (3, "5", "two")],
        "docbin": [(1, "d0", "one"), (2, "d1", "two")],
        "pubmed": [(1, "1", "A title. An abstract."), (2, "2", "Only this.")],
        "medline": [(1, "1", "A title. An abstract."), (2, "2", "Only this.")],
        "text-files": [(1, "file", "one\n\ntwo")],
    }
    for kind, content in contents.items():
        path = tmp_path / f"{kind}{suffix}"
        path.write_bytes(compress(content, suffix))
        assert outline(read(path, kind)) == expected[kind]
    items = read(tmp_path / f"pubmed{suffix}", "pubmed")
    assert [item.title_end for item in items if isinstance(item, Item)] == [8, 0]


def test_jsonl_keeps_other_keys_and_questions(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    row = {"text": "t", "questions": ["Why?", {"id": 9, "question": "Who?", "options": ["a"]}]}
    path.write_text(json.dumps({**row, "entities": [1], "x": {"y": None}}), encoding="utf-8")
    (item,) = read(path, "jsonl")
    assert isinstance(item, Item)
    assert item.fields == {"questions": row["questions"], "x": {"y": None}}
    assert item.questions == [
        {"id": "0", "question": "Why?", "options": []},
        {"id": "9", "question": "Who?", "options": ["a"]},
    ]


def test_a_title_that_annotate_has_told_is_one(tmp_path: Path) -> None:
    """Its number is no key of the source; another one is not believed."""
    path = tmp_path / "a.jsonl"
    ends = [7, 1, 15, 16, 0, -8, True, 7.0, "7", None]
    rows = [{"text": "A title and more", "title_end": end} for end in ends]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    items = [item for item in read(path, "jsonl") if isinstance(item, Item)]
    assert [item.title_end for item in items] == [7, 1, *[0] * 8]
    assert [item.fields for item in items] == [{}] * 10


def test_ids_of_questions_are_different(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    asked = ["a", {"id": "0", "question": "b"}, {"id": 4, "question": "c"}, "d"]
    twice = [{"id": "x", "question": "a"}, {"id": "x", "question": "b"}]
    rows = [{"text": "t", "questions": questions} for questions in (asked, twice)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    first, second = read(path, "jsonl")
    assert isinstance(first, Item)
    assert [question["id"] for question in first.questions] == ["5", "0", "4", "3"]
    assert isinstance(second, Rejected)
    assert "[B167]" in second.reason
    assert "the id 'x'" in second.reason


BAD_LINES = [
    b"not",
    b"[]",
    b"null",
    b'{"id": "1"}',
    b'{"text": 5}',
    b'{"text": "\\ud800"}',
    b'{"text": "a", "k": "\\ud800"}',
    b'{"text": "a", "k": NaN}',
    b'{"text": "a", "k": 1e999}',
    b'{"text": "a", "k": ' + b"[" * 100_000,
    b'{"text": "a", "k": ' + b"9" * 5_000 + b"}",
    b'{"text": "a", "id": true}',
    b'{"text": "a", "questions": "Why?"}',
    b'{"text": "a", "questions": [3]}',
    b'{"text": "a", "questions": [{"question": "Why?", "options": [1]}]}',
    b'{"text": "\xff"}',
    b"\x00",
    b'{"text": "a", "k": ' + b"[" * 150 + b"]" * 150 + b"}",
    b'{"text": "a", "text": "b"}',
    b'{"text": "a", "k": [{"x": 1, "x": 1}]}',
]


@pytest.mark.parametrize("line", BAD_LINES)
def test_a_bad_line_is_rejected_between_good_ones(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text": "one"}\n' + line + b'\n{"text": "two"}\n')
    first, bad, last = outline(read(path, "jsonl"))
    assert (first, last) == ((1, "file:1", "one"), (3, "file:3", "two"))
    assert bad in [(2, "B167"), (2, "B102"), (2, "B177"), (2, "B178")]


def test_a_key_that_stands_twice_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a", "id": "1", "text": "b"}\n', encoding="utf-8")
    (record,) = read(path, "jsonl")
    assert isinstance(record, Rejected)
    assert "the key 'text' stands there more than once" in record.reason


def test_a_file_whose_lines_end_with_carriage_returns_alone(tmp_path: Path) -> None:
    """It is no single document; other carriage returns are part of the text."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"one\rtwo\rthree\r")
    (record,) = read(path, "text")
    assert isinstance(record, Rejected)
    assert re.match(r"\[B782\] .*a\.txt.*tr '\\r' '\\n'", record.reason)
    assert outline(read(path, "text-files")) == [(1, "file", "one\rtwo\rthree\r")]
    path.write_bytes(b"one\r")
    assert outline(read(path, "text")) == [(1, "file:1", "one")]
    path.write_bytes(b"one\rtwo\r\nthree\rfour")
    assert outline(read(path, "text")) == [
        (1, "file:1", "one\rtwo"),
        (2, "file:2", "three\rfour"),
    ]


@pytest.mark.parametrize("kind", ["text", "text-files"])
def test_utf_16_is_told(tmp_path: Path, kind: str) -> None:
    """Every line but the first is valid UTF-8, full of NULs."""
    path = tmp_path / "a.txt"
    path.write_text("one\ntwo\nthree", encoding="utf-16-le")
    found = outline(read(path, kind))
    assert {code for _, code in found} == {"B177"}
    assert len(found) == {"text": 3, "text-files": 1}[kind]


def test_a_line_without_end_does_not_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spacy_blurb.streaming.lines.MAX_RECORD_BYTES", 10)
    path = tmp_path / "a.txt"
    path.write_bytes(b"12345678\n" + b"x" * 3_000_000 + b"\n12345678901\n1234\n")
    assert outline(read(path, "text")) == [
        (1, "file:1", "12345678"),
        (2, "B763"),
        (3, "B763"),
        (4, "file:4", "1234"),
    ]
    monkeypatch.setattr("spacy_blurb.streaming.readers.MAX_RECORD_BYTES", 10)
    assert outline(read(path, "text-files")) == [(1, "B763")]


ARTICLES = [(str(n), f"Title {n}.", f"Abstract {n}.") for n in range(1, 5)]


def damaged(old: str, new: str) -> bytes:
    content = pubmed_xml(ARTICLES)
    assert content.count(old.encode()) == 1
    return content.replace(old.encode(), new.encode())


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        ("Title 2.</ArticleTitle>", "Title 2.</ArticleTitl>", {2: "B160"}),
        ("Title 2.", "&lol;", {2: "B161"}),
        ("Title 2.", "a < b", {2: "B160"}),
        ("Title 2.", "\x00", {2: "B160"}),
        ("Title 2.", "<!--", {2: "B160"}),  # what it swallows is found again
        ("Title 2.", "<![CDATA[", {2: "B160"}),
        ("Title 4.", "<![CDATA[", {4: "B160"}),
        ('<PMID Version="1">2</PMID>', "", {2: "B162"}),
        ('pubmed">2</ArticleId>', 'pubmed">2<', {2: "B160"}),
    ],
)
def test_damage_in_xml_costs_one_article(
    tmp_path: Path, old: str, new: str, codes: dict[int, str]
) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(damaged(old, new))
    expected = [
        (n, codes[n]) if n in codes else (n, str(n), f"Title {n}. Abstract {n}.")
        for n in range(1, 5)
    ]
    assert outline(read(path, "pubmed")) == expected
    # The line of the error is that of the file, also behind another one.
    if old == "Title 2.":
        path.write_bytes(path.read_bytes().replace(b"Title 3.", b"&lol;"))
        third = read(path, "pubmed")[2]
        assert isinstance(third, Rejected)
        assert "line 23:" in third.reason


def test_damage_in_xml_outside_of_articles(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    articles = [(n, str(n), f"Title {n}. Abstract {n}.") for n in range(1, 5)]
    behind = [(n + 1, *rest) for n, *rest in articles]
    bomb = '<!DOCTYPE PubmedArticleSet [<!ENTITY lol "lol">]>'
    content = pubmed_xml(ARTICLES)
    path.write_bytes(content[:39] + bomb.encode() + content[content.index(b"<PubmedArticleSet") :])
    assert outline(read(path, "pubmed")) == [(1, "B161"), *behind]
    path.write_bytes(b"junk" + content)
    assert outline(read(path, "pubmed")) == [(1, "B160"), *behind]
    path.write_bytes(content[: content.rindex(b"</PubmedArticleSet")])
    assert outline(read(path, "pubmed")) == [*articles, (5, "B160")]
    path.write_bytes(content + b"junk")
    assert outline(read(path, "pubmed")) == [*articles, (5, "B160")]
    for other in (b"", b"<html/>"):
        path.write_bytes(other)
        assert outline(read(path, "pubmed")) == [(1, "B107")]


BARE = re.compile(rb"<PubmedArticle>.*</PubmedArticle>", re.S)


@pytest.mark.parametrize("kind", ["PubmedArticle", "MedlineCitation"])
@pytest.mark.parametrize("end", [b"", b"\n</PubmedArticleSet>\n"])
def test_articles_without_a_set_around_them(tmp_path: Path, kind: str, end: bytes) -> None:
    """Each once, whether one behind the other or in a set whose first tag is gone."""
    found = BARE.search(pubmed_xml(ARTICLES))
    assert found
    content = found[0]
    if kind == "MedlineCitation":
        content = re.sub(
            rb"</?PubmedArticle>|<PubmedData>.*?</PubmedData>", b"", content, flags=re.S
        )
    path = tmp_path / "a.xml"
    path.write_bytes(content.strip() + end)
    records = read(path, "pubmed")
    assert [item.id for item in records if isinstance(item, Item)] == ["1", "2", "3", "4"]
    # The second one, which cannot be beside the first, and an end that is missing.
    assert len(records) - 4 == 1 + (not end)
    # A damaged one costs itself.
    path.write_bytes(path.read_bytes().replace(b"Title 3.", b"a < b"))
    ids = [item.id for item in read(path, "pubmed") if isinstance(item, Item)]
    assert ids == ["1", "2", "4"]


def test_articles_behind_the_end_of_a_set(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    content = pubmed_xml(ARTICLES)
    at = content.index(b"<PubmedArticle>", content.index(b"Abstract 2."))
    path.write_bytes(content[:at] + b"</PubmedArticleSet>" + content[at:])
    records = read(path, "pubmed")
    assert [r.id if isinstance(r, Item) else r.reason[1:5] for r in records] == [
        "1",
        "2",
        "B160",
        "3",
        "4",
    ]


def test_a_tag_that_is_cut_off_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(b"<PubmedArticle a='")
    assert {code for _, code in outline(read(path, "pubmed"))} == {"B160"}


def test_the_older_form_of_medline_sets(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    citation = "<MedlineCitation><PMID>{0}</PMID><Article><ArticleTitle>T{0}</ArticleTitle>{1}"
    end = "</Article></MedlineCitation>"
    bodies = [citation.format(n, "<x>" if n == 2 else "") + end for n in (1, 2, 3)]
    deleted = "<DeleteCitation><PMID>8</PMID><PMID>9</PMID></DeleteCitation>"
    path.write_text(f"<MedlineCitationSet>{''.join(bodies)}{deleted}</MedlineCitationSet>")
    assert outline(read(path, "pubmed")) == [
        (1, "1", "T1"),
        (2, "B160"),
        (3, "3", "T3"),
        (4, "B764"),
        (5, "B764"),
    ]


def test_xml_that_swallows_itself_again_and_again_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a bound every start would be tried up to the end of the file."""
    monkeypatch.setattr("spacy_blurb.data.formats.xml_recovery._MAX_REREAD", 1 << 20)
    path = tmp_path / "a.xml"
    path.write_bytes(b"<PubmedArticleSet>" + b"<PubmedArticle><![CDATA[" * 50_000)
    assert {code for _, code in outline(read(path, "pubmed"))} == {"B160"}


@pytest.mark.parametrize("suffix", [".gz", ".xz"])
@pytest.mark.parametrize("kind", ["text", "jsonl", "pubmed", "docbin", "text-files"])
def test_truncated_files_are_told(tmp_path: Path, kind: str, suffix: str) -> None:
    content = {
        "text": b"one\n" * 9,
        "jsonl": b'{"text": "one"}\n' * 9,
        "pubmed": pubmed_xml(ARTICLES),
        "docbin": docbin_bytes(TEXTS),
        "text-files": b"one",
    }[kind]
    whole = compress(content, suffix)
    path = tmp_path / f"a{suffix}"
    for length in (0, 1, 12, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        *items, last = read(path, kind)
        assert all(isinstance(item, Item) for item in items)
        assert isinstance(last, Rejected)
        assert "[B101]" in last.reason


@pytest.mark.parametrize("packing", [".gz", ".xz"])
def test_articles_before_a_cut_are_read(tmp_path: Path, packing: str) -> None:
    path = tmp_path / f"a.xml{packing}"
    texts = [" ".join(str(n * m) for m in range(7, 300)) for n in range(1, 31)]
    whole = pubmed_xml([(str(n), "T", text) for n, text in enumerate(texts, start=1)])
    packed = compress(whole, packing)
    path.write_bytes(packed[: len(packed) * 9 // 10])
    decompressor: Any = zlib.decompressobj(31) if packing == ".gz" else lzma.LZMADecompressor()
    n_whole = decompressor.decompress(path.read_bytes()).count(b"</PubmedArticle>")
    assert n_whole > 20
    *items, last = read(path, "pubmed")
    assert [item.id for item in items if isinstance(item, Item)] == [
        str(n) for n in range(1, n_whole + 1)
    ]
    assert outline([last]) == [(n_whole + 1, "B101")]


@pytest.mark.parametrize("kind", READERS)
def test_what_the_system_cannot_read_now_is_no_bad_record(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be counted, and never read again."""

    class Broken(io.BytesIO):
        def read1(self, size: int | None = -1) -> bytes:
            raise OSError(5, "Input/output error")

        def readline(self, size: int | None = -1) -> bytes:
            raise OSError(5, "Input/output error")

    (tmp_path / "a").write_bytes(b"x")
    opener = "spacy_blurb.data.formats.compressed.open"
    monkeypatch.setattr(opener, lambda *arguments: Broken(), raising=False)
    with pytest.raises(UnreadableFileError, match=r"B175.*Input/output error"):
        read(tmp_path / "a", kind)


def test_folders_and_names(tmp_path: Path) -> None:
    deep = tmp_path / "b" / "c"
    deep.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    hidden = (".a.txt", ".git/c.txt", "b/._x.xml")
    for name in ("b.txt", "a.JSONL", "b/c/x.xml.GZ", "z.spacy.xz", "b.txt.md5", *hidden):
        (tmp_path / name).write_bytes(b"")
    files, left_out = list_inputs(tmp_path, None)
    assert [(f.name, f.format) for f in files] == [
        ("a.JSONL", "jsonl"),
        ("b.txt", "text-files"),
        ("b/c/x.xml.GZ", "pubmed"),
        ("z.spacy.xz", "docbin"),
    ]
    assert [bare_name(f.name) for f in files] == ["a", "b", "b/c/x", "z"]
    assert left_out == [".a.txt", ".git", "b.txt.md5", "b/._x.xml"]
    # One that is named is read, and so is what lies in a folder that is named.
    assert len(list_inputs(tmp_path / ".a.txt", None)[0]) == 1
    assert [file.name for file in list_inputs(tmp_path / ".git", None)[0]] == ["c.txt"]
    ((file,), _) = list_inputs(tmp_path / "b.txt", None)
    assert file.format == "text"
    assert [f.format for f in list_inputs(tmp_path, "text")[0]] == ["text"] * 5


def test_what_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "in"
    for name in ("a.txt", "sub/b.txt", "closed/c.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"one")
    (folder / "gone.txt").symlink_to(tmp_path / "nowhere")
    (folder / "sub" / "back").symlink_to(folder)
    scan = os.scandir

    def scan_or_refuse(path: str) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(13, "no", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", scan_or_refuse)
    files, left_out = list_inputs(folder, None)
    assert [file.name for file in files] == ["a.txt", "sub/b.txt"]
    assert left_out == ["closed", "gone.txt", "sub/back"]


def test_mistakes_in_the_input(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("x")
    for path, kind, code in [
        (tmp_path / "no", None, "B100"),
        (tmp_path / "a.md", None, "B751"),
        (tmp_path / "a.md", "csv", "B751"),
        (tmp_path, None, "B752"),
    ]:
        with pytest.raises(BlurbError, match=code):
            list_inputs(path, kind)
    with pytest.raises(BlurbError, match=r"\.nbib or \.medline,.*A CSV .*docs/howto/annotate\.md"):
        list_inputs(tmp_path / "a.md", "csv")


def test_docs_of_a_docbin_keep_what_is_to_be_judged(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    doc = attach_questions(nlp("one two"), ["Why?"])
    DocBin(docs=[doc]).to_disk(tmp_path / "a.spacy")
    (item,) = read(tmp_path / "a.spacy", "docbin")
    assert isinstance(item, Item)
    assert item.doc


def test_a_doc_of_a_docbin_that_cannot_be_read_costs_itself(tmp_path: Path) -> None:
    docs = [BLANK(text) for text in ("one", "two", "three")]
    docs[1].spans[RECORD] = SpanGroup(docs[1], name=RECORD, attrs={"fields": "no json"})
    DocBin(docs=docs).to_disk(tmp_path / "a.spacy")
    assert outline(read(tmp_path / "a.spacy", "docbin")) == [
        (1, "file:1", "one"),
        (2, "B778"),
        (3, "file:3", "three"),
    ]


def test_docs_behind_one_that_spacy_cannot_read_are_counted(tmp_path: Path) -> None:
    docbin = DocBin(docs=[BLANK(text) for text in ("one", "two", "three", "four")])
    docbin.span_groups[1] = b"junk"
    docbin.to_disk(tmp_path / "a.spacy")
    first, second = read(tmp_path / "a.spacy", "docbin")
    assert outline([first, second]) == [(1, "file:1", "one"), (2, "B778")]
    assert isinstance(second, Rejected)
    assert "Doc 2 of" in second.reason
    assert "2 are lost with it" in second.reason


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_batches_begin_at_the_same_records_from_every_position(tmp_path: Path, size: int) -> None:
    for name in "abc":
        write_jsonl(tmp_path / f"{name}.jsonl", TEXTS)
    (tmp_path / "b.jsonl").write_bytes(b"no\n" * 4 + b'{"text": "x"}\n')
    files, _ = list_inputs(tmp_path, None)
    whole = list(read_batches(files, START, size))
    assert sum(len(b.items) + len(b.rejected) for b in whole) == 7 + 5 + 7
    assert all(len(b.items) + len(b.rejected) == size for b in whole[:-1])
    assert whole[-1].end == Position(2, 7)
    for number, batch in enumerate(whole):
        assert list(read_batches(files, batch.end, size)) == whole[number + 1 :]


def test_long_documents_make_short_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "MAX_BATCH_CHARACTERS", 10)
    write_jsonl(tmp_path / "a.jsonl", ["x" * n for n in (4, 4, 4, 30, 9, 1, 1)])
    files, _ = list_inputs(tmp_path, None)
    found = [[len(i.text) for i in b.items] for b in read_batches(files, START, 100)]
    assert found == [[4, 4, 4], [30], [9, 1], [1]]


def test_documents_with_much_beside_the_text_make_short_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"text": "x", "k": "y" * n} for n in (1, 200, 1, 1, 200)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "b.spacy").write_bytes(docbin_bytes(["one", "two"]))
    files, _ = list_inputs(tmp_path, None)
    assert [len(batch.items) for batch in read_batches(files, START, 100)] == [7]
    monkeypatch.setattr(batches, "MAX_BATCH_BYTES", 100)
    assert [len(batch.items) for batch in read_batches(files, START, 100)] == [2, 3, 1, 1]


@pytest.mark.parametrize("blank", ["", "      ", " "])
def test_articles_of_medline_text_that_people_have_edited(tmp_path: Path, blank: str) -> None:
    path = tmp_path / "a.nbib"
    path.write_text(
        "OWN - NLM\nTI  - One.\nPMID- 1\nAB  - First part.\n%s\n      Second part.\nMH  - x\n%s\n"
        "TI  - Two.\nPMID- 2\nAB  - Abs.\n".replace("%s", blank)
    )
    assert outline(read(path, "medline")) == [
        (1, "1", "One. First part. Second part."),
        (2, "2", "Two. Abs."),
    ]


def test_files_that_are_gone_when_their_turn_comes(tmp_path: Path) -> None:
    for kind in READERS:
        with pytest.raises(UnreadableFileError, match="B100"):
            read(tmp_path / "gone", kind)
        with pytest.raises(UnreadableFileError, match="B171"):
            read(tmp_path, kind)


def test_bad_articles_of_medline_text_are_set_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.nbib"
    path.write_text(
        "PMID- 1\nTI  - One.\n\nTI  - No PMID.\n\nPMID- 3\nno tag\nTI  - Three.\n"
        "PMID- 4\nTI  - Four.\n"
    )
    assert outline(read(path, "medline")) == [
        (1, "1", "One."),
        (2, "B162"),
        (3, "B163"),
        (4, "4", "Four."),
    ]
    good = [(n, str(n), f"{n}.") for n in (1, 3)]
    for bad, code in (
        (b"TI  - \xff\nAB  - Lost.", "B102"),
        (b"TI  - a\0b", "B177"),
        (b"TI  - one\rAB  - two", "B163"),
        (b"TI  - " + b"x" * 300, "B763"),
        (b"AB  - a" + b"\n      bcd" * 30, "B763"),
        (b"MH  - a" + b"\nMH  - b" * 30, "B763"),
    ):
        path.write_bytes(b"PMID- 1\nTI  - 1.\n\nPMID- 2\n%s\nAB  - x\n\nPMID- 3\nTI  - 3." % bad)
        with monkeypatch.context() as patch:
            patch.setattr("spacy_blurb.streaming.readers.MAX_RECORD_BYTES", 200)
            assert outline(read(path, "medline")) == [good[0], (2, code), good[1]]
        # Without blank lines too.
        path.write_bytes(path.read_bytes().replace(b"\n\n", b"\n"))
        with monkeypatch.context() as patch:
            patch.setattr("spacy_blurb.streaming.readers.MAX_RECORD_BYTES", 200)
            assert outline(read(path, "medline")) == [good[0], (2, code), good[1]]
    # The bad line stands before the PMID of its article.
    path.write_bytes(b"OWN - \xff\nPMID- 1\nTI  - 1.\nPMID- 2\nTI  - 2.\n")
    assert outline(read(path, "medline")) == [(1, "B102"), (2, "2", "2.")]
    path.write_text("\n")
    assert outline(read(path, "medline")) == [(1, "B107")]
