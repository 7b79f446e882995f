"""Who annotates? This process, or several that each have the pipeline; results come in order."""

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import wait

import spacy

from ..errors import BlurbError, Errors
from .annotator import Annotator
from .items import Annotated, Batch, Item

Results = Iterator[tuple[Batch, Annotated]]


@dataclass(frozen=True, slots=True)
class Job:
    """What every process needs to annotate.

    pipeline (str): Folder or package name.
    format_name (str), vector (bool): As of `Annotator`.
    gpu_id (int): GPU of this machine to compute on; -1 for none.
    """

    pipeline: str
    format_name: str
    vector: bool = False
    gpu_id: int = -1

    def load(self) -> Annotator:
        """Load the pipeline."""
        if self.gpu_id >= 0:
            spacy.require_gpu(self.gpu_id)
        return Annotator(spacy.load(self.pipeline), self.format_name, vector=self.vector)


def annotate_here(annotator: Annotator, batches: Iterable[Batch]) -> Results:
    """Yield each batch with what became of it."""
    for batch in batches:
        yield batch, annotator(batch.items)


def annotate_in_processes(job: Job, batches: Iterable[Batch], n_processes: int) -> Results:
    """Yield each batch with what became of it, in their order, from processes with a thread each.

    Processes are spawned and not forked: threads and GPUs do not survive a fork, and this works on
    all systems. At most two batches per process are read ahead.

    RAISES (BlurbError): B760 a process has died.
    """
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(n_processes, context, initializer=_start, initargs=(job,))
    waiting: deque[tuple[Batch, Future[Annotated]]] = deque()
    try:
        for batch in batches:
            waiting.append((batch, _submit(executor, batch, n_processes)))
            if len(waiting) > 2 * n_processes:
                done, future = waiting.popleft()
                yield done, future.result()
        while waiting:
            done, future = waiting.popleft()
            yield done, future.result()
    except BrokenProcessPool as error:
        raise BlurbError(Errors.B760.format(count=n_processes)) from error
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _submit(executor: ProcessPoolExecutor, batch: Batch, n_processes: int) -> Future[Annotated]:
    """Hand out a batch, for which the first ones start a process.

    RAISES (BlurbError): B760 it cannot be started, or another one has ended meanwhile.
    """
    try:
        return executor.submit(_annotate, batch.items)
    except OSError as error:
        raise BlurbError(Errors.B760.format(count=n_processes)) from error


_annotators: list[Annotator] = []
"""The one of a spawned process."""


def _start(job: Job) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent tells what Ctrl-C means
    threading.Thread(target=_end_with_parent, daemon=True).start()
    use_one_thread()
    _annotators.append(job.load())
    # What fails here would fail on every document, and reject them all.
    _annotators[0].check()
    use_one_thread()


def _annotate(items: list[Item]) -> Annotated:
    return _annotators[0](items)


def _end_with_parent() -> None:
    """A process whose parent was killed would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def use_one_thread() -> None:
    """Let torch, where a pipeline has loaded it, compute with one thread: others run beside it."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
