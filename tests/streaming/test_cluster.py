"""A real Ray cluster of two nodes on this machine: what it writes is what one process writes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language

from spacy_blurb.errors import BlurbError
from spacy_blurb.streaming import ledger, pool

from .streams import read_everything, rejected, run, write_jsonl

pytest.importorskip("ray.cluster_utils", reason="the extra [ray] is not installed")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """One node with one CPU, and what claims to be a GPU; tests add and remove others."""
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    found = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 1, "num_gpus": 1, "include_dashboard": False},
    )
    yield found
    found.shutdown()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 batches of ten: bad records, and a document that the pipeline fails on (E088)."""
    path = tmp_path_factory.mktemp("source") / "in.jsonl"
    write_jsonl(path, [f"aspirin {n} causes fever" for n in range(2997)])
    with path.open("ab") as file:
        file.write(b'bad\n{"id": "long", "text": "' + b"x" * 1_000_001 + b'"}\n{"id": 5}\n')
    return path


@pytest.fixture(scope="module")
def expected(source: Path, rule_pipeline: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What one process writes."""
    output = tmp_path_factory.mktemp("local") / "out.jsonl"
    assert run(rule_pipeline, source, output, batch_size=10).done.documents == 2997
    assert rejected(output) == [
        ("in.jsonl", 2998, "B167"),
        ("in.jsonl", 2999, "B762"),
        ("in.jsonl", 3000, "B167"),
    ]
    return read_everything(output)


def test_a_node_is_killed_in_the_middle(
    tmp_path: Path,
    cluster: Any,
    source: Path,
    expected: dict[str, bytes],
    rule_pipeline: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    node = cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    told: list[str] = []
    add, taken, pools = ledger.Ledger.add, [], []
    start = pool.ActorPool.start

    def start_both(self: pool.ActorPool) -> None:
        start(self)
        while len(self._actors) < 2:
            self._wait()
        pools.append(self)

    def add_and_kill(self: ledger.Ledger, *args: Any) -> None:
        taken.append(args)
        if len(taken) == 50:
            cluster.remove_node(node, allow_graceful=False)
        add(self, *args)

    monkeypatch.setattr(pool.ActorPool, "start", start_both)
    monkeypatch.setattr(ledger.Ledger, "add", add_and_kill)
    output = tmp_path / "out.jsonl"
    arguments = {"batch_size": 10, "n_processes": 2, "ray": cluster.address}
    summary = run(rule_pipeline, source, output, **arguments, report=told.append)
    assert summary.done.documents == 2997
    assert read_everything(output) == expected
    assert [line for line in told if "lost a process on" in line and "1 of 2" in line]
    assert len(pools[0]._actors) == 1


def test_killed_and_continued(
    tmp_path: Path, cluster: Any, source: Path, expected: dict[str, bytes], rule_pipeline: Path
) -> None:
    """Begun on the cluster, killed by SIGKILL, continued there, killed, completed here."""
    output = tmp_path / "out.jsonl"
    command = [sys.executable, "-m", "spacy", "blurb", "annotate", str(rule_pipeline), str(source)]
    command += ["-o", str(output), "--batch-size", "10", "--ray", cluster.address]
    checkpoint = tmp_path / "out.jsonl.checkpoint.json"
    seen = 0
    for _ in range(2):
        process = subprocess.Popen(command)
        while not checkpoint.is_file() or read_documents(checkpoint) <= seen:
            assert process.poll() is None
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        seen = read_documents(checkpoint)
    assert 0 < run(rule_pipeline, source, output, batch_size=10).resumed < 2997
    assert read_everything(output) == expected


def read_documents(checkpoint: Path) -> int:
    done: int = json.loads(checkpoint.read_bytes())["done"]["documents"]
    return done


def test_what_is_wrong_on_a_node_is_told(
    tmp_path: Path, cluster: Any, source: Path, rules: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = spacy.blank("en")
    other.to_disk(tmp_path / "other")
    output = tmp_path / "out.jsonl"

    def message(pipeline: Path | str, **settings: Any) -> str:
        from spacy_blurb.streaming.run import annotate

        with pytest.raises(BlurbError) as caught:
            annotate(rules, str(pipeline), source, output, ray=cluster.address, **settings)
        return str(caught.value)

    assert "[B767] Node" in (found := message("no_such_package"))
    assert "'no_such_package': [E050]" in found
    assert "B768" in (found := message(tmp_path / "other"))
    assert "its pipeline are not" in found
    assert "B769" in message(rules.path, gpu=True)
    monkeypatch.setattr(pool, "_PATIENCE", 0.1)
    monkeypatch.setattr(pool, "_NOTICE", 0.0)
    monkeypatch.setattr(pool.Worker, "start", None)
    assert not list(tmp_path.glob("out.*"))
