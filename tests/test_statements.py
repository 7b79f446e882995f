"""The program that writes sentences which say or deny that a drug causes a disease."""

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import Doc, DocBin

from spacy_blurb.annotations import (
    annotated_for,
    document_id,
    gold_relations,
    set_gold_entities,
)
from spacy_blurb.data.docbin import read_docbin

DRUGS = ("heparin", "insulin", "ketamine", "morphine", "naloxone", "quinine", "aspirin")
DISEASES = [
    "anemia",
    "asthma",
    "bradycardia",
    "coma",
    "fever",
    "gout",
    "hepatitis",
    "hypertensive",
    "bleeding",
]


@pytest.fixture
def names(tmp_path: Path) -> Path:
    """A corpus whose entities are the names above."""
    nlp = spacy.blank("en")
    doc = nlp.make_doc(" ".join([*DRUGS, *DISEASES]))
    labels = ["Chemical"] * len(DRUGS) + ["Disease"] * len(DISEASES)
    mentions = [(t.idx, t.idx + len(t), label) for t, label in zip(doc, labels, strict=True)]
    set_gold_entities(doc, mentions, label_sets=["bc5cdr"])
    DocBin(docs=[doc]).to_disk(tmp_path / "names.spacy")
    return tmp_path / "names.spacy"


def write(project: Path, monkeypatch: pytest.MonkeyPatch, *arguments: Any) -> list[Doc]:
    folder = project / "results" / "en_blurb_sm"
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr("sys.argv", ["write_statements.py", *map(str, arguments)])
    runpy.run_path(str(folder / "write_statements.py"), run_name="__main__")
    vocab = spacy.blank("en").vocab
    splits = (Path(arguments[2]) / f"{split}.spacy" for split in ("dev", "train"))
    return [doc for path in splits for doc in read_docbin(path, vocab)]


def test_what_is_written_relates_what_the_sentences_relate(
    project: Path, names: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = tmp_path / "given.tsv"
    given.write_text(
        "# comment\na-x\t{x} followed {a}.\nb-x a-y\tX {b}, {a}: {y}, {x}.\n-\tNo {x} of {a}.\n",
        encoding="utf-8",
    )
    docs = write(project, monkeypatch, given, names, tmp_path / "out")
    assert len({document_id(doc) for doc in docs}) == len(docs)
    seen = []
    for doc in docs:
        gold = gold_relations(doc)
        assert gold is not None
        found = [doc.text[start:end].lower() for start, end, _ in gold.mentions]
        for name, (_, _, label) in zip(found, gold.mentions, strict=True):
            assert name in (DRUGS if label == "Chemical" else DISEASES)
        assert len(set(found)) == len(found)
        related = {(found[head], found[tail]) for head, tail, label in gold.rows if label == "CID"}
        said = set()
        for sentence in re.findall(r"[^.]+\.", doc.text):
            words = re.findall(r"\w+", sentence.lower())
            seen.append(words[0] if words[0] in ("x", "no") else "followed")
            match seen[-1]:
                case "followed":
                    said.add((words[2], words[0]))
                case "x":
                    said |= {(words[1], words[4]), (words[2], words[3])}
        assert related == said
        assert doc.text[0].isupper()
    assert sorted(seen) == ["followed"] * 6 + ["no"] * 6 + ["x"] * 6
    # Neither what is asked about later nor what is no noun.
    text = " ".join(doc.text.lower() for doc in docs)
    assert not {"aspirin", "bleeding", "hypertensive"} & set(re.findall(r"\w+", text))
    again = write(project, monkeypatch, given, names, tmp_path / "again")
    assert [doc.text for doc in docs] == [doc.text for doc in again]


def test_the_project_s_sentences_teach_relations_alone(
    project: Path, names: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentences = project / "assets" / "en_blurb_sm" / "statements.tsv"
    docs = write(project, monkeypatch, sentences, names, tmp_path / "corpus")
    assert {annotated_for(doc) for doc in docs} == {("relations",)}
    dev = list(read_docbin(tmp_path / "corpus" / "dev.spacy", spacy.blank("en").vocab))
    assert len(dev) == -(-len(docs) // 10)
    rows = [gold for doc in docs if (gold := gold_relations(doc)) is not None]
    n_related = sum(len(gold.rows) for gold in rows)
    assert 0.4 < n_related / sum(len(gold.mentions) / 2 for gold in rows) < 0.6


def test_sentences_that_are_counted_are_none_that_are_learned(project: Path) -> None:
    folder = project / "results" / "en_blurb_sm"
    counted = runpy.run_path(str(folder / "count_negated.py"))
    lines = (project / "assets" / "en_blurb_sm" / "statements.tsv").read_text("utf-8").splitlines()
    learned = {re.sub(r"{\w}", "_", line.partition("\t")[2]).lower() for line in lines}
    words = {word for line in learned for word in re.findall(r"[a-z]+", line)}
    for group, sentences in counted["GROUPS"].items():
        asked = {re.sub(r"{\w+}", "_", sentence).lower() for sentence in sentences}
        assert not asked & learned
        if group.endswith("in other words"):
            for sentence in asked:
                assert set(re.findall(r"[a-z]+", sentence)) - words, sentence


@pytest.mark.parametrize(
    ("line", "message"),
    [("a-x {a} caused {x}.", "line 1"), ("a-x\t{a} died.", "line 1"), ("-\tNone.", "line 1")],
)
def test_lines_that_are_no_sentences(
    project: Path,
    names: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    line: str,
    message: str,
) -> None:
    (tmp_path / "given.tsv").write_text(line + "\n", encoding="utf-8")
    with pytest.raises(SystemExit, match=message):
        write(project, monkeypatch, tmp_path / "given.tsv", names, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_corpus_of_too_few_names(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    doc = spacy.blank("en")("heparin")
    set_gold_entities(doc, [(0, 7, "Chemical")], label_sets=["bc5cdr"])
    DocBin(docs=[doc]).to_disk(tmp_path / "few.spacy")
    (tmp_path / "given.tsv").write_text("-\tNo {x} of {a}.\n", encoding="utf-8")
    given = tmp_path / "given.tsv"
    with pytest.raises(SystemExit, match="fewer than 4 names of Chemical and Disease"):
        write(project, monkeypatch, given, tmp_path / "few.spacy", tmp_path / "out")
