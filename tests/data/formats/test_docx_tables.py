"""The first table of Word documents."""

import sys
import zipfile
from pathlib import Path

import docx
import pytest

from spacy_blurb.data.formats.docx_tables import read_docx_table
from spacy_blurb.errors import BlurbError


def test_cells_have_single_blanks(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("Before the table")
    table = document.add_table(rows=2, cols=2)
    texts = ["", "Sentence 1", "1 ", "A  β-blocker\nworks. "]
    for cell, text in zip((c for row in table.rows for c in row.cells), texts, strict=True):
        cell.text = text
    path = tmp_path / "a.docx"
    document.save(str(path))
    assert read_docx_table(path) == [["", "Sentence 1"], ["1", "A β-blocker works."]]
    empty = tmp_path / "empty.docx"
    docx.Document().save(str(empty))
    with pytest.raises(BlurbError, match=r"B107.*empty\.docx"):
        read_docx_table(empty)


def test_other_files_are_errors(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    with pytest.raises(BlurbError, match="B100"):
        read_docx_table(path)
    path.write_bytes(b"not a zip")
    with pytest.raises(BlurbError, match=r"B101.*a\.docx"):
        read_docx_table(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "no document")
    with pytest.raises(BlurbError, match="B101"):
        read_docx_table(path)
    docx.Document().save(str(path))
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for name in ("word/document.xml", "[Content_Types].xml"):
        with zipfile.ZipFile(path, "w") as archive:
            for part, content in parts.items():
                archive.writestr(part, b"<other/>" if part == name else content)
        with pytest.raises(BlurbError, match=r"B101.*a\.docx"):
            read_docx_table(path)
    docx.Document().save(str(path))
    damaged = bytearray(path.read_bytes())
    place = damaged.index(b"word/document.xml") + 40
    damaged[place : place + 60] = b"x" * 60
    path.write_bytes(damaged)
    with pytest.raises(BlurbError, match=r"B101.*a\.docx"):
        read_docx_table(path)


def test_the_missing_package_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "docx", None)
    with pytest.raises(BlurbError, match=r"pip install 'spacy-blurb\[data\]'") as error:
        read_docx_table(tmp_path / "a.docx")
    assert "\n" not in str(error.value)
