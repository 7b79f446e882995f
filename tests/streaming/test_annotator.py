"""One batch: documents that the pipeline fails on, questions, memory, other processes."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from spacy_blurb.annotations import RECORD, doc_questions, set_answers, set_record, set_vector
from spacy_blurb.errors import BlurbError
from spacy_blurb.streaming.annotator import Annotator
from spacy_blurb.streaming.items import Item

from .streams import read_everything, read_rows, rejected, run, write_jsonl


def with_component(function: Any, name: str) -> Language:
    """A blank pipeline whose only component is a function."""
    nlp = spacy.blank("en")
    Language.component(name, func=function)
    nlp.add_pipe(name)
    return nlp


def test_documents_that_the_pipeline_fails_on_are_set_aside(tmp_path: Path) -> None:
    def fail_on_poison(doc: Doc) -> Doc:
        if "poison" in doc.text:
            raise RuntimeError(f"cannot stand {object()}\nsecond line")
        return doc

    texts = ["one", "poison", "two", "x" * 51, "three"]
    source = write_jsonl(tmp_path / "a.jsonl", texts)
    nlp = with_component(fail_on_poison, "test_poison")
    nlp.max_length = 50
    with pytest.raises(BlurbError, match=r"B757.*E088"):
        run(nlp, source, tmp_path / "o.jsonl")
    nlp.max_length = 60
    source = write_jsonl(tmp_path / "a.jsonl", [*texts[:3], "x" * 61, "three"])
    run(nlp, source, tmp_path / "o.jsonl")
    assert [row["text"] for row in read_rows(tmp_path / "o.jsonl")] == ["one", "two", "three"]
    assert rejected(tmp_path / "o.jsonl") == [("a.jsonl", 2, "B762"), ("a.jsonl", 4, "B762")]
    (reason, _) = read_rows(tmp_path / "o.jsonl.rejected.jsonl")
    assert "RuntimeError: cannot stand <object object at 0x…>." in reason["reason"]
    assert "E088" in (tmp_path / "o.jsonl.rejected.jsonl").read_text("utf-8")


def test_a_pipeline_that_leaves_docs_out(tmp_path: Path) -> None:
    def fail(doc: Doc) -> Doc:
        if "bad" in doc.text:
            raise ValueError("bad")
        return doc

    nlp = with_component(fail, "test_left_out")
    nlp.set_error_handler(lambda name, component, docs, error: None)
    source = write_jsonl(tmp_path / "a.jsonl", ["a", "bad", "b"])
    run(nlp, source, tmp_path / "o.jsonl")
    assert [row["text"] for row in read_rows(tmp_path / "o.jsonl")] == ["a", "b"]
    assert rejected(tmp_path / "o.jsonl") == [("a.jsonl", 2, "B762")]


def test_a_pipeline_that_cannot_annotate_anything(tmp_path: Path) -> None:
    def fail(doc: Doc) -> Doc:
        raise RuntimeError("never")

    source = write_jsonl(tmp_path / "a.jsonl", ["a"])
    with pytest.raises(BlurbError, match=r"B757.*RuntimeError: never"):
        run(with_component(fail, "test_never"), source, tmp_path / "o.jsonl")
    with pytest.raises(BlurbError, match="B758"):
        run(spacy.blank("en"), source, tmp_path / "o.jsonl", vector=True)
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


def test_a_pipeline_that_breaks_on_the_way(tmp_path: Path) -> None:
    """As one does that has lost its GPU: the rest is not rejected but waits."""
    calls = []

    def fail(doc: Doc) -> Doc:
        calls.append(doc.text)
        if 8 < len(calls) < 100:
            raise RuntimeError("CUDA error")
        return doc

    nlp = with_component(fail, "test_breaks")
    source = write_jsonl(tmp_path / "a.jsonl", [f"text {n}" for n in range(20)])
    with pytest.raises(BlurbError, match=r"B757.*CUDA error"):
        run(nlp, source, tmp_path / "o.jsonl", batch_size=4)
    calls += [""] * 100
    run(nlp, source, tmp_path / "o.jsonl", batch_size=4)
    texts = [row["text"] for row in read_rows(tmp_path / "o.jsonl")]
    lost = [row["record"] for row in read_rows(tmp_path / "o.jsonl.rejected.jsonl")]
    assert sorted(texts) == sorted(f"text {n}" for n in range(20) if n + 1 not in lost)
    assert len(lost) < 4


def test_documents_that_cannot_be_written_are_set_aside(tmp_path: Path) -> None:
    def no_number(doc: Doc) -> Doc:
        doc.cats = {"x": float("nan") if "bad" in doc.text else 0.5}
        return doc

    nlp = with_component(no_number, "test_nan")
    source = write_jsonl(tmp_path / "a.jsonl", ["a", "bad", "b"])
    run(nlp, source, tmp_path / "o.jsonl")
    assert [row["text"] for row in read_rows(tmp_path / "o.jsonl")] == ["a", "b"]
    assert rejected(tmp_path / "o.jsonl") == [("a.jsonl", 2, "B777")]
    (row,) = read_rows(tmp_path / "o.jsonl.rejected.jsonl")
    assert "document 'd1' cannot be written: ValueError: " in row["reason"]


def test_a_pipeline_whose_documents_cannot_be_written(tmp_path: Path) -> None:
    def no_number(doc: Doc) -> Doc:
        doc.cats = {"x": float("nan")}
        return doc

    source = write_jsonl(tmp_path / "a.jsonl", ["a"])
    with pytest.raises(BlurbError, match=r"B757.*ValueError"):
        run(with_component(no_number, "test_always_nan"), source, tmp_path / "o.jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


@pytest.mark.parametrize("fails", [False, True])
def test_a_component_that_returns_another_doc(tmp_path: Path, fails: bool) -> None:
    def copy(doc: Doc) -> Doc:
        if doc.text == "bad":
            raise ValueError("bad")
        return Doc(
            doc.vocab, words=[t.text for t in doc], spaces=[bool(t.whitespace_) for t in doc]
        )

    nlp = with_component(copy, f"test_copy_{fails}")
    source = write_jsonl(tmp_path / "a.jsonl", ["one two", "bad" if fails else "three"], year=1999)
    run(nlp, source, tmp_path / "o.jsonl")
    row = read_rows(tmp_path / "o.jsonl")[0]
    assert (row["id"], row["text"], row["year"]) == ("d0", "one two", 1999)


def test_docs_of_a_docbin_stay_parts_of_their_document(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    part, whole = nlp("a part"), nlp("whole")
    set_record(part, "1.2", group="1")
    set_record(whole, "2")
    DocBin(docs=[part, whole]).to_disk(tmp_path / "a.spacy")
    run(nlp, tmp_path / "a.spacy", tmp_path / "b.spacy")
    docs = DocBin().from_disk(tmp_path / "b.spacy").get_docs(nlp.vocab)
    assert [dict(doc.spans[RECORD].attrs) for doc in docs] == [
        {"id": "1.2", "group": "1"},
        {"id": "2"},
    ]


def test_questions_are_answered_and_vectors_written(tmp_path: Path) -> None:
    def answer(doc: Doc) -> Doc:
        set_vector(doc, np.asarray([len(doc.text)], dtype="f"))
        rows = [
            {
                "id": asked.id,
                "question": asked.question,
                "kind": "labels",
                "options": [],
                "found": True,
                "candidates": [["yes", 0.75, -1, -1]],
            }
            for asked in doc_questions(doc)
        ]
        set_answers(doc, "labels", rows)
        return doc

    nlp = with_component(answer, "test_answer")
    source = write_jsonl(tmp_path / "a.jsonl", ["one"], questions=["Why?", {"question": "Who?"}])
    run(nlp, source, tmp_path / "o.jsonl", vector=True)
    (row,) = read_rows(tmp_path / "o.jsonl")
    asked = [(a["id"], a["question"], a["label"], a["score"]) for a in row["answers"]]
    assert asked == [("0", "Why?", "yes", 0.75), ("1", "Who?", "yes", 0.75)]
    assert (row["vector"], row["questions"][0]) == ([3.0], "Why?")


def test_a_batch_leaves_nothing_behind() -> None:
    """Words of the texts are forgotten with them; benchmarks/annotate.py measures the memory."""
    nlp = spacy.blank("en")
    annotator = Annotator(nlp, "jsonl")
    before = len(nlp.vocab.strings)
    for number in range(20):
        items = [Item("f", n, str(n), f"w{number}x{n} fever{n}x{number}") for n in range(50)]
        assert annotator(items).documents == 50
        assert len(nlp.vocab.strings) == before


def test_processes_write_what_one_process_writes(tmp_path: Path, rule_pipeline: Path) -> None:
    """Killed in the middle by SIGKILL, continued by another number of processes."""
    texts = [f"aspirin {n} causes fever" for n in range(3000)]
    source = write_jsonl(tmp_path / "a.jsonl", texts)
    with source.open("ab") as file:
        file.write(b"bad\n")
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = (tmp_path / name / "o.jsonl" for name in ("one", "two"))
    run(rule_pipeline, source, one, batch_size=10)
    command = [sys.executable, "-m", "spacy", "blurb", "annotate", str(rule_pipeline), str(source)]
    command += ["-o", str(two), "--batch-size", "10"]
    process = subprocess.Popen([*command, "--n-process", "2"], start_new_session=True)
    checkpoint = two.with_name("o.jsonl.checkpoint.json")
    while not (checkpoint.is_file() and json.loads(checkpoint.read_bytes())["done"]["documents"]):
        assert process.poll() is None
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    # The others of its session are the processes that it had started.
    deadline = time.monotonic() + 60
    while is_alive(process.pid):
        assert time.monotonic() < deadline, "processes outlive the one that has started them"
        time.sleep(0.1)
    assert 0 < run(rule_pipeline, source, two, batch_size=10).resumed < 3000
    assert read_everything(two) == read_everything(one)


def is_alive(session: int) -> bool:
    try:
        os.killpg(session, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_help_of_the_formats_is_true(tmp_path: Path, rules: Language) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", ["aspirin"])
    run(rules, source, tmp_path / "o", output_format="jsonl", input_format="jsonl")
    assert json.loads((tmp_path / "o").read_bytes())["entities"][0]["label"] == "Chemical"


def test_a_process_that_is_killed_costs_nothing(tmp_path: Path, rule_pipeline: Path) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", [f"aspirin {n}" for n in range(3000)])
    output = tmp_path / "o.jsonl"
    checkpoint = output.with_name("o.jsonl.checkpoint.json")

    def kill() -> None:
        while not (
            checkpoint.is_file() and json.loads(checkpoint.read_bytes())["done"]["documents"]
        ):
            time.sleep(0.01)
        os.kill(multiprocessing.active_children()[0].pid or 0, signal.SIGKILL)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    told: list[str] = []
    summary = run(rule_pipeline, source, output, batch_size=2, n_processes=2, report=told.append)
    killer.join(60)
    assert not multiprocessing.active_children()
    assert summary.done.rejected == 0
    assert any(line.startswith("a process has ended") for line in told)
    assert [row["text"] for row in read_rows(output)] == [f"aspirin {n}" for n in range(3000)]
