"""`spacy blurb convert`: a public dataset becomes `train/dev/test.spacy`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from .app import command


@command("convert")
def convert(
    task: Annotated[str, typer.Argument(help="Task name, see 'tasks'.")],
    raw_dir: Annotated[Path, typer.Argument(help="Folder laid out like the distribution.")],
    out_dir: Annotated[Path, typer.Argument(help="Where to write.")],
    form: Annotated[
        str, typer.Option(help="'original': rebuild; 'blurb': the preprocessed copy.")
    ] = "original",
) -> None:
    """Convert a public dataset to train.spacy, dev.spacy, test.spacy and report.json.

    Example: python -m spacy blurb convert ncbi_disease assets/ncbi_disease corpus/ncbi_disease
    """
    from ..evaluation.corpora import convert_for_task
    from ..tasks import get_task

    report = convert_for_task(get_task(task), raw_dir, out_dir, form=form)
    print_report(report, out_dir, asked=form)


def print_report(report: dict[str, Any], out_dir: Path, *, asked: str | None = None) -> None:
    """Print a conversion report as a table.

    asked (str | None): The form that was asked for.
    """
    from ..tasks.differences import is_explained

    print(f"{report['task']} ({report['form']}) → {out_dir}")
    if report["form"] == "blurb" and asked == "original":
        print("  not all originals are in the folder: read the preprocessed copy")
        print(f"  {report['missing']}")
    for split, row in report["splits"].items():
        paper = "" if row["paper"] is None else f" (paper: {row['paper']:,})"
        between = f", {row['relations']:,} relations" if "relations" in row else ""
        left_out = "".join(f", {count} {what}" for what, count in row["left_out"].items())
        seen = f", {row['in_train']:,} texts are in train, too" if row.get("in_train") else ""
        # Relations need them all; a tagger learns the longest alone.
        nested = f", {row['nested']:,} overlapping longer ones" if row["nested"] else ""
        # With relations, which must have their entities; where many are, offsets may be wrong.
        parted = f", {row['parted']} inside of words that were parted" if row["parted"] else ""
        # The unit of relation tasks is the instance, also one without a relation.
        unit = "pairs" if row["unit"] == "relations" else row["unit"]
        print(
            f"  {split:5}  {row['documents']:,} Docs, {row['gold']:,} {unit}{paper}{between}, "
            f"{row['lost']} not on token boundaries{nested}{parted}{left_out}{seen}"
        )
        if not is_explained(report["task"], report["form"], split, row["gold"], row["paper"]):
            question = "is it the right file, and complete?"
            print(f"         not the paper's count, and no reason for it is known: {question}")
    if report.get("left_out"):
        reasons = ", ".join(f"{count} {what}" for what, count in report["left_out"].items())
        print(f"  of the file for train and dev: {reasons}")
