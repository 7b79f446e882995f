"""Who does the work? Processes that are given one task after the other."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, get_context, parent_process
from types import TracebackType
from typing import Any, TypeVar

from ..errors import BlurbError, Errors

Task = TypeVar("Task")
Result = TypeVar("Result")


class Workers:
    """A pool of processes, or this process where one is enough.

    n_processes (int): How many; 0 for one per core that this process may use.
    """

    def __init__(self, n_processes: int) -> None:
        self.n_processes = n_processes or available_cores()
        self._started = time.monotonic()
        self._pool: ProcessPoolExecutor | None = None
        self._end, self._ended = get_context("spawn").Pipe(duplex=False)

    def __enter__(self) -> "Workers":
        if self.n_processes > 1:
            # Not fork: the tokenizer's library has threads, which a fork would lose.
            self._pool = ProcessPoolExecutor(
                self.n_processes,
                mp_context=get_context("spawn"),
                initializer=_start_worker,
                initargs=(self._end,),
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if kind is not None:
            # Ctrl-C and errors do not wait for tasks that are begun, which may take minutes.
            self._ended.close()
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        self._ended.close()
        self._end.close()

    def run(
        self, work: Callable[[Task], Result], tasks: Iterable[tuple[int, Task]]
    ) -> Iterator[tuple[int, Result]]:
        """Yield (number, result) of numbered tasks as they are done, in any order.

        work (Callable): A function of a module; it, tasks and results travel between processes.
        tasks (Iterable[tuple[int, Task]]): Taken from the iterator when there is room, so that
            they need not all be in memory.
        RAISES (BlurbError): B229 a process was killed. What `work` raises, it raises.
        """
        self._started = time.monotonic()
        if self._pool is None:
            for number, task in tasks:
                yield number, work(task)
            return
        running: dict[Future[Result], int] = {}
        waiting = iter(tasks)
        while True:
            while len(running) < 2 * self.n_processes and (item := next(waiting, None)):
                running[self._pool.submit(work, item[1])] = item[0]
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                try:
                    result = future.result()
                except BrokenProcessPool as error:
                    raise BlurbError(Errors.B229) from error
                yield running.pop(future), result

    def time_left(self, done: float, total: float) -> str:
        """Say how long the tasks of `run` will still take, in words."""
        seconds = (time.monotonic() - self._started) * (total - done) / max(done, 1)
        minutes, rest = divmod(round(seconds), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02}:{rest:02} left"

    def per_second(self, done: float) -> float:
        """Return what `run` has done per second of wall time so far."""
        return done / max(time.monotonic() - self._started, 1e-9)


def available_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _start_worker(end: connection.Connection) -> None:
    """Use one thread, and end with the parent, even if it is killed, or when `end` is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    parent: Any = parent_process()

    def watch() -> None:
        connection.wait([parent.sentinel, end])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
