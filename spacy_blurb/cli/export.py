"""`spacy blurb export`: the same pipeline, faster and without torch."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import BlurbError, Errors
from .app import command


@command("export")
def export(
    pipeline: Annotated[str, typer.Argument(help="Folder or package name.")],
    output: Annotated[Path, typer.Argument(help="Folder for the exported pipeline.")],
    backend: Annotated[
        str, typer.Option(help="openvino-bf16, openvino-int8 or onnx-int8.")
    ] = "openvino-bf16",
    calibration: Annotated[
        list[Path] | None,
        typer.Option(
            help="Texts for openvino-int8 to take ranges from, .spacy or one a line (5,000 lines "
            "at most, evenly; of each the first 100,000 characters); repeatable."
        ),
    ] = None,
    dev: Annotated[
        list[Path] | None, typer.Option(help="Gold .spacy file to compare scores on; repeatable.")
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(help="What a score may lose, 0-1; by default 0.001 (bf16) or 0.003 (int8)."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what was exported to OUTPUT.")
    ] = False,
) -> None:
    """Write a pipeline that needs neither torch nor transformers, and how it compares.

    Example: python -m spacy blurb export training/ncbi_disease/model-last exported/ncbi_disease
    --backend openvino-int8 --calibration texts.txt --dev corpus/ncbi_disease/dev.spacy
    """
    from ..evaluation.export import export_pipeline, summarise
    from ..evaluation.export_config import read_calibration

    if output.exists() and not overwrite:
        raise BlurbError(Errors.B723.format(path=output))
    texts = [text for path in calibration or () for text in read_calibration(path)]
    name: Any = backend
    report = export_pipeline(
        pipeline, output, name, calibration=texts, dev=dev or (), tolerance=tolerance
    )
    print(summarise(report))
    print(f"→ {output}")
