"""`spacy blurb check-data`: our counts of all datasets in a folder beside the papers'."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .app import command

if TYPE_CHECKING:
    from ..evaluation.inventory import Row

HEADER = ("task", "form", "split", "unit", "ours", "paper", "difference and what was left out")
EXAMPLE = "ncbi_disease/"


@command("check-data")
def check_data(
    data: Annotated[Path, typer.Argument(help="Folder with one folder per dataset.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Also write the table (Markdown).")
    ] = None,
) -> None:
    """Read every dataset in a folder and print our counts beside the papers'.

    Exit code 1 where a count differs and no reason is known.

    Example: python -m spacy blurb check-data assets -o counts.md
    """
    from ..errors import BlurbError, Errors
    from ..evaluation.inventory import count_datasets

    if not data.is_dir():
        raise BlurbError(Errors.B108.format(path=data, task="all tasks"))
    lines = [_to_line(HEADER), _to_line(["---"] * len(HEADER))]
    print("\n".join(lines))
    unexplained = 0
    for row in count_datasets(data):
        unexplained += not row.explained
        lines.append(_to_line(_cells(row)))
        print(lines[-1], flush=True)
    if len(lines) == 2:
        raise BlurbError(
            Errors.B651.format(path=data, example=EXAMPLE, parent=data.absolute().parent)
        )
    if output is not None:
        output.write_text("\n".join(lines) + "\n", encoding="utf-8")
    if unexplained:
        raise BlurbError(Errors.B600.format(count=unexplained))


def _cells(row: "Row") -> list[str]:
    def show(count: int | None) -> str:
        return "–" if count is None else f"{count:,}"

    remark = row.remark if row.explained else f"NOT EXPLAINED {row.remark}"
    return [row.task, row.form, row.split, row.unit, show(row.ours), show(row.paper), remark]


def _to_line(cells: "list[str] | tuple[str, ...]") -> str:
    return "| " + " | ".join(cells) + " |"
