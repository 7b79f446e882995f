"""The leaderboard as one HTML file: no network, no other files, every name escaped by jinja2."""

import base64
import hashlib
from datetime import datetime, timezone
from importlib.resources import files
from math import isfinite
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from ..tasks import TASKS
from ..tasks.ablations import Ablation
from ..tasks.beyond import BEYOND, BeyondRow
from ..tasks.blurb import BLURB_TASKS, BLURB_TYPES
from .error_views import build_views
from .leaderboard import Board, BoardCell, Row, own_beyond, own_others
from .leaderboard_markdown import Footnotes, format_score
from .result_files import Result
from .results import package_versions

_TITLES = {
    "ner": "Entities",
    "pico": "PICO",
    "rel": "Relations",
    "sts": "Similarity",
    "textcat": "Labels",
    "qa": "Questions",
}
_N_COLORS = 6


def board_to_html(board: Board, gold: Path | None = None) -> str:
    """Return the page.

    gold (Path | None): Folder with `TASK/test.spacy`, for views of wrong predictions; without it
        the page has none and holds no text of the data sets.
    """
    script = Markup(_read("leaderboard.js"))
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    footnotes, beyond_notes, other_notes = Footnotes(), Footnotes(), Footnotes()
    highest = {
        task: max((row.scores[task] for row in board.rows if task in row.scores), default=None)
        for task in BLURB_TASKS
    }
    # Ours first, then the published from the highest down.
    ordered = [*board.own, *sorted(_published(board), key=lambda row: -(row.blurb or 0))]
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.from_string(_read("leaderboard.html")).render(
        board=board,
        style=Markup(_read("leaderboard.css")),
        script=script,
        script_hash=f"sha256-{digest}",
        groups=[{"title": _TITLES[k], "span": len(names)} for k, names in BLURB_TYPES.items()],
        tasks=[TASKS[name] for name in BLURB_TASKS],
        rows=[_row(row, highest, footnotes) for row in ordered],
        notes=footnotes.notes,
        ablations=[_ablation(ablation, found) for ablation, found in board.ablations],
        curves=_curves(board),
        views=[] if gold is None else build_views(board, gold),
        others=_others(board, other_notes),
        other_notes=other_notes.notes,
        beyond=[_beyond(row, board, beyond_notes) for row in BEYOND],
        beyond_notes=beyond_notes.notes,
        version=package_versions()["spacy-blurb"],
        date=datetime.now(timezone.utc).strftime("%Y-%m-%d"),
    )


def _read(name: str) -> str:
    return (files(__package__) / "pages" / name).read_text(encoding="utf-8")


def _published(board: Board) -> list[Row]:
    return [row for row in board.rows if row.published]


def _row(row: Row, highest: dict[str, float | None], footnotes: Footnotes) -> dict[str, Any]:
    marks = _marks(footnotes, row.notes)
    blurb_marks = _marks(footnotes, row.refused)
    partial = " partial" if row.partial else ""
    return {
        "model": row.model,
        "source": row.source,
        "published": row.published,
        "marks": marks,
        "blurb": "–" if row.blurb is None else f"{row.blurb:.2f}{partial}",
        "blurb_value": "" if row.blurb is None else row.blurb,
        "blurb_marks": blurb_marks,
        "blurb_interval": _interval(row.blurb_ci95),
        "cells": [_cell(row, task, highest[task], footnotes) for task in BLURB_TASKS],
    }


def _cell(row: Row, task: str, highest: float | None, footnotes: Footnotes) -> dict[str, Any]:
    if task not in row.scores:
        return {"text": "–", "value": "", "best": False, "title": "", "marks": "", "interval": ""}
    score, cell = row.scores[task], row.cells.get(task)
    return {
        "text": f"{score:.2f}",
        "value": score,
        "best": score == highest,
        "title": "" if cell is None else _describe_runs(cell),
        "marks": "" if cell is None else _marks(footnotes, cell.notes),
        "interval": "" if cell is None else _interval(cell.ci95),
    }


def _describe_runs(cell: BoardCell) -> str:
    return "; ".join(f"seed {seed}: {score:.2f}" for seed, score in cell.runs)


def _interval(bounds: tuple[float, float] | None) -> str:
    return "" if bounds is None else f"{bounds[0]:.1f}–{bounds[1]:.1f}"


def _marks(footnotes: Footnotes, notes: list[str], prefix: str = "note") -> Markup:
    marks = Markup("")
    for note in notes:
        number = footnotes.mark([note]).strip("[]")
        marks += Markup('<sup><a href="#{}-{}">{}</a></sup>').format(prefix, number, number)
    return marks


