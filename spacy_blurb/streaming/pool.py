"""Who annotates which batch on a cluster, and what if a node is gone? Results come in order.

A batch is given to an actor and, where that is lost, to another one. Only the first result counts,
and only this process writes, so a node that dies can neither lose a batch nor repeat one. Ray's own
restarts and retries are not used: they know no bound but a count for a whole actor, and would wait
without a word where no node is left.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..errors import BlurbError, Errors, first_line
from .items import Annotated, Batch, Item, Rejected
from .processes import Job, Results
from .worker import Worker

_GIVEN = 2
"""Batches that an actor has at most: one to compute and one to go on with at once."""
_AHEAD = 4
"""Batches per actor that are read ahead of the first without a result: what a loss that is noticed
late does not hold up, and what bounds memory."""
_TRIES = 3
"""Times that a batch may be lost with the actor that computes it."""
_PATIENCE = 300.0
"""Seconds without any actor before the run ends; clusters that grow need minutes for a node."""
_NOTICE = 10.0
"""Seconds after which it is told that the cluster has no room for all."""


@dataclass(slots=True)
class _Task:
    """A batch on its way.

    ref (Any): Ray's name for the result to come, of the actor that has the batch now.
    losses (int): Actors that were lost while they computed it.
    """

    batch: Batch
    ref: Any = None
    losses: int = 0
    annotated: Annotated | None = None


@dataclass(slots=True)
class _Actor:
    """An actor with its batches, in the order in which it computes them."""

    handle: Any
    node: str
    tasks: deque[_Task] = field(default_factory=deque)


class ActorPool:
    """Actors on a cluster; in use between `start` and the end of `joined_cluster`.

    ray (Any): The module, joined to a cluster.
    job (Job), expected (dict): As of `Worker.start`.
    n_actors (int): From 1; each takes a CPU. As many work as the cluster has room for.
    gpu (bool): Each takes a GPU too.
    report (Callable): Is told of losses, and of actors that the cluster has no room for.
    """

    def __init__(
        self,
        ray: Any,
        job: Job,
        expected: dict[str, Any],
        n_actors: int,
        *,
        gpu: bool,
        report: Callable[[str], None],
    ) -> None:
        self._ray = ray
        self._arguments = (job, expected, gpu)
        self._n_actors = n_actors
        # Spread over the nodes, so that the loss of one is not the loss of all.
        options = {"num_cpus": 1, "num_gpus": int(gpu), "scheduling_strategy": "SPREAD"}
        self._class = ray.remote(**options)(Worker)
        self._report = report
        self._starting: dict[Any, Any] = {}  # ref of `start` → handle
        self._actors: list[_Actor] = []
        self._to_give: deque[_Task] = deque()
        self._failed_starts = 0
        self._changed = self._told = time.monotonic()

    def start(self) -> None:
        """Start the actors and wait for the first one; others join when they can.

        RAISES (BlurbError): B767-B769 what `Worker.start` raises, B770 actors die while they start,
            B771 there is no room for any, B774 the node of this process is gone.
        """
        for _ in range(self._n_actors):
            self._start_actor()
        while not self._actors:
            self._wait()

    def annotate(self, batches: Iterable[Batch]) -> Results:
        """Yield each batch with what became of it, in their order.

        RAISES (BlurbError): what `start` raises, B772 a batch is lost again and again.
        """
        source = iter(batches)
        window: deque[_Task] = deque()  # from the first without a result on
        while True:
            self._give(source, window)
            if not window:
                return
            self._wait()
            while window and (annotated := window[0].annotated) is not None:
                yield window.popleft().batch, annotated

    def _give(self, source: Iterator[Batch], window: deque[_Task]) -> None:
        """Fill up the actors, those with the fewest batches first."""
        while free := [actor for actor in self._actors if len(actor.tasks) < _GIVEN]:
            task = self._next_task(source, window)
            if task is None:
                return
            actor = min(free, key=lambda a: len(a.tasks))
            task.ref = actor.handle.annotate.remote(task.batch.items)
            actor.tasks.append(task)

    def _next_task(self, source: Iterator[Batch], window: deque[_Task]) -> _Task | None:
        if self._to_give:
            return self._to_give.popleft()
        if len(window) >= _AHEAD * self._n_actors or (batch := next(source, None)) is None:
            return None
        window.append(_Task(batch))
        return window[-1]

    def _wait(self) -> None:
        """Wait a second at most until something is done, started or lost."""
        busy = {actor.tasks[0].ref: actor for actor in self._actors if actor.tasks}
        done, _ = self._ray.wait([*busy, *self._starting], num_returns=1, timeout=1.0)
        for ref in done:
            if ref in busy:
                self._take(busy[ref])
            else:
                self._admit(ref)
        if self._starting:
            self._watch_room()

    def _take(self, actor: _Actor) -> None:
        """Take the result of an actor's first batch, or the actor for lost."""
        try:
            annotated = self._ray.get(actor.tasks[0].ref)
        except self._ray.exceptions.RayTaskError as error:
            raise _cause(error) from error
        except self._ray.exceptions.RayError as error:
            self._replace(actor, error)
            return
        task = actor.tasks.popleft()
        task.ref, task.annotated = None, annotated

    def _replace(self, actor: _Actor, error: Exception) -> None:
        blamed = actor.tasks[0]
        blamed.losses += 1
        if blamed.losses >= _TRIES:
            raise BlurbError(_describe_loss(blamed, error)) from error
        self._actors.remove(actor)
        self._to_give.extendleft(reversed(actor.tasks))
        self._changed = time.monotonic()
        reason, count = first_line(error), len(actor.tasks)
        self._report(f"lost a process on {actor.node} ({reason}); {count} batches go to others")
        # It may be cut off and not dead.
        self._ray.kill(actor.handle)
        self._start_actor()

    def _start_actor(self) -> None:
        handle = self._class.remote()
        self._starting[handle.start.remote(*self._arguments)] = handle

    def _admit(self, ref: Any) -> None:
        handle = self._starting.pop(ref)
        try:
            node = self._ray.get(ref)
        except self._ray.exceptions.RayTaskError as error:
            raise _cause(error) from error
        except self._ray.exceptions.RayError as error:
            # All at once can be a node that died; more than that is no accident.
            self._failed_starts += 1
            reason = first_line(error)
            if self._failed_starts > self._n_actors + _TRIES:
                raise BlurbError(Errors.B770.format(reason=reason)) from error
            self._report(f"a process died while it started ({reason}), another one is started")
            self._ray.kill(handle)
            self._start_actor()
            return
        self._failed_starts = 0
        self._changed = time.monotonic()
        self._actors.append(_Actor(handle, node))

    def _watch_room(self) -> None:
        """Tell how many actors run, if not all do: once where some do, else again and again."""
        now = time.monotonic()
        is_new = not self._actors or self._told < self._changed
        if not is_new or now - max(self._told, self._changed) < _NOTICE:
            return
        self._told, seconds = now, now - self._changed
        found = self._ray.cluster_resources()
        has = f"{found.get('CPU', 0):g} CPUs and {found.get('GPU', 0):g} GPUs"
        if not self._actors:
            self._check_own_node()
            if seconds >= _PATIENCE:
                raise BlurbError(Errors.B771.format(seconds=f"{seconds:.0f}", has=has))
        self._report(
            f"{len(self._actors)} of {self._n_actors} processes run; the cluster has {has}"
        )

    def _check_own_node(self) -> None:
        """Ray gives a process whose own node is gone no other one, and does not say so."""
        own = self._ray.get_runtime_context().get_node_id()
        if not any(node["Alive"] and node["NodeID"] == own for node in self._ray.nodes()):
            raise BlurbError(Errors.B774)


def _cause(error: Any) -> BaseException:
    """Return what was raised on the node, as if it had been here."""
    cause: BaseException = error.cause or error
    return cause


def _describe_loss(task: _Task, error: Exception) -> str:
    records: list[Item | Rejected] = [*task.batch.items, *task.batch.rejected]
    places = sorted((record.file, record.record) for record in records)
    first, last = (f"{file}:{record}" for file, record in (places[0], places[-1]))
    return Errors.B772.format(first=first, last=last, times=task.losses, reason=first_line(error))
