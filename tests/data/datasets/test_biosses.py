"""BIOSSES from its Word documents, from the table of pairs, and BLURB's copy."""

from pathlib import Path

import docx
import pytest

from spacy_blurb.data.checks import check_splits
from spacy_blurb.data.datasets.biosses import read_biosses
from spacy_blurb.data.records import Split, TextPair
from spacy_blurb.errors import BlurbError

SPLITS = ("train", "dev", "test")
PAIRS = [["1 ", "A  works. ", "B works."], ["2", "C.", "D."], ["3", "E.", "F."]]
SCORES = [["1", *"44321"], ["2", *"00001"], ["3", *"44444"]]
HEADER = "id\tsentence1\tsentence2\ta\tb\tc\td\te\tscore"
TRAIN = Split([TextPair("1", "A works.", "B works.", 2.8)], {"pairs in no split list": 1})


def write_docx(path: Path, rows: list[list[str]]) -> None:
    document = docx.Document()
    table = document.add_table(rows=len(rows), cols=len(rows[0]))
    for row, texts in zip(table.rows, rows, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    document.save(str(path))


def write_originals(folder: Path, scores: list[list[str]] = SCORES) -> None:
    write_docx(folder / "Annotation-Pairs.docx", [["", "Sentence 1", "Sentence 2"], *PAIRS])
    head = ["Sentence No", *(f"Annotator {letter}" for letter in "ABCDE")]
    write_docx(folder / "Annotator-Scores.docx", [head, *scores])


def write_lists(folder: Path, name: str = "indexing/{}_id.tsv", text: str = "{}") -> None:
    for split, ids in {"train": "1", "dev": "2", "test": "2"}.items():
        path = folder / name.format(split)
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.format(ids), encoding="utf-8")


def test_word_documents_and_lists(tmp_path: Path) -> None:
    write_originals(tmp_path)
    write_lists(tmp_path)
    assert read_biosses(tmp_path, "train", "original") == TRAIN
    assert read_biosses(tmp_path, "test", "original") == Split([TextPair("2", "C.", "D.", 0.2)])


def test_table_of_pairs_where_there_are_no_documents(tmp_path: Path) -> None:
    # The mean is counted again; the table's own column is not read.
    rows = [
        "\t".join([*pair, *scores[1:], "9"]) for pair, scores in zip(PAIRS, SCORES, strict=True)
    ]
    (tmp_path / "pairs.tsv").write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    write_lists(tmp_path)
    (tmp_path / "indexing" / "train_id.tsv").write_text("1 ", encoding="utf-8")
    pair = read_biosses(tmp_path, "dev", "original").records[0]
    assert pair == TextPair("2", "C.", "D.", 0.2)


@pytest.mark.parametrize("name", ["{}.tsv", "blurb/{}.tsv"])
def test_the_copy_is_a_split_list_too(tmp_path: Path, name: str) -> None:
    write_originals(tmp_path)
    write_lists(tmp_path, name, "pair_id\tsent1\tsent2\tscore\n{}\tother\ttext\t4.0\n")
    assert read_biosses(tmp_path, "train", "original") == TRAIN
    copy = read_biosses(tmp_path, "train", "blurb")
    assert copy == Split([TextPair("1", "other", "text", 4.0)])


def test_mistakes(tmp_path: Path) -> None:
    with pytest.raises(BlurbError, match=r"B109.*indexing/train_id\.tsv, .*, blurb/train\.tsv"):
        read_biosses(tmp_path, "train", "original")
    write_lists(tmp_path)
    with pytest.raises(BlurbError, match=r"B109.*Annotation-Pairs\.docx, pairs\.tsv"):
        read_biosses(tmp_path, "train", "original")
    write_originals(tmp_path, SCORES[:2])
    with pytest.raises(BlurbError, match=r"B151.*pair 3: expected two sentences and 5 scores"):
        read_biosses(tmp_path, "train", "original")
    write_originals(tmp_path, [*SCORES[:2], ["3", "4", "4", "5", "4", "4"]])
    with pytest.raises(BlurbError, match=r"B151.*pair 3: expected a score 0 to 4, found '5'"):
        read_biosses(tmp_path, "train", "original")
    row = "\t".join(["1", "a", "b", *"444444"])
    (tmp_path / "twice").mkdir()
    write_lists(tmp_path / "twice")
    (tmp_path / "twice" / "pairs.tsv").write_text(f"{row}\n{row}\n", encoding="utf-8")
    with pytest.raises(BlurbError, match=r"B111.*'1'.*pairs\.tsv"):
        read_biosses(tmp_path / "twice", "train", "original")
    write_originals(tmp_path)
    (tmp_path / "indexing" / "test_id.tsv").write_text("2,7", encoding="utf-8")
    with pytest.raises(BlurbError, match=r"B155.*lacks 1 documents.*test_id\.tsv.*example 7"):
        read_biosses(tmp_path, "test", "original")


def test_real_documents_equal_the_published_scores(real_data: Path) -> None:
    folder = real_data / "biosses"
    original = {split: read_biosses(folder, split, "original") for split in SPLITS}
    assert [len(split.records) for split in original.values()] == [64, 16, 20]
    check_splits(original, source="biosses", disjoint_ids=True)
    for split in SPLITS:
        copy = [
            TextPair(p.id, " ".join(p.first.split()), " ".join(p.second.split()), p.score)
            for p in read_biosses(folder, split, "blurb").records
        ]
        assert original[split] == Split(copy)


def test_real_table_equals_the_documents(real_data: Path, tmp_path: Path) -> None:
    for name in ("pairs.tsv", "blurb"):
        (tmp_path / name).symlink_to(real_data / "biosses" / name)
    table = read_biosses(tmp_path, "train", "original")
    assert table == read_biosses(real_data / "biosses", "train", "original")
