"""The way from an input to an output: read, annotate, append, and tell how far it is."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from spacy.language import Language

from ..errors import BlurbError, Errors
from .annotator import Annotator
from .batches import read_batches
from .cluster import joined_cluster
from .identity import describe_run
from .inputs import list_inputs
from .items import Batch
from .ledger import Done, Ledger, check_place, written_paths
from .outputs import OUTPUTS, tell_output_format
from .pool import ActorPool
from .processes import Job, Results, annotate_here, annotate_in_processes

_SECONDS = 10.0
"""Between two reports of progress."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run has done.

    done (Done): Everything that the output holds.
    words_per_second (float): Of this run alone; 0 where nothing was left to do.
    resumed (int): Documents that were there before.
    rejected_path (Path): Where the rejected records are.
    left_out (list[str]): What of a folder is not read, see `list_inputs`.
    """

    done: Done
    words_per_second: float
    resumed: int
    rejected_path: Path
    left_out: list[str]


def annotate(
    nlp: Language,
    pipeline: str,
    source: Path,
    output: Path,
    *,
    output_format: str | None = None,
    input_format: str | None = None,
    batch_size: int | None = None,
    n_processes: int = 1,
    ray: str | None = None,
    gpu: bool = False,
    gpu_id: int = -1,
    vector: bool = False,
    overwrite: bool = False,
    report: Callable[[str], None] = print,
) -> Summary:
    """Annotate a file or a folder, or go on where an earlier run was stopped.

    nlp (Language): The loaded pipeline.
    pipeline (str): Where other processes load it from.
    source (Path): A file or a folder, see `list_inputs`.
    output (Path): A file; of the format "graph" a folder. `ledger.py` names what lies beside it.
    output_format, input_format (str | None): None to tell it by the name.
    batch_size (int | None): Documents that pass through the pipeline together; None for the
        pipeline's own. Part of what must not change when a run goes on.
    n_processes (int): From 1; each holds the pipeline.
    ray (str | None): The cluster on which they run, see `joined_cluster`; None for this machine.
    gpu (bool): Each has a GPU of the cluster. Part of what must not change when a run goes on.
    gpu_id (int): GPU of this machine, on which `nlp` computes and which each process shares; -1 for
        none. Like `gpu`, part of what must not change.
    vector (bool): Write vectors of documents, JSONL alone.
    overwrite (bool): Start again whatever there is.
    report (Callable): Is told how far it is, every ten seconds, and of processes that have ended.
    RAISES (BlurbError): B750-B752, B761, B775, B776 and B779 input and output, B753-B756 what
        `Ledger` raises, B757 and B758 the pipeline, B760 no process can be started, B765 too much
        for the format, B703 and B766-B774 the cluster.
    """
    if gpu and ray is None:
        raise BlurbError(Errors.B773)
    format_name = tell_output_format(output, output_format)
    writer = OUTPUTS[format_name](vector=vector)
    check_place(output, writer)
    if vector and not writer.has_vectors:
        raise BlurbError(Errors.B779.format(format_name=format_name))
    files, left_out = list_inputs(source, input_format)
    if source.is_dir() and output.resolve().is_relative_to(source.resolve()):
        raise BlurbError(Errors.B761.format(output=output, input=source))
    if source.resolve() in {path.resolve() for path in written_paths(output)}:
        raise BlurbError(Errors.B775.format(output=output, input=source))
    annotator = Annotator(nlp, format_name, vector=vector)
    annotator.check()
    size = batch_size or nlp.batch_size
    settings = {"batch_size": size, "vectors": vector, "gpu": gpu or gpu_id >= 0}
    identity = describe_run(nlp, files, output_format=format_name, **settings)
    ledger = Ledger(output, writer, identity, overwrite=overwrite)
    before = ledger.done
    begun = time.monotonic()
    if not ledger.is_finished:
        job = Job(pipeline, format_name, vector, gpu_id)
        if ray is not None:
            workers = _on_ray(job, identity, n_processes, ray, gpu, report)
        else:
            workers = _on_this_machine(job, annotator, n_processes, report)
        # Nothing is begun where nobody can annotate.
        with workers as annotate_batches, ledger:
            told = begun
            for batch, annotated in annotate_batches(read_batches(files, before.position, size)):
                ledger.add(batch, annotated)
                if time.monotonic() - told >= _SECONDS:
                    told = time.monotonic()
                    report(_describe(ledger.written, before, told - begun))
            ledger.finish()
    done = ledger.done
    speed = _speed(done, before, time.monotonic() - begun)
    return Summary(done, speed, before.documents, ledger.rejected_path, left_out)


_Workers = Callable[[Iterable[Batch]], Results]


@contextmanager
def _on_this_machine(
    job: Job, annotator: Annotator, n_processes: int, report: Callable[[str], None]
) -> Iterator[_Workers]:
    if n_processes == 1:
        yield partial(annotate_here, annotator)
    else:
        yield partial(annotate_in_processes, job, n_processes=n_processes, report=report)


@contextmanager
def _on_ray(
    job: Job,
    identity: dict[str, Any],
    n_actors: int,
    address: str,
    gpu: bool,
    report: Callable[[str], None],
) -> Iterator[_Workers]:
    if Path(job.pipeline).is_dir():  # processes of a cluster begin in folders of their own
        job = replace(job, pipeline=str(Path(job.pipeline).resolve()))
    with joined_cluster(address, n_actors) as ray:
        pool = ActorPool(ray, job, identity, n_actors, gpu=gpu, report=report)
        pool.start()
        yield pool.annotate


def _describe(done: Done, before: Done, seconds: float) -> str:
    speed = _speed(done, before, seconds)
    return f"{done.documents:,} documents, {done.rejected:,} rejected, {speed:,.0f} words/s"


def _speed(done: Done, before: Done, seconds: float) -> float:
    return (done.words - before.words) / seconds if seconds > 0 else 0.0
