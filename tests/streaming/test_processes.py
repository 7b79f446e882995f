"""Processes of this machine that die over a document, or before there is one."""

import json
import os
import signal
from dataclasses import dataclass

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from spacy_blurb.errors import BlurbError
from spacy_blurb.streaming.annotator import Annotator
from spacy_blurb.streaming.items import Annotated, Batch, Item, Position
from spacy_blurb.streaming.processes import Job, annotate_in_processes

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")


@dataclass(frozen=True, slots=True)
class DeadlyJob(Job):
    """A pipeline that the system kills over some texts, as it does for want of memory."""

    def load(self) -> Annotator:
        if self.pipeline == "dies at once":
            os.kill(os.getpid(), signal.SIGKILL)

        def die(doc: Doc) -> Doc:
            if "poison" in doc.text:
                os.kill(os.getpid(), signal.SIGKILL)
            return doc

        nlp = spacy.blank("en")
        Language.component("test_dies", func=die)
        nlp.add_pipe("test_dies")
        return Annotator(nlp, self.format_name)


def make_batches(texts: list[str], size: int) -> list[Batch]:
    items = [Item("f", n, f"d{n}", text) for n, text in enumerate(texts, start=1)]
    starts = range(0, len(items), size)
    return [Batch(items[n : n + size], [], Position(0, n + size)) for n in starts]


def describe(annotated: Annotated) -> tuple[list[str], list[tuple[int, str]]]:
    """Ids of the documents, numbers and codes of the rejected records."""
    documents = json.loads(b"[" + annotated.payload + b"]")
    lost = [(record.record, record.reason[1:5]) for record in annotated.rejected]
    assert annotated.documents == annotated.words == len(documents)
    return [document["id"] for document in documents], lost


def test_a_document_that_kills_is_set_aside() -> None:
    """The others of its batch, and what was in work beside it, come all the same and in order."""
    texts = ["one"] * 9
    texts[4] = "poison"
    told: list[str] = []
    batches = make_batches(texts, 3)
    results = list(annotate_in_processes(DeadlyJob("", "bioc"), batches, 2, told.append))
    assert [batch for batch, _ in results] == batches
    assert [describe(annotated) for _, annotated in results] == [
        (["d1", "d2", "d3"], []),
        (["d4", "d6"], [(5, "B781")]),
        (["d7", "d8", "d9"], []),
    ]
    assert "'d5'" in results[1][1].rejected[0].reason
    assert "f:5 ends the process that annotates it, and is rejected" in told
    assert any(line.startswith("a process has ended") for line in told)


def test_processes_that_die_before_they_begin() -> None:
    with pytest.raises(BlurbError, match=r"B760.*fewer than 2 processes"):
        list(
            annotate_in_processes(
                DeadlyJob("dies at once", "jsonl"), make_batches(["a"], 1), 2, print
            )
        )
