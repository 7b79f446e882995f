"""What an actor does on its node, without a cluster."""

from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from spacy.language import Language

from spacy_blurb.errors import BlurbError, Errors
from spacy_blurb.streaming import processes
from spacy_blurb.streaming.annotator import Annotator
from spacy_blurb.streaming.identity import describe_run
from spacy_blurb.streaming.items import Item
from spacy_blurb.streaming.processes import Job
from spacy_blurb.streaming.worker import Worker


@pytest.fixture
def identity(rules: Language) -> dict[str, Any]:
    return describe_run(rules, [], output_format="jsonl")


def test_versions_of_what_computes_are_known(
    rules: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = {"spacy-blurb": "1", "spacy": "2", "thinc": "3", "numpy": "4", "torch": "5+cpu"}

    def version(name: str) -> str:
        if name not in installed:
            raise PackageNotFoundError(name)
        return installed[name]

    monkeypatch.setattr("spacy_blurb.streaming.identity.version", version)
    found = describe_run(rules, [], output_format="jsonl")["versions"]
    assert found == {**installed, "torch": "5"}


def test_a_worker_annotates(rules: Language, identity: dict[str, Any]) -> None:
    worker = Worker()
    assert worker.start(Job(str(rules.path), "jsonl"), identity, False)
    annotated = worker.annotate([Item("f", 1, "a", "aspirin causes fever")])
    assert annotated.documents == 1
    assert b'"label": "Disease"' in annotated.payload


def test_a_worker_tries_its_pipeline_first(
    rules: Language, identity: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a node that cannot compute it every document would be rejected."""
    monkeypatch.setattr(Annotator, "check", fail)
    with pytest.raises(BlurbError, match="B757"):
        Worker().start(Job(str(rules.path), "jsonl"), identity, False)
    monkeypatch.setattr(processes, "_annotators", [])
    monkeypatch.setattr(processes.signal, "signal", lambda *arguments: None)
    monkeypatch.setattr(processes.threading, "Thread", MagicMock())
    with pytest.raises(BlurbError, match="B757"):
        processes._start(Job(str(rules.path), "jsonl"))


def fail(annotator: Annotator) -> None:
    raise BlurbError(Errors.B757.format(reason="no memory"))


def test_a_worker_that_cannot_do_the_same(
    tmp_path: Path, nlp: Language, rules: Language, identity: dict[str, Any]
) -> None:
    nlp.to_disk(tmp_path / "other")
    other_spacy = {**identity, "versions": {**identity["versions"], "spacy": "3.0"}}
    for pipeline, expected, gpu, code in [
        ("no_such_package", identity, False, r"B767.*'no_such_package': \[E050\]"),
        (tmp_path / "other", identity, False, r"B768.*its pipeline are.*'en_pipeline'"),
        (rules.path, other_spacy, False, r"B768.*its versions are.*'spacy': '3.0'"),
        (rules.path, identity, True, r"B769"),
    ]:
        with pytest.raises(BlurbError, match=code):
            Worker().start(Job(str(pipeline), "jsonl"), expected, gpu)
