"""EBM PICO: release 2.00 and the BLURB copy."""

import io
import tarfile
from pathlib import Path

import pytest

from spacy_blurb.data.counts import COUNTERS
from spacy_blurb.data.datasets import READERS
from spacy_blurb.data.records import Mention, Record, Split
from spacy_blurb.errors import BlurbError, MissingFilesError

read = READERS["ebm_pico"]
ROOT = "ebm_nlp_2_00"
TOKENS = ["Old", "men", ".", "Took", "aspirin", "10", "mg"]
ROWS = {
    "participants": "1 1 1 1 0 0 0",
    "interventions": "0 0 0 0 1 1 1",
    "outcomes": "0 0 0 0 0 0 1",
}


def add(folder: Path, pmid: str, part: str, **rows: str) -> None:
    """Write a document of release 2.00: one token or label a line."""
    path = folder / "documents" / f"{pmid}.tokens"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(TOKENS) + "\n", encoding="utf-8")
    for element, row in rows.items():
        spans = folder / "annotations" / "aggregated" / "starting_spans" / element / part
        spans.mkdir(parents=True, exist_ok=True)
        ann = spans / f"{pmid}.AGGREGATED.ann"
        ann.write_text(row.replace(" ", "\n") + "\n", encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for pmid, part in (("11", "train"), ("12", "train"), ("13", "test/gold")):
        add(tmp_path / ROOT, pmid, part, **ROWS)
    # Annotations that are not to be read.
    add(tmp_path / ROOT, "13", "test/crowd", participants="1 1 1 1 1 1 1")
    hierarchical = tmp_path / ROOT / "annotations" / "aggregated" / "hierarchical_labels"
    (hierarchical / "participants" / "train").mkdir(parents=True)
    (hierarchical / "participants" / "train" / "11.AGGREGATED.ann").write_text("4\n" * 7)
    (tmp_path / "indexing").mkdir()
    for split, ids in {"train": "11", "dev": "12", "test": "13"}.items():
        (tmp_path / "indexing" / f"{split}_pmid.tsv").write_text(ids, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(("split", "pmid"), [("train", "11"), ("dev", "12"), ("test", "13")])
def test_release_keeps_overlaps_and_ends_mentions_with_sentences(
    folder: Path, split: str, pmid: str
) -> None:
    result = read(folder, split, "original")
    (record,) = result.records
    assert (record.id, record.text) == (pmid, "Old men . Took aspirin 10 mg")
    assert [(record.text[m.start : m.end], m.label) for m in record.mentions] == [
        ("Old men .", "Participants"),
        ("Took", "Participants"),
        ("aspirin 10 mg", "Intervention"),
        ("mg", "Outcome"),
    ]
    assert record.sentences == (0, 10)
    assert record.words is not None
    assert record.words[-1] == (26, 28)
    # "mg" has two labels.
    assert COUNTERS["words"](result.records) == 8
    assert result.left_out == {}


def test_an_element_without_a_file_has_no_labels_and_is_counted(folder: Path) -> None:
    path = f"{ROOT}/annotations/aggregated/starting_spans/outcomes/train/11.AGGREGATED.ann"
    (folder / path).unlink()
    result = read(folder, "train", "original")
    assert [m.label for m in result.records[0].mentions] == [
        "Participants",
        "Participants",
        "Intervention",
    ]
    assert result.left_out == {"documents that nobody annotated for outcomes": 1}


def test_the_archive_is_read_where_it_lies(folder: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / f"{ROOT}.tar.gz", "w:gz") as archive:
        for path in sorted((folder / ROOT).rglob("*")):
            if path.is_file():
                content = path.read_bytes()
                info = tarfile.TarInfo(path.relative_to(folder).as_posix())
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    expected = read(folder, "test", "original")
    (folder / ROOT / "documents" / "13.tokens").unlink()
    assert read(folder, "test", "original") == expected


def test_mistakes_of_a_release(folder: Path) -> None:
    add(folder / ROOT, "11", "train", outcomes="0 0 1")
    with pytest.raises(BlurbError, match=r"B133.*document 11.*7 tokens and 3 labels of outcomes"):
        read(folder, "train", "original")
    add(folder / ROOT, "11", "train", outcomes="0 0 0 0 0 0 2")
    with pytest.raises(BlurbError, match=r"B133.*7 labels of outcomes"):
        read(folder, "train", "original")
    (folder / "indexing" / "dev_pmid.tsv").write_text("12,99", encoding="utf-8")
    with pytest.raises(BlurbError, match=r"B155.*lacks 1 documents.*99"):
        read(folder, "dev", "original")
    (folder / "indexing" / "dev_pmid.tsv").write_text("98,99", encoding="utf-8")
    with pytest.raises(BlurbError, match=r"B109.*ebm_nlp_2_00\.tar\.gz"):
        read(folder, "dev", "original")


def write_release_1(folder: Path, *pmids: str) -> None:
    """Write documents as release 1.00 has them: one line, and names with an underscore."""
    (folder / "documents").mkdir(parents=True, exist_ok=True)
    for pmid in pmids:
        (folder / "documents" / f"{pmid}.tokens").write_text("Of release 1 .")
        spans = folder / "annotations" / "aggregated" / "starting_spans" / "outcomes" / "train"
        spans.mkdir(parents=True, exist_ok=True)
        (spans / f"{pmid}_AGGREGATED.ann").write_text("1,1,1,1")


@pytest.mark.parametrize("root", ["ebm_nlp_1_00", "a", "z"])
def test_release_1_beside_release_2_is_left_out_and_counted(folder: Path, root: str) -> None:
    expected = read(folder, "train", "original")
    write_release_1(folder / root, "11", "12")
    found = read(folder, "train", "original")
    assert found.records == expected.records
    assert found.left_out == {"documents of release 1.00, as 2.00 is there": 1}


@pytest.mark.parametrize("root", ["ebm_nlp_1_00", "."])
def test_release_1_alone_is_refused(tmp_path: Path, root: str) -> None:
    write_release_1(tmp_path / root, "11")
    (tmp_path / "train_pmid.tsv").write_text("11", encoding="utf-8")
    with pytest.raises(MissingFilesError, match=r"B173.*release 1\.00.*ebm_nlp_2_00\.tar\.gz"):
        read(tmp_path, "train", "original")


def test_a_token_may_hold_a_no_break_space(folder: Path) -> None:
    tokens = [*TOKENS[:5], "10\u00a0mg", "now"]
    path = folder / ROOT / "documents" / "11.tokens"
    path.write_text("\r\n".join(tokens), encoding="utf-8")
    (record,) = read(folder, "train", "original").records
    assert record.words is not None
    assert [record.text[start:end] for start, end in record.words] == tokens


COPY = (
    "-DOCSTART- (11)\n\nOld\tI-PAR\nmen\tI-PAR\naspirin\tI-INT\n.\tI-INT\n\npain\tI-OUT\n"
    "-DOCSTART- (12)\n\npain\tI-OUT\n"
)


def test_copy_is_sentences_with_one_label_a_word(tmp_path: Path) -> None:
    (tmp_path / "blurb").mkdir()
    (tmp_path / "blurb" / "dev.tsv").write_text(COPY, encoding="utf-8")
    first, second, third = read(tmp_path, "dev", "blurb").records
    assert first == Record(
        "11-1",
        "Old men aspirin .",
        (Mention(0, 7, "Participants"), Mention(8, 17, "Intervention")),
        ((0, 3), (4, 7), (8, 15), (16, 17)),
        document="1",
    )
    # A document line ends the sentence before it although no empty line does.
    assert [(r.id, r.text) for r in (second, third)] == [("11-2", "pain"), ("12-3", "pain")]


@pytest.mark.parametrize("tag", ["I-FOO", "I"])
def test_tags_of_a_copy_that_are_none(tmp_path: Path, tag: str) -> None:
    (tmp_path / "dev.tsv").write_text(COPY + f"\nmen\t{tag}\n", encoding="utf-8")
    with pytest.raises(BlurbError, match=r"B151.*dev\.tsv, sentence .*expected tags of"):
        read(tmp_path, "dev", "blurb")


def test_release_1_stands_in_for_a_missing_training_file_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "release_1_00").mkdir()
    (tmp_path / "release_1_00" / "train.tsv").write_text(COPY, encoding="utf-8")
    split: Split[Record] = read(tmp_path, "train", "blurb")
    assert split.left_out == {
        "documents with labels of release 1.00, as those of 2.00 are not there": 2
    }
    (tmp_path / "train.tsv").write_text(COPY, encoding="utf-8")
    assert read(tmp_path, "train", "blurb").left_out == {}
    with pytest.raises(BlurbError, match="B109"):
        read(tmp_path, "dev", "blurb")


def test_real_counts(real_data: Path) -> None:
    """Test is the paper's; dev has 85,321 there and train, of release 2.00, 339,167."""
    splits = {s: read(real_data / "ebm_nlp", s, "blurb") for s in ("train", "dev", "test")}
    words = [COUNTERS["words"](split.records) for split in splits.values()]
    assert words == [339929, 87308, 16364]
    documents = {
        name: {r.id.rpartition("-")[0] for r in split.records} for name, split in splits.items()
    }
    assert [len(ids) for ids in documents.values()] == [3842, 960, 191]
    assert [len(split.records) for split in splits.values()] == [40943, 10386, 2076]
    note = "documents with labels of release 1.00, as those of 2.00 are not there"
    assert [split.left_out for split in splits.values()] == [{note: 3842}, {}, {}]
