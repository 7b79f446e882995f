"""How batches are dealt out, against a cluster of the test's own that loses actors at will."""

import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from spacy.language import Language

from spacy_blurb.errors import BlurbError, Errors
from spacy_blurb.streaming import pool
from spacy_blurb.streaming.items import Annotated, Batch, Item, Position, Rejected
from spacy_blurb.streaming.pool import ActorPool
from spacy_blurb.streaming.processes import Job

from .streams import run, write_jsonl

Choose = Callable[[int], int]


class RayError(Exception):
    pass


class RayTaskError(RayError):
    """The names are Ray's; `cause` is what was raised in the actor."""

    def __init__(self, cause: Exception) -> None:
        self.cause = cause


class FakeRay:
    """What the pool uses of the module `ray`; a `wait` lets one thing happen.

    choose (Callable): Of so many things, the number of the one that happens.
    room (int): Actors that can run at the same time.
    fails (Callable): Whether an actor is lost at what happens to it: "start", or records.
    """

    exceptions = SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError)

    def __init__(self, choose: Choose, room: int, fails: Callable[[Any], bool]) -> None:
        self.choose, self.room, self.fails = choose, room, fails
        self.running: list[FakeActor] = []
        self.results: dict[int, Any] = {}
        self.killed = self.most_given = self.computed = 0
        self.own_node_lives = True

    def remote(self, **options: Any) -> Callable[[Any], Any]:
        assert options["num_cpus"] == 1
        return lambda kind: SimpleNamespace(remote=lambda: FakeActor(self))

    def wait(self, refs: list[int], num_returns: int, timeout: float) -> Any:
        able = [ref for ref in refs if self._can_happen(ref)]
        return ([able[self.choose(len(able))]] if able else [], [])

    def _can_happen(self, ref: int) -> bool:
        actor, what = self.results[ref]
        return what != "start" or len(self.running) < self.room or actor in self.running

    def get(self, ref: int) -> Any:
        actor, what = self.results[ref]
        assert not actor.is_dead
        if self.fails(what):
            actor.is_dead = True
            raise RayError("the node is gone\nmore of it")
        if what == "start":
            self.running.append(actor)
            return "node"
        self.computed += 1
        return Annotated(repr(what).encode(), len(what), len(what), [])

    def kill(self, actor: "FakeActor") -> None:
        self.killed += 1
        actor.is_dead = True
        if actor in self.running:
            self.running.remove(actor)

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": 3.0}

    def nodes(self) -> list[dict[str, Any]]:
        return [{"NodeID": "here", "Alive": self.own_node_lives}, {"NodeID": "x", "Alive": True}]

    def get_runtime_context(self) -> Any:
        return SimpleNamespace(get_node_id=lambda: "here")


class FakeActor:
    def __init__(self, ray: FakeRay) -> None:
        self.is_dead = False

        def call(what: Any) -> int:
            assert not self.is_dead
            ray.results[len(ray.results)] = (self, what)
            return len(ray.results) - 1

        self.start = SimpleNamespace(remote=lambda *arguments: call("start"))
        self.annotate = SimpleNamespace(remote=lambda items: call([i.record for i in items]))


def make_pool(ray: FakeRay, n_actors: int, told: list[str] | None = None) -> ActorPool:
    report = (told if told is not None else []).append
    return ActorPool(ray, Job("p", "jsonl"), {}, n_actors, gpu=False, report=report)


def make_batches(number: int, read: list[int]) -> Iterator[Batch]:
    for record in range(number):
        read.append(record)
        yield Batch([Item("f", record, "", "text")], [], Position(0, record + 1))


def test_every_batch_once_and_in_order() -> None:
    """Whatever happens first, and whichever actors are lost in starting or computing."""
    for seed in range(200):
        annotate_with_losses(seed)


def annotate_with_losses(seed: int) -> None:
    generator = random.Random(seed)
    n_actors, n_batches = generator.randint(1, 4), generator.randint(0, 30)
    losses: dict[str, int] = defaultdict(int)  # in a row
    chance, lost = generator.choice([0, 0.1, 0.4]), []

    def fails(what: Any) -> bool:
        # Two losses of a batch, or of starting actors, are survived.
        if generator.random() >= chance or losses[str(what)] == 2:
            losses[str(what)] = 0
            return False
        losses[str(what)] += 1
        lost.append(what)
        return True

    ray = FakeRay(generator.randrange, generator.randint(1, 4), fails)
    actors = make_pool(ray, n_actors)
    actors.start()
    read: list[int] = []
    taken = 0
    for batch, annotated in actors.annotate(make_batches(n_batches, read)):
        assert batch.items[0].record == taken
        assert annotated.payload == f"[{taken}]".encode()
        taken += 1
        # What is read ahead is bounded, and so is what an actor has.
        assert len(read) - taken <= 4 * n_actors
        assert all(len(actor.tasks) <= 2 for actor in actors._actors)
    assert taken == len(read) == n_batches
    assert ray.computed == n_batches
    assert ray.killed == len(lost)


