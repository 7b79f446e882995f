"""`spacy blurb convert-own`: a user's own data becomes `train/dev/test.spacy`."""

from pathlib import Path
from typing import Annotated

import typer

from .app import command


@command("convert-own")
def convert_own(
    format_name: Annotated[
        str,
        typer.Argument(
            metavar="FORMAT", help="conll, pubtator, bioc, brat, jsonl, squad or questions."
        ),
    ],
    train: Annotated[Path, typer.Argument(help="Training file; of brat a folder.")],
    out_dir: Annotated[Path, typer.Argument(help="Where to write.")],
    dev: Annotated[
        Path | None, typer.Option(help="Dev file; without it every tenth document is dev.")
    ] = None,
    test: Annotated[Path | None, typer.Option(help="Test file.")] = None,
    label: Annotated[
        str, typer.Option(help="Name of the label set, and label of mentions without a type.")
    ] = "Entity",
    none: Annotated[
        list[str] | None,
        typer.Option(help="Label of relations that means there is none; once for each."),
    ] = None,
) -> None:
    """Convert your own annotated files; every mention is counted and nothing is dropped silently.

    Example: python -m spacy blurb convert-own conll train.tsv --test test.tsv corpus/own
    """
    from ..data.convert import convert_own as convert_files
    from .convert import print_report

    paths = {"train": train, "dev": dev, "test": test}
    given = {name: path for name, path in paths.items() if path is not None}
    report = convert_files(format_name, given, out_dir, label=label, none=none or ())
    print_report(report, out_dir)
