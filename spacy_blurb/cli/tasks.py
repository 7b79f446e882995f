"""`spacy blurb tasks`: the table of tasks."""

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer

from ..tasks import TASKS, Task
from .app import command


@command("tasks")
def tasks(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the tasks with their sizes and PubMedBERT's score; with --json labels and all scores.

    Example: python -m spacy blurb tasks --json
    """
    if as_json:
        print(json.dumps([_to_json(task) for task in TASKS.values()], indent=2))
        return
    header = ("task", "type", "dataset", "metric", "train", "dev", "test", "PubMedBERT")
    rows: list[tuple[str, ...]] = [header]
    for task in TASKS.values():
        sizes = task.sizes
        best = task.published.get("PubMedBERT")
        rows.append(
            (
                task.name,
                task.type,
                task.dataset,
                task.metric,
                *("–" if n is None else f"{n:,}" for n in (sizes.train, sizes.dev, sizes.test)),
                "–" if best is None else f"{best:.2f}",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))


def _to_json(task: Task) -> dict[str, Any]:
    keys = ("name", "type", "dataset", "metric", "component", "labels", "sizes", "published")
    values = asdict(task)
    return {key: values[key] for key in keys}
