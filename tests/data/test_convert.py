"""Datasets and own files to .spacy files and a report."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from spacy.language import Language

from spacy_blurb.annotations import document_id, given_candidates, gold_entities
from spacy_blurb.cli.convert import print_report
from spacy_blurb.data import convert as convert_module
from spacy_blurb.data.convert import Target, convert_own, convert_task
from spacy_blurb.data.datasets import READERS
from spacy_blurb.data.docbin import read_docbin
from spacy_blurb.data.readers import make_predicted
from spacy_blurb.errors import BlurbError

PAPER = {"train": 3, "dev": 4, "test": 5}
CDR = """{i}|t|Aspirin
{i}|a|ulcers
{i}\t0\t7\tAspirin\tChemical\tD1
{i}\t8\t14\tulcers\tDisease\tD2
"""


def write_cdr(folder: Path, **ids: str) -> None:
    names = {"train": "TrainingSet", "dev": "DevelopmentSet", "test": "TestSet"}
    for split, letters in ids.items():
        # The second mention ends inside the token "ulcers".
        blocks = [
            f"{i}|t|Aspirin\n{i}|a|ulcers\n{i}\t0\t7\tAspirin\tChemical\n{i}\t8\t13\tulcer\tDisease\n"
            for i in letters
        ]
        path = folder / f"CDR_{names[split]}.PubTator.txt"
        path.write_text("\n".join(blocks), encoding="utf-8")


def test_convert_task_counts_gold_lost_and_left_out(nlp: Language, tmp_path: Path) -> None:
    write_cdr(tmp_path, train="abc", dev="d", test="ef")
    out = tmp_path / "out"
    report = convert_task(Target("bc5cdr"), tmp_path, out, form="original", paper=PAPER)
    counts = {"train": (3, 6, 3, 3), "dev": (1, 2, 1, 4), "test": (2, 4, 2, 5)}
    keys = ("documents", "gold", "lost", "paper")
    rows = {
        split: {
            **dict(zip(keys, row, strict=True)),
            "nested": 0,
            "parted": 0,
            "left_out": {},
            "unit": "mentions",
        }
        for split, row in counts.items()
    }
    assert report == {"task": "bc5cdr", "form": "original", "splits": rows}
    assert json.loads((out / "report.json").read_text(encoding="utf-8")) == report
    first, second = read_docbin(out / "test.spacy", nlp.vocab)
    assert [document_id(first), document_id(second)] == ["e", "f"]
    assert gold_entities(first) == [(0, 7, "Chemical"), (8, 13, "Disease")]
    assert [ent.text for ent in first.ents] == ["Aspirin"]
    assert first.spans["blurb"].attrs["label_sets"] == ["bc5cdr"]
    report = convert_task(Target("bc5_chem"), tmp_path, out, form="original", paper=PAPER)
    row = report["splits"]["test"]
    assert (row["gold"], row["lost"]) == (2, 0)
    assert row["left_out"] == {"mentions of other types": 2}


def test_rows_are_no_annotation_of_entities(nlp: Language, tmp_path: Path) -> None:
    """Their mentions are the dummies of one pair; the entities of a BC5CDR document are all."""
    tsv = "index\tsentence\tlabel\nROW\taspirin @GENE$ causes @DISEASE$\t1\n"
    for split in PAPER:
        (tmp_path / f"{split}.tsv").write_text(tsv.replace("ROW", split), encoding="utf-8")
    target = Target("gad", unit="relations", labels=("1",))
    convert_task(target, tmp_path, tmp_path / "out", form="blurb", paper=PAPER)
    (doc,) = read_docbin(tmp_path / "out" / "dev.spacy", nlp.vocab)
    assert gold_entities(doc) is None
    given = given_candidates(make_predicted(nlp, doc))
    assert given is not None
    assert given.mentions == [(8, 14, "Gene"), (22, 31, "Disease")]
    for name in ("Training", "Development", "Test"):
        path = tmp_path / f"CDR_{name}Set.PubTator.txt"
        content = CDR.format(i=name) + f"{name}\tCID\tD1\tD2\n"
        path.write_text(content, encoding="utf-8")
    target = Target("bc5cdr_cid", unit="relations", labels=("CID",), label_set="bc5cdr")
    convert_task(target, tmp_path, tmp_path / "out", form="original", paper=PAPER)
    (doc,) = read_docbin(tmp_path / "out" / "dev.spacy", nlp.vocab)
    assert gold_entities(doc) == [(0, 7, "Chemical"), (8, 14, "Disease")]


def test_convert_task_mistakes(tmp_path: Path) -> None:
    def convert(task: str = "bc5cdr", raw: Path = tmp_path, form: str = "original") -> None:
        convert_task(Target(task), raw, tmp_path / "out", form=form, paper=PAPER)

    with pytest.raises(BlurbError, match=r"B115.*'bio'. Formats: original, blurb"):
        convert(form="bio")
    with pytest.raises(BlurbError, match=r"B108.*files of bc5cdr"):
        convert(raw=tmp_path / "no")
    with pytest.raises(BlurbError, match="B109"):
        convert()
    # "ner" stands for own data in the other commands and has no reader here.
    with pytest.raises(BlurbError, match=r"B110.*'ner'.*convert-own"):
        convert(task="ner")
    write_cdr(tmp_path, train="ab", dev="c", test="a")
    with pytest.raises(BlurbError, match=r"B112.*documents a are in both train and test"):
        convert()
    write_cdr(tmp_path, train="aba", dev="c", test="d")
    with pytest.raises(BlurbError, match="B111"):
        convert()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("n_documents", "dev_ids"), [(25, ["10", "20"]), (10, ["10"]), (9, ["9"]), (2, ["2"])]
)
def test_without_a_dev_file_every_tenth_document_is_dev(
    nlp: Language, tmp_path: Path, n_documents: int, dev_ids: list[str]
) -> None:
    path = tmp_path / "train.tsv"
    path.write_text("a\tB\n\n" * n_documents, encoding="utf-8")
    report = convert_own("conll", {"train": path}, tmp_path, label="Drug")
    train = [document_id(doc) for doc in read_docbin(tmp_path / "train.spacy", nlp.vocab)]
    dev = [document_id(doc) for doc in read_docbin(tmp_path / "dev.spacy", nlp.vocab)]
    assert dev == dev_ids
    assert train == [str(n + 1) for n in range(n_documents) if str(n + 1) not in dev_ids]
    left_out = report["splits"]["train"]["left_out"]
    assert left_out == {"documents moved to dev": len(dev_ids)}
    assert report["splits"]["train"]["paper"] is None
    assert not (tmp_path / "test.spacy").exists()


def test_a_document_is_in_dev_with_all_its_sentences(nlp: Language, tmp_path: Path) -> None:
    """Two sentences each; the marks of the first file name no document."""
    path = tmp_path / "train.tsv"
    for name in ("", " D{0}"):
        text = "-DOCSTART-{1}\n\na{0}\tB\n\nb{0}\tO\n\n"
        path.write_text("".join(text.format(n, name.format(n)) for n in range(12)), "utf-8")
        report = convert_own("conll", {"train": path}, tmp_path, label="Drug")
        dev = [doc.text.strip() for doc in read_docbin(tmp_path / "dev.spacy", nlp.vocab)]
        assert dev == ["a9", "b9"]
        assert report["splits"]["train"]["left_out"] == {"documents moved to dev": 1}
        assert "in_train" not in report["splits"]["train"]
        assert report["splits"]["dev"]["in_train"] == 0
    # Of two documents the smaller one.
    text = "-DOCSTART- D\n\na\tB\n\n-DOCSTART- E\n\nb\tO\n\nc\tO\n"
    path.write_text(text, encoding="utf-8")
    report = convert_own("conll", {"train": path}, tmp_path, label="Drug")
    assert [row["documents"] for row in report["splits"].values()] == [2, 1]
    # Of one document the last sentence.
    path.write_text("-DOCSTART- D\n\na\tB\n\nb\tO\n\na\tB\n", encoding="utf-8")
    report = convert_own("conll", {"train": path}, tmp_path, label="Drug")
    assert [row["documents"] for row in report["splits"].values()] == [2, 1]
    assert report["splits"]["dev"]["in_train"] == 1


def test_questions_on_one_text_stay_together(nlp: Language, tmp_path: Path) -> None:
    """Three texts in turn; of options without a text each question is by itself."""
    path = tmp_path / "train.jsonl"
    texts = ["one", "two", "three"] * 4
    rows = [{"text": t, "question": f"{n}?", "label": "yes"} for n, t in enumerate(texts)]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    report = convert_own("questions", {"train": path, "test": path}, tmp_path, label="X")
    dev = read_docbin(tmp_path / "dev.spacy", nlp.vocab)
    assert [doc.text.strip() for doc in dev] == ["three"] * 4
    counts = {name: row.get("in_train") for name, row in report["splits"].items()}
    assert counts == {"train": None, "dev": 0, "test": 8}
    rows = [{"question": "?", "label": "1", "options": ["a", "b"]} for _ in range(10)]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    report = convert_own("questions", {"train": path}, tmp_path, label="X")
    assert [row["documents"] for row in report["splits"].values()] == [9, 1]


def test_own_files_are_read_by_format_and_label(nlp: Language, tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("a\tB\nb\tB-Y\n", encoding="utf-8")
    (tmp_path / "b.tsv").write_text("c\tO\n", encoding="utf-8")
    paths = {"train": tmp_path / "a.tsv", "dev": tmp_path / "b.tsv", "test": tmp_path / "a.tsv"}
    report = convert_own("conll", paths, tmp_path, label=" Drug")
    assert {name: row["gold"] for name, row in report["splits"].items()} == {
        "train": 2,
        "dev": 0,
        "test": 2,
    }
    (doc,) = read_docbin(tmp_path / "test.spacy", nlp.vocab)
    assert gold_entities(doc) == [(0, 1, "Drug"), (2, 3, "Y")]
    assert doc.spans["blurb"].attrs["label_sets"] == ["Drug"]
    write_cdr(tmp_path, train="ab")
    pubtator = {"train": tmp_path / "CDR_TrainingSet.PubTator.txt"}
    assert convert_own("pubtator", pubtator, tmp_path, label="X")["splits"]["dev"]["gold"] == 2
    with pytest.raises(BlurbError, match=r"B115.*'xyz'. Formats: .*conll.*pubtator"):
        convert_own("xyz", pubtator, tmp_path, label="X")
    with pytest.raises(BlurbError, match=r"B172.*label ' '.*--label"):
        convert_own("pubtator", pubtator, tmp_path, label=" ")


def test_folder_without_originals_is_read_as_the_copy(tmp_path: Path) -> None:
    for name in ("train", "devel", "test"):
        (tmp_path / f"{name}.tsv").write_text("a\tO\nfever\tB-Disease\n", encoding="utf-8")
    paper = {"train": 1, "dev": 1, "test": 2}
    report = convert_task(
        Target("ncbi_disease"), tmp_path, tmp_path / "out", form="original", paper=paper
    )
    assert report["form"] == "blurb"
    assert [row["gold"] for row in report["splits"].values()] == [1, 1, 1]
    (tmp_path / "train.tsv").unlink()
    with pytest.raises(BlurbError, match=r"B109.*form 'original'.*NCBItrainset_corpus"):
        convert_task(
            Target("ncbi_disease"), tmp_path, tmp_path / "out", form="original", paper=paper
        )


def test_one_document_cannot_be_train_and_dev(tmp_path: Path) -> None:
    path = tmp_path / "one.tsv"
    path.write_text("fever\tB\n", encoding="utf-8")
    with pytest.raises(BlurbError, match=r"B116.*1 document.*--dev"):
        convert_own("conll", {"train": path}, tmp_path / "out", label="Disease")


def test_an_earlier_conversion_leaves_nothing_behind(tmp_path: Path) -> None:
    path, out = tmp_path / "a.tsv", tmp_path / "out"
    path.write_text("fever\tB\n\nno\tO\n", encoding="utf-8")
    convert_own("conll", {"train": path, "test": path}, out, label="Disease")
    assert (out / "test.spacy").is_file()
    convert_own("conll", {"train": path}, out, label="Disease")
    assert not (out / "test.spacy").exists()


def test_an_earlier_conversion_stays_until_the_new_one_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, out = tmp_path / "a.tsv", tmp_path / "out"
    path.write_text("fever\tB\n\nno\tO\n", encoding="utf-8")
    convert_own("conll", {"train": path, "test": path}, out, label="Disease")
    before = {file.name: file.read_bytes() for file in out.iterdir()}
    write = convert_module.write_docbin

    def fail(records: Any, file: Path, *rest: Any, **settings: Any) -> Any:
        if file.name == "dev.spacy":
            raise OSError("No space left on device")
        return write(records, file, *rest, **settings)

    monkeypatch.setattr(convert_module, "write_docbin", fail)
    with pytest.raises(OSError, match="No space"):
        convert_own("conll", {"train": path}, out, label="Other")
    assert {file.name: file.read_bytes() for file in out.iterdir()} == before


def test_a_users_own_split_is_not_deleted(tmp_path: Path) -> None:
    path, out = tmp_path / "a.tsv", tmp_path / "out"
    path.write_text("fever\tB\n\nno\tO\n", encoding="utf-8")
    out.mkdir()
    (out / "test.spacy").write_bytes(b"mine")
    with pytest.raises(BlurbError, match=r"B181.*test\.spacy"):
        convert_own("conll", {"train": path}, out, label="Disease")
    assert [file.name for file in out.iterdir()] == ["test.spacy"]
    assert (out / "test.spacy").read_bytes() == b"mine"
    # Given, it is what the command is asked to write.
    convert_own("conll", {"train": path, "test": path}, out, label="Disease")
    (out / "report.json").write_text('{"mine": 1}', encoding="utf-8")
    with pytest.raises(BlurbError, match=r"B181.*report\.json"):
        convert_own("conll", {"train": path}, out, label="Disease")


def test_what_was_left_out_of_a_file_is_not_put_on_one_of_its_splits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.jsonl"
    rows = [{"id": str(n), "text": f"fever {n}", "entities": []} for n in range(10)]
    rows[9]["meta"] = "of the document that becomes dev"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    report = convert_own("jsonl", {"train": path}, tmp_path / "out", label="Disease")
    assert report["splits"]["train"]["left_out"] == {"documents moved to dev": 1}
    assert sum(report["left_out"].values()) == 1
    print_report(report, tmp_path / "out")
    assert "of the file for train and dev: 1 values of" in capsys.readouterr().out


def test_a_count_that_is_not_the_papers_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("train", "devel", "test"):
        (tmp_path / f"{name}.tsv").write_text(f"fever{name}\tB-Disease\n", encoding="utf-8")
    paper = {"train": 1, "dev": 787, "test": None}
    target = Target("ncbi_disease")
    report = convert_task(target, tmp_path, tmp_path / "out", form="blurb", paper=paper)
    print_report(report, tmp_path / "out")
    lines = capsys.readouterr().out.splitlines()
    said = [before.split()[0] for before, line in pairwise(lines) if "not the paper's" in line]
    assert said == ["dev"]


def test_a_split_without_any_mention_of_the_task(tmp_path: Path) -> None:
    for name in ("train", "devel", "test"):
        (tmp_path / f"{name}.tsv").write_text(f"fever{name}\tB-Disease\n", encoding="utf-8")
    paper = {"train": 5203, "dev": 5347, "test": 5385}
    with pytest.raises(BlurbError, match=r"B179.*no mentions for train.*5,203"):
        convert_task(Target("bc5_chem"), tmp_path, tmp_path / "o", form="blurb", paper=paper)


@pytest.mark.parametrize("task", ["s800", "linnaeus", "bc4chemd", "bc2gm", "jnlpba"])
def test_the_copy_of_another_data_set_is_not_taken(tmp_path: Path, task: str) -> None:
    for name in ("train", "devel", "test"):
        (tmp_path / f"{name}.tsv").write_text("fever\tB-Disease\n", encoding="utf-8")
    with pytest.raises(BlurbError, match=r"B151.*train\.tsv, sentence 1.*'Disease'"):
        READERS[task](tmp_path, "train", "blurb")


def test_copies_of_gad_and_ddi_are_read_by_default(tmp_path: Path) -> None:
    """As of the other data sets, although their files could be originals."""
    rows = {
        "gad": "{0}\t@GENE$ in @DISEASE$\t1\n",
        "ddi": "D.d{0}.s0.p0\t@DRUG$ or @DRUG$\tDDI-int\n",
    }
    for task, row in rows.items():
        for split in PAPER:
            path = tmp_path / task / f"{split}.tsv"
            path.parent.mkdir(exist_ok=True)
            path.write_text(row.format(split), encoding="utf-8")
        target = Target(task, unit="relations", labels=("1", "DDI-int"))
        report = convert_task(
            target, tmp_path / task, tmp_path / "out", form="original", paper=PAPER
        )
        assert report["form"] == "blurb"
        assert [row["gold"] for row in report["splits"].values()] == [1, 1, 1]


def test_a_split_that_comes_out_empty_is_said(tmp_path: Path) -> None:
    """A training file that was cut off left no dev rows, and no word of it."""
    for split in PAPER:
        text = "1\t@GENE$ in @DISEASE$\t1\n" if split != "dev" else "index\tsentence\tlabel\n"
        (tmp_path / f"{split}.tsv").write_text(text, encoding="utf-8")
    target = Target("gad", unit="relations", labels=("1",))
    with pytest.raises(BlurbError, match="B107"):
        convert_task(target, tmp_path, tmp_path / "out", form="blurb", paper=PAPER)
    folds = tmp_path / "1"
    folds.mkdir(parents=True)
    (folds / "train.tsv").write_text("@GENE$ in @DISEASE$\t1\n", encoding="utf-8")
    (folds / "test.tsv").write_text("index\tsentence\tlabel\n1\t@GENE$ x @DISEASE$\t0\n")
    with pytest.raises(BlurbError, match=r"B179.*no relations for dev, which should have 535"):
        convert_task(
            target, tmp_path, tmp_path / "out", form="original",
            paper={"train": 4261, "dev": 535, "test": 534},
        )  # fmt: skip


def test_the_report_says_why_the_copy_was_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One original that is missing makes all splits the copy's."""
    write_cdr(tmp_path, train="a", dev="b")
    for name in ("train", "devel", "test"):
        (tmp_path / f"{name}.tsv").write_text("a\tO\nfever\tB-Disease\n", encoding="utf-8")
    report = convert_task(
        Target("bc5cdr"), tmp_path, tmp_path / "out", form="original", paper=PAPER
    )
    assert report["form"] == "blurb"
    # Others are there, so that it is not "none of the files".
    assert "lacks a file of task bc5cdr" in report["missing"]
    assert "CDR_TestSet.PubTator.txt" in report["missing"]
    assert json.loads((tmp_path / "out" / "report.json").read_text("utf-8")) == report
    print_report(report, tmp_path / "out", asked="original")
    printed = capsys.readouterr().out
    assert "read the preprocessed copy" in printed
    assert "CDR_TestSet.PubTator.txt" in printed
    asked = convert_task(Target("bc5cdr"), tmp_path, tmp_path / "out", form="blurb", paper=PAPER)
    assert "missing" not in asked
