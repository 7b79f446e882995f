"""PubMedQA with the division drawn again, and with given ones."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from spacy_blurb.data.checks import check_splits
from spacy_blurb.data.datasets.pubmedqa import read_pubmedqa
from spacy_blurb.data.formats.compressed import read_lines
from spacy_blurb.data.records import Question, Split
from spacy_blurb.errors import BlurbError

SPLITS = ("train", "dev", "test")


def item(label: str, **changes: Any) -> dict[str, Any]:
    contexts = ["Β was given.", "It helped."]
    return {"QUESTION": "Does it?", "CONTEXTS": contexts, "final_decision": label, **changes}


def write(path: Path, content: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def test_original_is_divided_by_label(tmp_path: Path) -> None:
    labels = ["yes"] * 44 + ["no"] * 40 + ["maybe"] * 12
    write(tmp_path / "ori_pqal.json", {str(n): item(label) for n, label in enumerate(labels)})
    splits = {split: read_pubmedqa(tmp_path, split, "original") for split in SPLITS}
    check_splits(splits, source="pubmedqa", disjoint_ids=True)
    assert {record.id for split in splits.values() for record in split.records} == {
        str(n) for n in range(96)
    }
    counts = Counter(record.label for record in splits["test"].records)
    assert counts == {"yes": 22, "no": 20, "maybe": 6}
    # A tenth of the 48 others, rounded up for each label: 3 + 2 + 1, and one moved to the last.
    assert len(splits["dev"].records) == 5
    question = Question("0", "Does it?", "Β was given. It helped.", "yes")
    assert question in [record for split in splits.values() for record in split.records]


def test_files_of_another_kind(tmp_path: Path) -> None:
    write(tmp_path / "ori_pqal.json", {"1": item("yes"), "2": item("no")})
    with pytest.raises(BlurbError, match=r"B151.*expected 1,000 questions, found 2"):
        read_pubmedqa(tmp_path, "train", "original")
    write(tmp_path / "test_set.json", {"1": item("yes", CONTEXTS=["a", 1])})
    with pytest.raises(BlurbError, match=r"B151.*question 1: expected a list of strings"):
        read_pubmedqa(tmp_path, "test", "blurb")


def test_reasoning_free_reads_the_conclusion(tmp_path: Path) -> None:
    labels = ["yes"] * 44 + ["no"] * 40
    items = {str(n): item(y, LONG_ANSWER=f"So {y}.") for n, y in enumerate(labels)}
    write(tmp_path / "ori_pqal.json", items)
    for split in SPLITS:
        free = read_pubmedqa(tmp_path, split, "original", reasoning_free=True).records
        required = read_pubmedqa(tmp_path, split, "original").records
        assert [record.id for record in free] == [record.id for record in required]
        assert [record.context for record in free] == [f"So {record.label}." for record in free]
    del items["0"]["LONG_ANSWER"]
    write(tmp_path / "ori_pqal.json", items)
    with pytest.raises(BlurbError, match=r"B151.*question 0: expected the key 'LONG_ANSWER'"):
        [read_pubmedqa(tmp_path, split, "original", reasoning_free=True) for split in SPLITS]


def test_another_ground_truth_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "ori_pqal.json", {str(n): item("yes") for n in range(40)})
    write(tmp_path / "test_ground_truth.json", {"1": "yes"})
    assert read_pubmedqa(tmp_path, "train", "original").records
    with pytest.raises(BlurbError, match=r"B151.*test split.*test_ground_truth\.json"):
        read_pubmedqa(tmp_path, "test", "original")


def test_given_divisions(tmp_path: Path) -> None:
    write(tmp_path / "ori_pqal.json", {"1": item("yes"), "2": item("no")})
    (tmp_path / "split_fold0.tsv").write_text("pmid\tsplit\n2\tdev\n1\ttest\n", encoding="utf-8")
    question = Question("2", "Does it?", "Β was given. It helped.", "no")
    assert read_pubmedqa(tmp_path, "dev", "blurb") == Split([question])
    write(tmp_path / "pqal_fold0" / "dev_set.json", {"3": item("maybe")})
    assert [record.id for record in read_pubmedqa(tmp_path, "dev", "blurb").records] == ["3"]
    (tmp_path / "split_fold0.tsv").write_text("pmid\tsplit\n9\ttrain\n", encoding="utf-8")
    with pytest.raises(BlurbError, match=r"B155.*example 9"):
        read_pubmedqa(tmp_path, "train", "blurb")


def test_mistakes(tmp_path: Path) -> None:
    with pytest.raises(BlurbError, match=r"B109.*ori_pqal\.json"):
        read_pubmedqa(tmp_path, "train", "original")
    write(tmp_path / "ori_pqal.json", {"1": item("perhaps")})
    with pytest.raises(BlurbError, match=r"B151.*question 1: expected one of yes, no, maybe"):
        read_pubmedqa(tmp_path, "train", "original")
    write(tmp_path / "train_set.json", {"1": item("yes", CONTEXTS="text")})
    with pytest.raises(BlurbError, match=r"B151.*question 1, 'CONTEXTS': expected a list"):
        read_pubmedqa(tmp_path, "train", "blurb")


def test_real_division_is_the_published_one(real_data: Path) -> None:
    folder = real_data / "pubmedqa"
    splits = {split: read_pubmedqa(folder, split, "original") for split in SPLITS}
    check_splits(splits, source="pubmedqa", disjoint_ids=True)
    labels = {name: Counter(r.label for r in split.records) for name, split in splits.items()}
    assert labels == {
        "train": {"yes": 249, "no": 152, "maybe": 49},
        "dev": {"yes": 27, "no": 17, "maybe": 6},
        "test": {"yes": 276, "no": 169, "maybe": 55},
    }
    listed = [tuple(line.split("\t")) for _, line in read_lines(folder / "split_fold0.tsv")][1:]
    assert listed == [(r.id, name) for name, split in splits.items() for r in split.records]
    for split in SPLITS:
        assert read_pubmedqa(folder, split, "blurb") == splits[split]


def test_the_divided_files_of_the_repository(tmp_path: Path) -> None:
    """The authors' script writes them below `data/`."""
    (tmp_path / "data").mkdir()
    for name in ("pqal_fold0/train", "pqal_fold0/dev", "test"):
        write(tmp_path / "data" / f"{name}_set.json", {name: item("yes")})
    write(tmp_path / "data" / "ori_pqal.json", {"0": item("no")})
    ids = [read_pubmedqa(tmp_path, split, "blurb").records[0].id for split in SPLITS]
    assert ids == ["pqal_fold0/train", "pqal_fold0/dev", "test"]
