"""`spacy blurb annotate`: a stream of texts becomes a stream of annotations."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from ..errors import BlurbError, Errors
from .app import command


@command("annotate")
def annotate(
    pipeline: Annotated[str, typer.Argument(help="Folder or package name.")],
    source: Annotated[
        Path,
        typer.Argument(
            metavar="INPUT",
            help="A file or a folder: .txt (a document per line; in a folder, per file), .jsonl, "
            ".spacy, PubMed .xml or .nbib; also with .gz or .xz.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help=".jsonl, .spacy, .pubtator, .json (BioC), or a folder for a graph in CSV.",
        ),
    ],
    output_format: Annotated[
        str | None,
        typer.Option("--format", help="jsonl, docbin, pubtator, bioc or graph; default: the name."),
    ] = None,
    input_format: Annotated[
        str | None,
        typer.Option(
            help="text, text-files, jsonl, docbin, pubmed, medline; default: by the names."
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Start again where an earlier run would go on.")
    ] = False,
    n_process: Annotated[int, typer.Option(min=1, help="Processes, each with the pipeline.")] = 1,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Run them on a Ray cluster: HOST:PORT, auto, or local (extra: ray).",
        ),
    ] = None,
    gpu: Annotated[bool, typer.Option("--gpu", help="With --ray: a GPU for each process.")] = False,
    gpu_id: Annotated[
        int, typer.Option("--gpu-id", "-g", help="GPU of this machine, -1 for the CPU.")
    ] = -1,
    batch_size: Annotated[
        int | None,
        typer.Option(min=1, help="Documents computed together; default: the pipeline's."),
    ] = None,
    vectors: Annotated[
        bool, typer.Option("--vectors", help="Write the vector of each document (jsonl).")
    ] = False,
) -> None:
    """Annotate a file or folder; the same command goes on where it was stopped, also by a kill.

    Records that cannot be read or annotated are listed in OUTPUT.rejected.jsonl.

    Example: python -m spacy blurb annotate en_blurb_demo abstracts.jsonl -o annotated.jsonl
    """
    from ..evaluation.pipelines import choose_processor, load_pipeline
    from ..streaming.run import annotate as annotate_files

    if gpu_id >= 0 and ray is not None:
        raise typer.BadParameter("--gpu-id is for this machine; on a cluster give --gpu")
    choose_processor(gpu_id)
    try:
        summary = annotate_files(
            load_pipeline(pipeline),
            pipeline,
            source,
            output,
            output_format=output_format,
            input_format=input_format,
            batch_size=batch_size,
            n_processes=n_process,
            ray=ray,
            gpu=gpu,
            gpu_id=gpu_id,
            vector=vectors,
            overwrite=overwrite,
            report=_report,
        )
    except KeyboardInterrupt:
        _report("stopped; the same command, without --overwrite, goes on from here")
        raise
    if summary.left_out:
        shown = ", ".join(summary.left_out[:3])
        _report(
            f"{len(summary.left_out):,} left out, hidden, of other kinds or not readable: {shown} …"
        )
    done = summary.done
    if done.repeated:
        _report(
            f"{done.repeated:,} documents have the id of an earlier one, as later versions of an "
            "article do; all are written (docs/howto/annotate.md says how to keep the last)"
        )
    if done.documents == 0:
        message = Errors.B759.format(
            path=source, rejected=done.rejected, rejects=summary.rejected_path
        )
        raise BlurbError(message)
    before = f" ({summary.resumed:,} of them before)" if summary.resumed else ""
    print(
        f"annotate: {done.documents:,} documents{before}, {done.rejected:,} rejected, "
        f"{summary.words_per_second:,.0f} words/s → {output}"
    )


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