def test_losses_are_told_and_the_next_batches_go_on() -> None:
    lost: list[Any] = []

    def fails(what: Any) -> bool:
        if what == [1] and not lost:
            lost.append(what)
            return True
        return False

    told: list[str] = []
    actors = make_pool(FakeRay(lambda n: 0, 2, fails), 2, told)
    actors.start()
    assert len(list(actors.annotate(make_batches(9, [])))) == 9
    assert told == ["lost a process on node (the node is gone); 2 batches go to others"]


def test_batches_are_dealt_out_evenly() -> None:
    ray = FakeRay(lambda n: n - 1, 3, lambda what: False)
    actors = make_pool(ray, 3)
    actors.start()
    while len(actors._actors) < 3:
        actors._wait()
    assert len(list(actors.annotate(make_batches(3, [])))) == 3
    assert len({id(actor) for actor, what in ray.results.values() if what != "start"}) == 3


def test_a_batch_that_kills_its_actor_ends_the_run() -> None:
    """It is blamed, and not the one that waits behind it."""
    actors = make_pool(FakeRay(lambda n: 0, 1, lambda what: what == [3]), 1)
    actors.start()
    results = actors.annotate(make_batches(9, []))
    assert [next(results)[0].items[0].record for _ in range(3)] == [0, 1, 2]
    with pytest.raises(
        BlurbError, match=r"B772.*from f:3 to f:3 were lost 3 times.*is gone\. .*--n-process 2"
    ):
        next(results)


def test_records_of_a_lost_batch_are_named_with_the_rejected() -> None:
    batch = Batch([Item("b", 1, "", "x")], [Rejected("a", 9, ""), Rejected("b", 2, "")], (1, 2))
    task = pool._Task(batch, losses=3)
    assert "from a:9 to b:2 were lost" in pool._describe_loss(task, RayError(""))


def test_actors_that_die_while_they_start_end_the_run() -> None:
    ray = FakeRay(lambda n: 0, 2, lambda what: True)
    told: list[str] = []
    with pytest.raises(BlurbError, match=r"B770.*the node is gone\. C"):
        make_pool(ray, 2, told).start()
    # All of them at once are a node that died; after that three more tries.
    assert ray.killed == 5
    line = "a process died while it started (the node is gone), another one is started"
    assert told == [line] * 5


class FailingRay(FakeRay):
    """Something raises an error in the actor, and the actor lives."""

    def __init__(self, wrong: Any) -> None:
        super().__init__(lambda n: 0, 1, lambda what: False)
        self.wrong = wrong

    def get(self, ref: int) -> Any:
        if self.results[ref][1] == self.wrong:
            raise RayTaskError(BlurbError(Errors.B752))
        return super().get(ref)


def test_errors_on_a_node_are_raised_here() -> None:
    with pytest.raises(BlurbError, match="B752"):
        make_pool(FailingRay("start"), 1).start()
    actors = make_pool(FailingRay([2]), 1)
    actors.start()
    results = actors.annotate(make_batches(9, []))
    assert [next(results)[0].items[0].record for _ in range(2)] == [0, 1]
    with pytest.raises(BlurbError, match="B752"):
        next(results)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four seconds pass whenever somebody asks for the time."""
    times = (4.0 * number for number in count())
    monkeypatch.setattr(pool.time, "monotonic", lambda: next(times))


@pytest.mark.usefixtures("clock")
def test_a_cluster_without_room() -> None:
    told: list[str] = []
    ray = FakeRay(lambda n: 0, 0, lambda what: False)
    with pytest.raises(BlurbError, match=r"B771.*for 300 s. It has 3 CPUs and 0 GPUs, and each"):
        make_pool(ray, 2, told).start()
    assert told == ["0 of 2 processes run; the cluster has 3 CPUs and 0 GPUs"] * 24
    ray.own_node_lives = False
    with pytest.raises(BlurbError, match="B774"):
        make_pool(ray, 2, told).start()


@pytest.mark.usefixtures("clock")
def test_a_cluster_with_room_for_some() -> None:
    told: list[str] = []
    actors = make_pool(FakeRay(lambda n: n - 1, 2, lambda what: False), 3, told)
    actors.start()
    assert len(list(actors.annotate(make_batches(200, [])))) == 200
    assert told == ["2 of 3 processes run; the cluster has 3 CPUs and 0 GPUs"]


# Where it is chosen -------------------------------------------------------------------------------


def test_without_ray(tmp_path: Path, rules: Language, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_jsonl(tmp_path / "in.jsonl", ["aspirin"])
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(BlurbError, match=r"B703.*'ray'.*spacy-blurb\[ray\]"):
        run(rules, source, tmp_path / "out.jsonl", ray="local")
    with pytest.raises(BlurbError, match="B773"):
        run(rules, source, tmp_path / "out.jsonl", gpu=True)


def test_ray_is_imported_only_where_it_is_asked_for() -> None:
    code = "import sys, spacy_blurb.streaming.run; sys.exit('ray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
