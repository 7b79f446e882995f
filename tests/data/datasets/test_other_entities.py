"""BC4CHEMD, LINNAEUS and Species-800, by files in the published formats: no copy is here."""

from pathlib import Path

import pytest

from spacy_blurb.data.datasets import READERS
from spacy_blurb.errors import BlurbError


def texts(folder: Path, task: str, split: str) -> dict[str, list[str]]:
    records = READERS[task](folder, split, "original").records
    return {r.id: [r.text[m.start : m.end] for m in r.mentions] for r in records}


def write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode("utf-8"))


# BC4CHEMD ----------------------------------------------------------------------------------------


@pytest.fixture
def chemdner(tmp_path: Path) -> Path:
    folder = tmp_path / "chemdner_corpus"
    for part in ("training", "development", "evaluation"):
        abstracts = f"1{part}\tAspirin and α-tocopherol\tNaCl was given.\n2\tNothing\tAt all.\n"
        write(folder / f"{part}.abstracts.txt", abstracts)
        rows = [(1, "T", 12, 24, "α-tocopherol", "TRIVIAL"), (1, "A", 0, 4, "NaCl", "FORMULA")]
        rows += [(1, "T", 0, 7, "Aspirin", "TRIVIAL")]
        lines = ["\t".join(map(str, row)).replace("1", f"1{part}", 1) for row in rows]
        write(folder / f"{part}.annotations.txt", "\n".join(lines) + "\n")
    return tmp_path


def test_chemdner_offsets_count_in_title_or_abstract(chemdner: Path) -> None:
    for split, part in {"train": "training", "dev": "development", "test": "evaluation"}.items():
        assert texts(chemdner, "bc4chemd", split) == {
            f"1{part}": ["Aspirin", "α-tocopherol", "NaCl"],
            "2": [],
        }
    record = READERS["bc4chemd"](chemdner, "test", "original").records[0]
    assert record.text == "Aspirin and α-tocopherol NaCl was given."
    assert {m.label for m in record.mentions} == {"Chemical"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("2\tT\t0\t3\tabc\tX", r"B164.*line 1.*'2'.*0-3 is 'Not'.*'abc'"),
        ("2\tB\t0\t3\tNot\tX", r"B134.*line 1"),
        ("2\tT\tx\t3\tNot\tX", r"B134.*line 1"),
        ("2\tT\t\t3\tNot\tX", r"B134.*line 1"),
        (f"2\tT\t{'0' * 5000}\t3\tNot\tX", r"B134.*line 1"),
        ("9\tT\t0\t3\tNot\tX", r"B135.*'9'"),
    ],
)
def test_chemdner_mistakes(chemdner: Path, line: str, message: str) -> None:
    write(chemdner / "chemdner_corpus" / "training.annotations.txt", line + "\n")
    with pytest.raises(BlurbError, match=message):
        READERS["bc4chemd"](chemdner, "train", "original")
    write(chemdner / "chemdner_corpus" / "training.abstracts.txt", "2\tNot\ta\n2\tNot\tb\n")
    with pytest.raises(BlurbError, match=r"B111.*'2'.*training\.abstracts\.txt"):
        READERS["bc4chemd"](chemdner, "train", "original")
    write(chemdner / "chemdner_corpus" / "training.abstracts.txt", "1\tonly a title\n")
    with pytest.raises(BlurbError, match=r"B154.*line 1.*3 columns, found 2"):
        READERS["bc4chemd"](chemdner, "train", "original")


# LINNAEUS ----------------------------------------------------------------------------------------


@pytest.fixture
def linnaeus(tmp_path: Path) -> Path:
    root = tmp_path / "manual-corpus-species-1.0"
    write(root / "txt" / "pmcA1.txt", "Mice\r\nand Ω rats.\n")
    write(root / "txt" / "pmcA2.txt", "No animals.\n")
    table = "#species id\tdocument\tstart\tend\ttext\tcode\n"
    table += "species:ncbi:10090\tpmcA1\t0\t4\tMice\t\nspecies:ncbi:10116\tpmcA1\t12\t16\trats\tc\n"
    write(root / "tags.tsv", table + "species:ncbi:10090\tpmcA1\t0\t4\tMice\t\n")
    write(root / "filtered_tags.tsv", table)
    write(tmp_path / "split" / "train.txt", "pmcA1\n")
    write(tmp_path / "split" / "devel.txt", "pmcA2\n")
    return tmp_path