def _ablation(ablation: Ablation, found: dict[str, Row]) -> dict[str, Any]:
    """Lay out a table of the paper's shape: a line per task, per arm our score and the paper's."""
    arms = ablation.arms.items()
    tasks = [
        task
        for task in BLURB_TASKS
        if any(task in arm.published for _, arm in arms)
        or any(task in row.scores for row in found.values())
    ]
    lines = [
        {
            "title": TASKS[task].dataset,
            "cells": [
                _two(value)
                for name, arm in arms
                for value in (
                    found[name].scores.get(task) if name in found else None,
                    arm.published.get(task),
                )
            ],
        }
        for task in tasks
    ]
    if any(arm.blurb for _, arm in arms):
        cells = [
            _two(value)
            for name, arm in arms
            for value in (found[name].blurb if name in found else None, arm.blurb)
        ]
        lines.append({"title": "BLURB", "cells": cells})
    return {
        "title": ablation.title,
        "source": ablation.source,
        "arms": [arm.title for _, arm in arms],
        "lines": lines,
    }


def _two(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _beyond(row: BeyondRow, board: Board, footnotes: Footnotes) -> dict[str, Any]:
    return {
        "dataset": row.dataset,
        "metric": row.metric,
        "protocol": row.protocol,
        "published": [(model, format_score(score)) for model, score in row.scores],
        "own": [
            _own_cell(model, cell, footnotes, "beyond-note")
            for model, cell in own_beyond(board, row)
        ],
        "marks": _marks(footnotes, [row.note] if row.note else [], "beyond-note"),
    }


def _others(board: Board, footnotes: Footnotes) -> list[dict[str, Any]]:
    return [
        {
            "dataset": TASKS[task].dataset,
            "metric": TASKS[task].metric,
            "own": [_own_cell(model, cell, footnotes, "other-note") for model, cell in own],
        }
        for task, own in own_others(board)
    ]


def _own_cell(model: str, cell: BoardCell, footnotes: Footnotes, prefix: str) -> dict[str, Any]:
    return {
        "model": model,
        "score": f"{cell.score:.2f}",
        "title": _describe_runs(cell),
        "interval": _interval(cell.ci95),
        "marks": _marks(footnotes, cell.notes, prefix),
    }


def _curves(board: Board) -> list[dict[str, Any]]:
    """Lay out a chart per task from what the results say of their training."""
    colors = {row.model: n % _N_COLORS for n, row in enumerate(board.own)}
    charts = []
    for task in TASKS.values():
        runs = [
            (row.model, result.seed, curve)
            for row in board.own
            if task.name in row.cells
            for result in row.cells[task.name].results
            if len(curve := _curve(result)) > 1
        ]
        if runs:
            charts.append(_chart(task.dataset, runs, colors))
    return charts


def _curve(result: Result) -> list[tuple[float, float]]:
    """Return steps and scores on dev; spaCy logs none where nothing could be scored."""
    found = result.content.get("run", {}).get("curve")
    points = found if isinstance(found, list) else []
    return [
        (point[0], point[1])
        for point in points
        if isinstance(point, list)
        and len(point) > 1
        and all(isinstance(value, int | float) and isfinite(value) for value in point[:2])
    ]


def _chart(title: str, runs: list[tuple[str, Any, Any]], colors: dict[str, int]) -> dict[str, Any]:
    scores = [100 * point[1] for _, _, curve in runs for point in curve]
    steps = max(point[0] for _, _, curve in runs for point in curve)
    low, high = min(scores), max(scores)
    span = max(high - low, 1.0)

    def place(step: float, score: float) -> tuple[float, float]:
        return 36 + 276 * step / max(1, steps), 160 - 150 * (score - low) / span

    lines = [
        {
            "points": " ".join(
                f"{x:.1f},{y:.1f}" for x, y in (place(p[0], 100 * p[1]) for p in curve)
            ),
            "color": colors[model],
            "title": f"{model}, seed {seed}: {100 * curve[-1][1]:.2f} at step {curve[-1][0]:,}",
        }
        for model, seed, curve in runs
    ]
    values = [low + span * part for part in (0, 0.5, 1)]
    return {
        "title": title,
        "steps": f"{steps:,}",
        "low": f"{low:.1f}",
        "high": f"{high:.1f}",
        "ticks": [(round(place(0, value)[1], 1), f"{value:.1f}") for value in values],
        "lines": lines,
        "legend": sorted({(model, colors[model]) for model, _, _ in runs}),
    }
