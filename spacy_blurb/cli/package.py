"""`spacy blurb package`: a trained pipeline becomes an installable wheel."""

from pathlib import Path
from typing import Annotated

import typer

from .app import command


@command("package")
def package(
    pipeline: Annotated[Path, typer.Argument(help="Trained pipeline, for example model-last.")],
    output: Annotated[Path, typer.Argument(help="Folder for the wheel.")],
    name: Annotated[str, typer.Option(help="Package name without the language: blurb_demo.")],
    version: Annotated[str, typer.Option(help="Package version.")] = "0.1.0",
    result: Annotated[
        list[Path] | None,
        typer.Option(help="Result file of 'evaluate', for the package's README; one per task."),
    ] = None,
    meta: Annotated[
        Path | None,
        typer.Option(help="JSON file with description, author, url, license, sources."),
    ] = None,
    card: Annotated[
        Path | None,
        typer.Option(help="Markdown file for the package's README: data, limits, known errors."),
    ] = None,
) -> None:
    """Build a wheel that holds everything: no network and no training folder is needed to load it.

    Example: python -m spacy blurb package training/demo/model-last packages --name blurb_demo
    """
    from ..evaluation.packaging import build_wheel

    wheel = build_wheel(
        pipeline, output, name=name, version=version, results=result or (), meta=meta, card=card
    )
    print(f"{wheel.stat().st_size / 1e6:.1f} MB → {wheel}")
    print(f"Install it with: pip install {wheel}")
