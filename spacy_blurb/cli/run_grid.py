"""`spacy blurb run`: a grid of task x model x seed, resumable."""

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import BlurbError, Errors
from .app import command

if TYPE_CHECKING:
    from ..evaluation.grid_cell import Place


@command("run")
def run(
    grid: Annotated[Path, typer.Argument(help="Grid file, see configs/grids/.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for result files.")],
    encoder: Annotated[
        str | None, typer.Option(help="Hugging Face folder or hub name, for models without one.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder with a folder per data set, to convert from.")
    ] = None,
    work: Annotated[
        Path | None, typer.Option(help="For corpora, logs, models; default: training/GRID.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Cells at the same time.")] = 1,
    threads: Annotated[int, typer.Option(min=1, help="Threads of each.")] = 1,
    gpus: Annotated[
        str,
        typer.Option(
            help="GPU numbers, '0,1': jobs are dealt out to them, so give as many --jobs at least; "
            "one job takes the first alone. -1 is the CPU."
        ),
    ] = "-1",
    keep_models: Annotated[
        bool, typer.Option("--keep-models", help="Keep trained pipelines after scoring.")
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite/--no-overwrite", help="Replace results with another encoder."),
    ] = False,
) -> None:
    """Train and score every cell of a grid; a second call runs only what is missing.

    A cell is a task, a model and a seed: convert, init-config, spacy train, evaluate on test.
    Where the grid lists alternatives they compete on dev; test is opened once, by evaluate.

    Example: python -m spacy blurb run configs/grids/minilm.toml --data $BLURB_DATA
    --encoder FOLDER -o metrics/minilm
    """
    from ..evaluation.grid import read_grid
    from ..evaluation.grid_run import Folders, GridRun

    groups = read_grid(grid, encoder=encoder)
    places = deal_out(gpus, jobs, threads)
    folders = Folders(data, work or Path("training") / grid.stem, output)
    outcome = GridRun(
        groups,
        folders,
        places,
        report=lambda line: print(line, flush=True),
        keep_models=keep_models,
        overwrite=overwrite,
    )
    # A grid that is told to end takes its trainings with it.
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        found = outcome.run()
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
        raise typer.Exit(130) from None
    finally:
        signal.signal(signal.SIGTERM, before)
    total = found.finished + found.skipped + len(found.failed)
    print(
        f"{found.finished} cells run, {found.skipped} finished before, {len(found.failed)} failed"
        f" → {output}"
    )
    if found.failed:
        raise BlurbError(Errors.B623.format(count=len(found.failed), total=total))


def deal_out(gpus: str, jobs: int, threads: int) -> list["Place"]:
    """Return a place for each job, the GPUs in turn; "-1" for none, as in spaCy's `--gpu-id`."""
    from ..evaluation.grid_cell import Place

    names = [name.strip() for name in gpus.split(",")]
    slots = [None if name == "-1" else name for name in names]
    return [Place(threads, slots[n % len(slots)], jobs) for n in range(jobs)]


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt
