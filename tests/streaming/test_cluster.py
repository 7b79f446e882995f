"""A real Ray cluster of two nodes on this machine: what it writes is what one process writes."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from spacy.language import Language

from spacy_blurb.errors import BlurbError
from spacy_blurb.streaming import ledger
from spacy_blurb.streaming.pool import ActorPool
from spacy_blurb.streaming.run import annotate

from .streams import read_everything, rejected, run, write_jsonl

pytest.importorskip("ray.cluster_utils", reason="the extra [ray] is not installed")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """One node with one CPU; tests add and remove others."""
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # tests reach for no network
    settings = {"num_cpus": 1, "include_dashboard": False}
    found = Cluster(initialize_head=True, head_node_args=settings)
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
    start = ActorPool.start

    def start_both(self: ActorPool) -> None:
        start(self)
        while len(self._actors) < 2:
            self._wait()
        pools.append(self)

    def add_and_kill(self: ledger.Ledger, *args: Any) -> None:
        taken.append(args)
        if len(taken) == 50:
            cluster.remove_node(node, allow_graceful=False)
            # Its actor lives a moment longer, in which it could do all that is left.
            while not any(is_lost(actor) for actor in pools[0]._actors):
                time.sleep(0.05)
        add(self, *args)

    monkeypatch.setattr(ActorPool, "start", start_both)
    monkeypatch.setattr(ledger.Ledger, "add", add_and_kill)
    output = tmp_path / "out.jsonl"
    arguments = {"batch_size": 10, "n_processes": 2, "ray": cluster.address}
    summary = run(rule_pipeline, source, output, **arguments, report=told.append)
    assert summary.done.documents == 2997
    assert read_everything(output) == expected
    assert [line for line in told if "lost a process on" in line]
    assert len(pools[0]._actors) == 1


def is_lost(actor: Any) -> bool:
    import ray

    try:
        ray.get(actor.handle.annotate.remote([]))
    except ray.exceptions.RayError:
        return True
    return False


def test_killed_and_continued(
    tmp_path: Path, cluster: Any, source: Path, expected: dict[str, bytes], rule_pipeline: Path
) -> None:
    """Begun on the cluster from the command line, killed by SIGKILL, completed by one process."""
    output = tmp_path / "out.jsonl"
    command = [sys.executable, "-m", "spacy", "blurb", "annotate", str(rule_pipeline), str(source)]
    command += ["-o", str(output), "--batch-size", "10", "--ray", cluster.address]
    process = subprocess.Popen(command)
    checkpoint = tmp_path / "out.jsonl.checkpoint.json"
    while not (checkpoint.is_file() and json.loads(checkpoint.read_bytes())["done"]["documents"]):
        assert process.poll() is None
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert 0 < run(rule_pipeline, source, output, batch_size=10).resumed < 2997
    assert read_everything(output) == expected


def test_what_is_wrong_on_a_node_is_told(
    tmp_path: Path, cluster: Any, source: Path, rules: Language
) -> None:
    """The pipeline is here and not there. Nothing is begun."""
    with pytest.raises(BlurbError, match=r"B767.*'no_such_package': \[E050\]"):
        annotate(rules, "no_such_package", source, tmp_path / "out.jsonl", ray=cluster.address)
    assert list(tmp_path.iterdir()) == []


def test_clusters_that_are_not_there(tmp_path: Path, source: Path, rules: Language) -> None:
    with socket.socket() as bound:  # and does not listen
        bound.bind(("127.0.0.1", 0))
        closed = f"127.0.0.1:{bound.getsockname()[1]}"
        for address in (closed, "nonsense"):
            with pytest.raises(BlurbError, match=rf"B766.*at '{address}': .*--ray local"):
                run(rules, source, tmp_path / "out.jsonl", ray=address)
    assert list(tmp_path.iterdir()) == []
