import gzip
import json
import lzma
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_blurb.errors import BlurbError
from spacy_blurb.pretraining import text
from spacy_blurb.pretraining.text import (
    SourceText,
    find_files,
    find_kind,
    is_held_out,
    read_documents,
    read_source,
)

TEXT = "\n\nOne α.\r\n Two. \n\n\n  \nThree.\n\nFour."
DOCUMENTS = [["One α.", "Two."], ["Three."], ["Four."]]


def test_documents_of_plain_and_compressed_files(tmp_path: Path) -> None:
    for name, opener in (("a.txt", open), ("a.xz", lzma.open), ("a.gz", gzip.open)):
        with opener(tmp_path / name, "wb") as file:
            file.write(TEXT.encode("utf-8"))
        assert list(read_documents([tmp_path / name])) == DOCUMENTS
    both = [tmp_path / "a.txt", tmp_path / "a.xz"]
    assert list(read_documents(both)) == DOCUMENTS * 2


def test_no_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text(" \n\n")
    with pytest.raises(BlurbError, match=r"B205.*empty\.txt"):
        list(read_documents([tmp_path / "empty.txt"]))
    with pytest.raises(BlurbError, match="B100"):
        list(read_documents([tmp_path / "none.txt"]))


@given(st.lists(st.text(min_size=1), min_size=1), st.floats(0, 1), st.floats(0, 1))
def test_held_out_grows_with_its_share(document: list[str], a: float, b: float) -> None:
    small, large = sorted((a, b))
    assert not is_held_out(document, 0)
    assert is_held_out(document, 1)
    assert is_held_out(document, large) or not is_held_out(document, small)


def test_held_out_share() -> None:
    n_held_out = sum(is_held_out([f"Document {number}."], 0.1) for number in range(5000))
    assert 430 < n_held_out < 570  # 500, three standard deviations of 21


def test_jsonl(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": 7, "text": "One. Two.", "more": 1}\n\n{"text": ""}\n')
    assert list(read_source(path, "jsonl")) == [
        SourceText(["One.", "Two."], "7"),
        SourceText([], ""),
    ]


@pytest.mark.parametrize(
    "line",
    ['{"id": 1}', '{"text": 1}', "[]", "{", '{"text": "\\ud800"}', '{"text": "a", "id": []}'],
)
def test_wrong_jsonl_names_file_and_line(tmp_path: Path, line: str) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "One."}\n' + line + "\n")
    with pytest.raises(BlurbError, match=r"B167.*a\.jsonl, line 2"):
        list(read_source(tmp_path / "a.jsonl", "jsonl"))


PUBMED = """<PubmedArticleSet>
<PubmedArticle><MedlineCitation><PMID Version="2">12</PMID><Article>
<ArticleTitle>Title of <i>it</i>.</ArticleTitle>
<Abstract><AbstractText Label="AIM">To see. Now.</AbstractText></Abstract>
</Article></MedlineCitation></PubmedArticle>
<DeleteCitation><PMID>3</PMID><PMID>4</PMID></DeleteCitation>
</PubmedArticleSet>"""


def test_pubmed_and_medline(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(PUBMED)
    assert list(read_source(tmp_path / "a.xml", "pubmed")) == [
        SourceText(["Title of it.", "AIM: To see.", "Now."], "12", 2),
        SourceText([], "3", -1),
        SourceText([], "4", -1),
    ]
    (tmp_path / "a.nbib").write_text("PMID- 12\nTI  - Title of\n      it.\nAB  - To see. Now.\n")
    assert list(read_source(tmp_path / "a.nbib", "medline")) == [
        SourceText(["Title of it.", "To see.", "Now."], "12", 1)
    ]


def test_format_by_name() -> None:
    names = {"a.txt": "text", "a.TXT.xz": "text", "a.jsonl.gz": "jsonl", "a.xml.gz": "pubmed"}
    for name, kind in {**names, "a.nbib": "medline"}.items():
        assert find_kind(Path(name), "auto") == kind
    assert find_kind(Path("a.xml"), "text") == "text"
    with pytest.raises(BlurbError, match=r"B220.*a\.gz.*\.jsonl"):
        find_kind(Path("a.gz"), "auto")


def test_patterns_are_taken_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b2.txt", "b10.txt", "a.txt"):
        (tmp_path / name).touch()
    patterns = [str(tmp_path / "b*.txt"), str(tmp_path / "a.txt")]
    assert [path.name for path in find_files(patterns)] == ["b10.txt", "b2.txt", "a.txt"]
    for missing in ("c*.txt", "c.txt"):
        with pytest.raises(BlurbError, match=r"B205.*c"):
            find_files([str(tmp_path / missing)])


def test_text_without_empty_lines_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "MAX_DOCUMENT_BYTES", 20)
    path = tmp_path / "a.txt"
    path.write_text("Short one.\n\n\nFirst line.\n\nTen chars.\nTen chars.\n")
    read = list(read_source(path, "text"))
    assert len(read) == 3
    path.write_text("Short one.\n\n\nFirst line.\nTen chars.\n")
    with pytest.raises(BlurbError, match=r"B228.*line 4"):
        list(read_source(path, "text"))


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl"])
def test_a_line_that_memory_cannot_hold_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(text, "MAX_DOCUMENT_BYTES", 40)
    path = tmp_path / name
    line = "x" * 40 if name == "a.txt" else json.dumps({"text": "x" * 28})
    assert len(line) == 40
    path.write_text(f"\n{line}\n")
    assert len(list(read_source(path, find_kind(path, "auto")))) == 1
    path.write_text(f"\n{line}x\n")
    with pytest.raises(BlurbError, match=r"B180.*line 2 has more than 40 bytes"):
        list(read_source(path, find_kind(path, "auto")))
