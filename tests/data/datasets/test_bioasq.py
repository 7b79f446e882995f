"""BioASQ: yes/no questions of 7b, and factoid questions of 4b to 6b in BioBERT's files."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from spacy_blurb.data.checks import check_splits
from spacy_blurb.data.counts import COUNTERS
from spacy_blurb.data.datasets.bioasq import read_bioasq
from spacy_blurb.data.datasets.bioasq_factoid import read_bioasq_factoid
from spacy_blurb.data.records import Question, Split
from spacy_blurb.errors import BlurbError


def item(question_id: str, answer: Any, kind: str = "yesno") -> dict[str, Any]:
    texts = ["Β is.\nIt is ", " so."]
    snippets = [{"text": text, "document": "x"} for text in texts]
    return {
        "id": question_id,
        "body": "Is it?",
        "type": kind,
        "snippets": snippets,
        "exact_answer": answer,
    }


def write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def to_question(question_id: str, label: str) -> Question:
    return Question(question_id, "Is it?", "Β is. It is   so.", label)


@pytest.mark.parametrize("place", ["Task7BGoldenEnriched", "golden", "."])
def test_test_is_the_yes_no_questions_of_five_batches(tmp_path: Path, place: str) -> None:
    for batch in range(1, 6):
        items = [item(f"q{batch}", "yes"), item(f"f{batch}", [["x"]], "factoid")]
        write(tmp_path / place / f"7B{batch}_golden.json", {"questions": items})
    split = read_bioasq(tmp_path, "test", "original")
    assert split == Split([to_question(f"q{batch}", "yes") for batch in range(1, 6)])
    (tmp_path / place / "7B4_golden.json").unlink()
    with pytest.raises(BlurbError, match=r"B109.*7B4_golden\.json"):
        read_bioasq(tmp_path, "test", "original")


@pytest.mark.parametrize("name", ["training7b.json", "BioASQ-training7b/trainining7b.json"])
def test_train_and_dev_are_listed(tmp_path: Path, name: str) -> None:
    items = [item("a", "yes"), item("b", "no"), item("c", "Yes"), item("d", [], "list")]
    write(tmp_path / name, {"questions": items})
    with pytest.raises(BlurbError, match=r"B109.*indexing/train_id\.tsv"):
        read_bioasq(tmp_path, "train", "original")
    (tmp_path / "train_id.tsv").write_text("c", encoding="utf-8")
    (tmp_path / "dev_id.tsv").write_text("b", encoding="utf-8")
    train = read_bioasq(tmp_path, "train", "original")
    assert train == Split([to_question("c", "yes")], {"questions in no split list": 1})
    assert read_bioasq(tmp_path, "dev", "original") == Split([to_question("b", "no")])
    (tmp_path / "dev_id.tsv").write_text("b,d,x", encoding="utf-8")
    with pytest.raises(BlurbError, match=r"B155.*lacks 2 documents.*example d"):
        read_bioasq(tmp_path, "dev", "original")


def test_bioasq_mistakes(tmp_path: Path) -> None:
    with pytest.raises(BlurbError, match=r"B156.*no training7b\.json.*--form blurb"):
        read_bioasq(tmp_path, "dev", "original")
    write(tmp_path / "training7b.json", {"questions": [item("a", "maybe")]})
    for split in ("train", "dev"):
        (tmp_path / f"{split}_id.tsv").write_text("a", encoding="utf-8")
    with pytest.raises(BlurbError, match=r"B151.*question a: expected yes or no, found 'maybe'"):
        read_bioasq(tmp_path, "train", "original")


def test_the_copy(tmp_path: Path) -> None:
    path = tmp_path / "dev.tsv"
    path.write_text("a\tIs it?\t Β is.\tno\n", encoding="utf-8")
    assert read_bioasq(tmp_path, "dev", "blurb") == Split([Question("a", "Is it?", " Β is.", "no")])
    path.write_text("a\tIs it?\tIt is.\t1\n", encoding="utf-8")
    with pytest.raises(BlurbError, match=r"B151.*line 1: expected yes or no, found '1'"):
        read_bioasq(tmp_path, "dev", "blurb")


def test_real_yes_no_questions(real_data: Path) -> None:
    folder = real_data / "bioasq"
    copy = {split: read_bioasq(folder, split, "blurb") for split in ("train", "dev", "test")}
    labels = [Counter(record.label for record in split.records) for split in copy.values()]
    assert labels == [{"yes": 552, "no": 118}, {"yes": 62, "no": 13}, {"yes": 94, "no": 46}]
    check_splits(copy, source="bioasq", disjoint_ids=True)
    assert read_bioasq(folder, "test", "original") == copy["test"]


def squad(*qas: tuple[str, str, list[dict[str, Any]] | None]) -> dict[str, Any]:
    """Make a file of (id, context, answers or None where the file gives none)."""
    paragraphs = []
    for question_id, context, answers in qas:
        entry: dict[str, Any] = {"id": question_id, "question": "What?"}
        if answers is not None:
            entry["answers"] = answers
        paragraphs.append({"context": context, "qas": [entry]})
    return {"data": [{"paragraphs": paragraphs}]}


@pytest.fixture
def factoid(tmp_path: Path) -> Path:
    """Fifteen test sets of one question with two contexts, and their golden files."""
    for year in (4, 5, 6):
        for batch in range(1, 6):
            name = f"{year}{batch}"
            contexts = squad((f"{name}_000", "The BRCA1 gene", None), (f"{name}_001", "No", None))
            path = tmp_path / f"factoid_squad/BioASQ-test-factoid-{year}b-{batch}.json"
            write(path, contexts)
            answers = [["brca1", "BRCA1"], "breast (cancer) gene"]
            golden = [item(name, answers, "factoid"), item("z", "yes")]
            write(tmp_path / f"golden/{year}B{batch}_golden.json", {"questions": golden})
    return tmp_path


def test_factoid_answers_come_from_the_golden_files(factoid: Path) -> None:
    test = read_bioasq_factoid(factoid, "test", "original")
    assert (len(test.records), COUNTERS["questions"](test.records)) == (30, 15)
    # Both spellings are the same words of the context.
    expected = ((4, "BRCA1"), (-1, "breast (cancer) gene"))
    assert test.records[0] == Question(
        "41_000", "What?", "The BRCA1 gene", answers=expected, group="41"
    )
    absent = ((-1, "brca1"), (-1, "BRCA1"), (-1, "breast (cancer) gene"))
    assert test.records[1].answers == absent
    assert [record.id for record in test.records[-2:]] == ["65_000", "65_001"]
    for split in ("train", "dev"):
        assert read_bioasq_factoid(factoid, split, "original") == Split([])


@pytest.mark.parametrize(
    ("answer", "context", "expected"),
    [
        # Inside of another word it is not the answer; behind a hyphen it is.
        ("NGF", "A meaningful anti-NGF trial", [(18, "NGF")]),
        ("NGF", "A meaningful trial", [(-1, "NGF")]),
        ("NGF", "NGF, not NGFR; ngf", [(0, "NGF"), (15, "ngf")]),
        ("(+)-CC", "The (+)-CC form", [(4, "(+)-CC")]),
        ("p53 ", "p53", [(0, "p53")]),
        (" ", "a b", [(-1, " ")]),
        ("\u03b1", "5\u03b1 and \u03b1", [(7, "\u03b1")]),
    ],
)
def test_factoid_answers_are_whole_words_and_all_places_count(
    factoid: Path, answer: str, context: str, expected: list[tuple[int, str]]
) -> None:
    path = factoid / "factoid_squad/BioASQ-test-factoid-4b-1.json"
    write(path, squad(("41_000", context, None)))
    golden = [item("41", [[answer]], "factoid")]
    write(factoid / "golden/4B1_golden.json", {"questions": golden})
    record = read_bioasq_factoid(factoid, "test", "original").records[0]
    assert list(record.answers) == expected


def test_factoid_train_leaves_the_test_questions_out(factoid: Path) -> None:
    right = [{"text": "gene", "answer_start": 2}]
    wrong = [{"text": "protein", "answer_start": 2}]
    write(factoid / "BioASQ-train-factoid-4b.json", squad(("a_001", "A gene", right)))
    later = squad(("a_001", "A gene", right), ("b", "A gene", wrong), ("52_000", "A gene", right))
    write(factoid / "factoid_squad/BioASQ-train-factoid-6b-full-annotated.json", later)
    train = read_bioasq_factoid(factoid, "train", "original")
    assert train.records == [
        Question("a_001", "What?", "A gene", answers=((2, "gene"),), group="a"),
        Question("b", "What?", "A gene", answers=((-1, "protein"),), group="b"),
    ]
    reasons = ("repeated questions", "questions of test sets", "answers not at offset")
    assert train.left_out == dict.fromkeys(reasons, 1)


def test_factoid_mistakes(factoid: Path) -> None:
    with pytest.raises(BlurbError, match=r"B158.*bioasq_factoid"):
        read_bioasq_factoid(factoid, "test", "blurb")
    write(factoid / "golden/6B5_golden.json", {"questions": []})
    with pytest.raises(BlurbError, match=r"B155.*example 65"):
        read_bioasq_factoid(factoid, "test", "original")
    (factoid / "golden/4B1_golden.json").unlink()
    with pytest.raises(BlurbError, match=r"B109.*bioasq_factoid.*golden/4B1_golden\.json"):
        read_bioasq_factoid(factoid, "test", "original")
    (factoid / "factoid_squad/BioASQ-test-factoid-4b-1.json").unlink()
    with pytest.raises(BlurbError, match=r"B109.*BioASQ-test-factoid-4b-1\.json"):
        read_bioasq_factoid(factoid, "test", "original")


def test_real_factoid_questions(real_data: Path) -> None:
    test = read_bioasq_factoid(real_data / "bioasq", "test", "original")
    check_splits({"test": test}, source="factoid", disjoint_ids=True)
    assert (len(test.records), COUNTERS["questions"](test.records)) == (1672, 472)
    found = set()
    for record in test.records:
        assert record.answers
        for start, text in record.answers:
            if start >= 0:
                assert record.context[start : start + len(text)] == text
                found.add(record.group)
    assert len(found) == 356


def test_without_the_training_file_the_copy_is_read_and_counted(tmp_path: Path) -> None:
    (tmp_path / "blurb").mkdir()
    row = "a\tIs it?\tIt is.\tyes\n"
    (tmp_path / "blurb" / "dev.tsv").write_text(row, encoding="utf-8")
    split = read_bioasq(tmp_path, "dev", "original")
    assert split.records == [Question("a", "Is it?", "It is.", "yes")]
    assert split.left_out == {
        "questions taken from BLURB's copy, as training7b.json is not there": 1
    }