def test_linnaeus_is_divided_by_lists_and_keeps_line_ends(linnaeus: Path) -> None:
    assert texts(linnaeus, "linnaeus", "train") == {"pmcA1": ["Mice", "rats"]}
    assert texts(linnaeus, "linnaeus", "dev") == {"pmcA2": []}
    assert READERS["linnaeus"](linnaeus, "train", "original").left_out == {"repeated mentions": 1}
    assert READERS["linnaeus"](linnaeus, "dev", "original").left_out == {}
    with pytest.raises(BlurbError, match=r"B132.*linnaeus.*split/test\.txt.*spyysalo"):
        READERS["linnaeus"](linnaeus, "test", "original")


def test_linnaeus_mistakes(linnaeus: Path) -> None:
    table = linnaeus / "manual-corpus-species-1.0" / "tags.tsv"
    write(table, "#\nspecies:ncbi:1\tpmcA1\t0\t3\tMice\t\n")
    with pytest.raises(BlurbError, match=r"B164.*line 2.*0-3 is 'Mic'"):
        READERS["linnaeus"](linnaeus, "train", "original")
    write(table, "#\nspecies:ncbi:1\tpmcA7\t0\t3\tMice\t\n")
    with pytest.raises(BlurbError, match=r"B135.*line 2.*'pmcA7'"):
        READERS["linnaeus"](linnaeus, "train", "original")
    for wrong in ("pmcA1", "pmcA1\t\t3\tMice\t", f"pmcA1\t{'0' * 5000}\t3\tMice\t"):
        write(table, f"#\nspecies:ncbi:1\t{wrong}\n")
        with pytest.raises(BlurbError, match=r"B134.*line 2"):
            READERS["linnaeus"](linnaeus, "train", "original")
    write(linnaeus / "split" / "train.txt", "pmcA1 pmcA8\n")
    with pytest.raises(BlurbError, match=r"B155.*lacks 1.*pmcA8"):
        READERS["linnaeus"](linnaeus, "train", "original")


# Species-800 -------------------------------------------------------------------------------------


@pytest.fixture
def s800(tmp_path: Path) -> Path:
    write(tmp_path / "abstracts" / "bact001.txt", "On Σ E. coli\n\nIt grew.\n")
    write(tmp_path / "abstracts" / "bact002.txt", "Nothing\n\nAt all.\n")
    write(tmp_path / "S800.tsv", "562\tbact001:77\t5\t11\tE. coli\n")
    names = "bact001\tPMID:77\tbacteriology\t1\tJ\nbact002\tPMID:78\tbacteriology\t1\tJ\n"
    write(tmp_path / "pubmedid.tsv", names)
    write(tmp_path / "split" / "test.txt", "78\n77\n")
    return tmp_path


def test_s800_ids_are_pmids_and_last_characters_belong_to_mentions(s800: Path) -> None:
    assert texts(s800, "s800", "test") == {"78": [], "77": ["E. coli"]}
    with pytest.raises(BlurbError, match="B132"):
        READERS["s800"](s800, "train", "original")
    for wrong in ("bact001\t5\t11", "bact001:77\t\t11", f"bact001:77\t5\t{'1' * 5000}"):
        write(s800 / "S800.tsv", f"562\t{wrong}\tE. coli\n")
        with pytest.raises(BlurbError, match=r"B134.*line 1"):
            READERS["s800"](s800, "test", "original")
    write(s800 / "pubmedid.tsv", "bact001\n")
    with pytest.raises(BlurbError, match=r"B134.*DOCUMENT<tab>PMID"):
        READERS["s800"](s800, "test", "original")
    (s800 / "pubmedid.tsv").unlink()
    with pytest.raises(BlurbError, match=r"B109.*pubmedid\.tsv"):
        READERS["s800"](s800, "test", "original")


# All three ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("task", "label"), [("bc4chemd", "Chemical"), ("linnaeus", "Species"), ("s800", "Species")]
)
def test_conll_copies(tmp_path: Path, task: str, label: str) -> None:
    write(tmp_path / "devel.tsv", "E.\tB\ncoli\tI\ngrew\tO\n\nNaCl\tB-" + label.upper() + "\n")
    first, second = READERS[task](tmp_path, "dev", "blurb").records
    assert [(m.start, m.end, m.label) for m in first.mentions] == [(0, 7, label)]
    assert [(m.start, m.end, m.label) for m in second.mentions] == [(0, 4, label)]
    for form in ("original", "blurb"):
        with pytest.raises(BlurbError, match=rf"B109.*task {task}, form '{form}'"):
            READERS[task](tmp_path / "abstracts", "test", form)
