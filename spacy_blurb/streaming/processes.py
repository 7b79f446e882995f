"""Who annotates? This process, or several that each have the pipeline; results come in order.

A process may be killed by the system, for want of memory, or by a fault in a library. Then what was
in work is annotated again by one process alone, which shows whether a document is the cause.
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import wait

import spacy

from ..errors import BlurbError, Errors
from .annotator import Annotator
from .items import Annotated, Batch, Item, Rejected
from .outputs import OUTPUTS

Results = Iterator[tuple[Batch, Annotated]]
_Given = tuple[Batch, Future[Annotated]]


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


def annotate_in_processes(
    job: Job, batches: Iterable[Batch], n_processes: int, report: Callable[[str], None]
) -> Results:
    """Yield each batch with what became of it, in their order, from processes with a thread each.

    Processes are spawned and not forked: threads and GPUs do not survive a fork, and this works on
    all systems. At most two batches per process are read ahead.

    report (Callable): Is told of processes that have ended, and of documents that end them.
    RAISES (BlurbError): B760 no process can be started.
    """
    source = iter(batches)
    while lost := (yield from _annotate_together(job, source, n_processes)):
        report(
            "a process has ended, perhaps for want of memory (fewer processes need less); "
            f"{len(lost)} batches that were in work are annotated one at a time"
        )
        yield from _annotate_again(job, lost, n_processes, report)


def _annotate_together(
    job: Job, source: Iterator[Batch], n_processes: int
) -> Generator[tuple[Batch, Annotated], None, list[_Given]]:
    """Yield batches until all are done or a process has ended.

    RETURNS (list): What was handed out and not yielded, in its order; some of it may be done.
    """
    waiting: deque[_Given] = deque()
    executor = _make_executor(job, n_processes)
    try:
        for batch in source:
            waiting.append((batch, _submit(executor, batch.items, n_processes)))
            if len(waiting) > 2 * n_processes:
                yield waiting[0][0], waiting[0][1].result()
                waiting.popleft()
        while waiting:
            yield waiting[0][0], waiting[0][1].result()
            waiting.popleft()
    except BrokenProcessPool:
        pass
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
    return list(waiting)


def _annotate_again(
    job: Job, lost: Sequence[_Given], n_processes: int, report: Callable[[str], None]
) -> Results:
    """Yield what was lost with a process, and what was done meanwhile, in its order."""
    with _LoneProcess(job, n_processes) as process:
        for batch, future in lost:
            is_done = not future.cancelled() and future.exception() is None
            annotated = future.result() if is_done else process.annotate(batch.items)
            if annotated is None:
                annotated = _annotate_apart(job, batch.items, process, report)
            yield batch, annotated


def _annotate_apart(
    job: Job, items: Sequence[Item], process: "_LoneProcess", report: Callable[[str], None]
) -> Annotated:
    """Annotate one by one the documents of a batch that ends its process.

    Rejected is what ends two processes, of which the second has done nothing before: the first one
    may have been killed for another reason.
    """
    done: list[Annotated] = []
    rejected: list[Rejected] = []
    for item in items:
        annotated = process.annotate([item]) or process.annotate([item])
        if annotated is None:
            report(f"{item.file}:{item.record} ends the process that annotates it, and is rejected")
            reason = Errors.B781.format(doc_id=item.id)
            rejected.append(Rejected(item.file, item.record, reason))
        else:
            done.append(annotated)
            rejected += annotated.rejected
    separator = OUTPUTS[job.format_name].separator
    payload = separator.join(part.payload for part in done if part.payload)
    documents, words = sum(part.documents for part in done), sum(part.words for part in done)
    return Annotated(payload, documents, words, rejected)


class _LoneProcess:
    """One process, and a fresh one where it has ended. To be used in a `with` block.

    n_processes (int): Those of the run, for the message of an error.
    """

    def __init__(self, job: Job, n_processes: int) -> None:
        self._job = job
        self._n_processes = n_processes
        self._executor: ProcessPoolExecutor | None = None

    def __enter__(self) -> "_LoneProcess":
        return self

    def __exit__(self, *error: object) -> None:
        self._close()

    def annotate(self, items: list[Item]) -> Annotated | None:
        """Annotate a batch; None where the process ends over it.

        RAISES (BlurbError): B760 no process can be started.
        """
        if self._executor is None:
            self._executor = self._start()
        try:
            return _submit(self._executor, items, self._n_processes).result()
        except BrokenProcessPool:
            self._close()
            return None

    def _start(self) -> ProcessPoolExecutor:
        """Start a process and wait until it has loaded the pipeline and tried it."""
        executor = _make_executor(self._job, 1)
        try:
            _submit(executor, [], self._n_processes).result()
        except BrokenProcessPool as error:
            executor.shutdown()
            raise BlurbError(Errors.B760.format(count=self._n_processes)) from error
        return executor

    def _close(self) -> None:
        if self._executor is not None:
            self._executor.shutdown()
            self._executor = None


def _make_executor(job: Job, n_processes: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(n_processes, context, initializer=_start, initargs=(job,))


def _submit(
    executor: ProcessPoolExecutor, items: list[Item], n_processes: int
) -> Future[Annotated]:
    """Hand out a batch, for which the first ones start a process.

    RETURNS (Future): Of an executor whose process has ended it raises the BrokenProcessPool.
    RAISES (BlurbError): B760 a process cannot be started.
    """
    try:
        return executor.submit(_annotate, items)
    except BrokenProcessPool as error:
        broken: Future[Annotated] = Future()
        broken.set_exception(error)
        return broken
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
