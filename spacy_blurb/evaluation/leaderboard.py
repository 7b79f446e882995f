"""The leaderboard: results of a folder beside the published rows, and what may be compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BlurbError, Errors
from ..metrics.resampling import draw_parts, interval
from ..tasks import TASKS
from ..tasks.ablations import ABLATIONS, Ablation
from ..tasks.beyond import BEYOND, BeyondRow
from ..tasks.blurb import (
    BLURB_TASKS,
    BLURB_TYPES,
    TEST_RELATIONS,
    blurb_score,
    partial_score,
)
from ..tasks.published import NOTES, PRINTED_BLURB, PUBLISHED_ROWS, SOURCES
from .result_files import Result
from .significance import compare_runs
from .stated_encoders import stated_encoders

_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class BoardCell:
    """A model's score on a task, in percent.

    score (float): Mean over its runs.
    runs (list): Seed and score of each.
    ci95 (tuple | None): Of the mean, over other test items: the runs are resampled together. How
        far other seeds would move it is seen in `runs`.
    notes (list[str]): What must be said beside it.
    """

    score: float
    runs: list[tuple[Any, float]]
    ci95: tuple[float, float] | None
    notes: list[str]
    results: list[Result]


@dataclass(slots=True)
class Row:
    """A model.

    scores (dict[str, float]): Task → percent, of BLURB's tasks and of others.
    blurb (float | None): BLURB score, None where it is refused or was not published.
    partial (bool): `blurb` is a mean over the tasks that there are.
    refused (list[str]): Why there is no BLURB score, or what is wrong with the one that there is.
    """

    model: str
    source: str
    scores: dict[str, float]
    blurb: float | None
    published: bool = True
    blurb_ci95: tuple[float, float] | None = None
    partial: bool = False
    cells: dict[str, BoardCell] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Board:
    """All that a leaderboard shows.

    rows (list[Row]): Published ones, then those of the folder.
    ablations (list[tuple[Ablation, dict[str, Row]]]): With models of the folder.
    comparisons (list[dict]): Differences to the models of another folder.
    """

    rows: list[Row]
    ablations: list[tuple[Ablation, dict[str, Row]]]
    comparisons: list[dict[str, Any]]

    @property
    def own(self) -> list[Row]:
        """Return the rows of the folder."""
        return [row for row in self.rows if not row.published]


def build_board(
    results: Sequence[Result],
    *,
    against: Sequence[Result] = (),
    incomplete: bool = False,
    mixed: bool = False,
) -> Board:
    """Lay out the table.

    against (Sequence[Result]): Results to compare with, pair by pair of models.
    incomplete (bool): Give rows without all tasks a mean over those they have, and say so.
    mixed (bool): Average and put side by side what was made differently, and say so.
    RAISES (BlurbError): B637 runs of one model and task that differ in more than the seed, B638
        models scored on different gold data, B640 a task that there is not.
    """
    by_model: dict[str, dict[str, list[Result]]] = {}
    for result in results:
        if result.task not in TASKS:
            raise BlurbError(Errors.B640.format(path=result.path, task=result.task))
        by_model.setdefault(result.model, {}).setdefault(result.task, []).append(result)
    differing = _check_columns(results, mixed=mixed)
    own = [
        _build_row(model, tasks, differing, incomplete=incomplete, mixed=mixed)
        for model, tasks in by_model.items()
    ]
    named = {row.model: row for row in own}
    ablations = [
        (ablation, {arm: named[arm] for arm in ablation.arms if arm in named})
        for ablation in ABLATIONS
        if any(arm in named for arm in ablation.arms)
    ]
    return Board([*_published(), *own], ablations, _compare(by_model, against))


def own_beyond(board: Board, row: BeyondRow) -> list[tuple[str, BoardCell]]:
    """Return the folder's models that belong beside a published figure, with their scores."""
    return [
        (own.model, own.cells[row.task])
        for own in board.own
        if row.task in own.cells and _has_shots(own.cells[row.task], row.shots)
    ]


def own_others(board: Board) -> list[tuple[str, list[tuple[str, BoardCell]]]]:
    """Return the tasks of the folder that have no published figure, with models and scores."""
    shown = {*BLURB_TASKS, *(row.task for row in BEYOND)}
    return [
        (task, [(row.model, row.cells[task]) for row in board.own if task in row.cells])
        for task in TASKS
        if task not in shown and any(task in row.cells for row in board.own)
    ]


def _has_shots(cell: BoardCell, wanted: bool | None) -> bool:
    """Tell whether solved questions were read first, or not, as is wanted."""
    found = {bool(r.content["shots"]) if "shots" in r.content else None for r in cell.results}
    return wanted is None or found == {wanted}


def _published() -> list[Row]:
    rows = []
    for model, scores in PUBLISHED_ROWS.items():
        # As printed: recomputing gives the same to two decimals, which a test shows.
        row = Row(model, SOURCES[model], dict(scores), PRINTED_BLURB.get(model))
        row.notes = [NOTES[model]] if model in NOTES else []
        rows.append(row)
    return rows


def _check_columns(results: Sequence[Result], *, mixed: bool) -> set[str]:
    """Return the tasks that were not scored on the same gold data by all models."""
    gold: dict[str, dict[str, set[str]]] = {}
    for result in results:
        gold.setdefault(result.task, {}).setdefault(result.gold, set()).add(result.model)
    differing = {task for task, names in gold.items() if len(names) > 1}
    for task in sorted(differing):
        # Runs of one model are the other check's.
        groups = [sorted(models) for models in gold[task].values()]
        if len({model for models in groups for model in models}) > 1 and not mixed:
            listed = " / ".join(", ".join(models) for models in groups)
            raise BlurbError(Errors.B638.format(task=task, models=listed))
    return differing


def _build_row(
    model: str,
    tasks: Mapping[str, list[Result]],
    differing: set[str],
    *,
    incomplete: bool,
    mixed: bool,
) -> Row:
    ordered = [name for name in TASKS if name in tasks]
    cells = {name: _build_cell(model, name, tasks[name], differing, mixed) for name in ordered}
    scores = {name: cell.score for name, cell in cells.items()}
    row = Row(model, "this folder", scores, None, published=False, cells=cells)
    missing = [name for name in BLURB_TASKS if name not in scores]
    if missing:
        row.refused.append(f"{len(missing)} of {len(BLURB_TASKS)} tasks missing: {_list(missing)}")
    protocol = _protocol_problems(cells)
    row.refused += [*protocol, *_unknown_protocol(cells)]
    if (missing and not incomplete) or (protocol and not mixed):
        return row
    row.partial = bool(missing)
    row.blurb = partial_score(scores) if missing else blurb_score(scores)
    if not missing:
        row.blurb_ci95 = _blurb_interval(cells)
    return row


def _protocol_problems(cells: Mapping[str, BoardCell]) -> list[str]:
    """Say in what the tasks of a row were not treated alike, or not as in the paper."""
    problems = []
    shown = {name: cell for name, cell in cells.items() if name in BLURB_TASKS}
    budgets = [
        f"{name} ({used:,} of {total:,})"
        for name, cell in shown.items()
        for used, total in _budgets(cell.results)
    ]
    if budgets:
        problems.append(f"trained on a part of the training Docs: {', '.join(budgets)}")
    if end_to_end := [name for name, cell in shown.items() if _is_end_to_end(cell.results)]:
        problems.append(f"relations between predicted entities: {_list(end_to_end)}")
    sizes = [
        f"{name} ({note})" for name, c in shown.items() for note in _other_sizes(name, c.results)
    ]
    if sizes:
        problems.append(f"not on the whole test split: {', '.join(sizes)}")
    forms: dict[str, list[str]] = {}
    for name, cell in shown.items():
        for form in {r.settings["form"] for r in cell.results if "form" in r.settings}:
            forms.setdefault(form, []).append(name)
    if len(forms) > 1:
        listed = "; ".join(f"{form}: {_list(names)}" for form, names in sorted(forms.items()))
        problems.append(f"data in two forms ({listed})")
    encoders = stated_encoders([result for cell in shown.values() for result in cell.results])
    if len(encoders) > 1:
        problems.append(f"several encoders: {_list(encoders)}")
    return problems


def _unknown_protocol(cells: Mapping[str, BoardCell]) -> list[str]:
    """Say which tasks cannot be checked, as their results do not tell how they were trained."""
    silent = [
        name
        for name, cell in cells.items()
        if name in BLURB_TASKS and not all(result.settings for result in cell.results)
    ]
    if not silent:
        return []
    where = "any task" if len(silent) == len(BLURB_TASKS) else _list(silent)
    return [f"settings not stated for {where}: budget and form of the data are unknown"]


def _build_cell(
    model: str, task: str, results: list[Result], differing: set[str], mixed: bool
) -> BoardCell:
    results = sorted(results, key=lambda result: str(result.seed))
    notes = []
    for what, found in _differences(results).items():
        if not mixed:
            raise BlurbError(
                Errors.B637.format(model=model, task=task, what=what, found=_list(found))
            )
        notes.append(f"runs that differ in {what}: {_list(found)}")
    if task in differing:
        notes.append("not all models of this column were scored on the same gold data")
    if _is_end_to_end(results):
        notes.append("end to end: the entities are predicted, too")
    notes += [*_other_sizes(task, results), *_other_direction(task, results)]
    notes += [f"trained on {used:,} of {total:,} Docs" for used, total in _budgets(results)]
    selections = [result.content.get("run", {}).get("selection") for result in results]
    tried = {len(selection["tried"]) for selection in selections if selection}
    notes += [f"best of {number} settings on dev" for number in sorted(tried)]
    silent = [str(result.seed) for result in results if not result.settings]
    if len(results) > 1 and silent:
        # They are averaged as if they differed in nothing but the seed, which nobody can check.
        notes.append(f"settings not stated for seeds {_list(silent)}")
    runs = [(result.seed, 100 * result.content["score"]) for result in results]
    score = sum(value for _, value in runs) / len(runs)
    return BoardCell(score, runs, _cell_interval(results), notes, results)


def _budgets(results: Sequence[Result]) -> list[tuple[int, int]]:
    """Return the budgets of runs that had one: training Docs used, and all there are."""
    return sorted({result.budget for result in results if result.budget})


def _differences(results: Sequence[Result]) -> dict[str, list[str]]:
    """Return in what runs differ besides the seed; only what a result states is compared."""
    found = {
        "gold data": sorted({result.gold[:12] for result in results}),
        "entities": sorted({result.entities for result in results if result.entities}),
    }
    for key in dict.fromkeys(key for result in results for key in result.settings):
        stated = [result for result in results if key in result.settings]
        found[key] = sorted({str(result.settings[key]) for result in stated})
    found["encoder"] = stated_encoders(results)
    for key in ("metric", "backend", "threshold", "directed"):
        stated = [result for result in results if key in result.content]
        found[key] = sorted({str(result.content[key]) for result in stated})
    return {what: values for what, values in found.items() if len(values) > 1}


def _other_sizes(task: str, results: Sequence[Result]) -> list[str]:
    """Say how much was scored where it is not as much as the published test split has.

    A dev split, or a part of the test split, must not stand beside published figures unmarked.
    """
    spec = TASKS[task]
    unit = "gold" if spec.type in ("ner", "pico", "rel") else "n"
    # Beyond BLURB a task has test sets of several sizes, such as the years of BioASQ.
    is_compared = task in BLURB_TASKS
    found = {result.content.get(unit) for result in results} if is_compared else set()
    # A relation task's size is in pairs, and its gold relations are those of them that hold.
    wanted = TEST_RELATIONS.get(task, spec.sizes.test)
    return [
        f"scored on {size:,} of what the test split has {wanted:,} of"
        for size in sorted(value for value in found if isinstance(value, int))
        if wanted is not None and size != wanted
    ]


def _other_direction(task: str, results: Sequence[Result]) -> list[str]:
    """Say where a prediction file had mirrored pairs counted otherwise than the task has it."""
    by_task = TASKS[task].settings.get("directed", True)
    other = any(result.content.get("directed", by_task) != by_task for result in results)
    return ["pairs count with their mirror images, unlike in this task"] if other else []


def _is_end_to_end(results: Sequence[Result]) -> bool:
    return any(result.entities == "predicted" for result in results)


def _cell_interval(results: Sequence[Result]) -> tuple[float, float] | None:
    scores = _resampled(results)
    if scores is not None:
        low, high = interval(scores)
        return low, high
    if len(results) > 1:
        return None
    low, high = (100 * bound for bound in results[0].content["ci95"])
    return low, high


def _resampled(results: Sequence[Result]) -> Any:
    """Return the mean over runs on each resample of the test items, in percent; None without."""
    found = [result.units() for result in results]
    units = [item for item in found if item is not None]
    if len(units) < len(found) or any(item.ids != units[0].ids for item in units):
        return None
    scores = [
        np.mean([item.scores(weights) for item in units], axis=0)
        for weights in draw_parts(len(units[0].ids), resamples=_RESAMPLES)
    ]
    return 100 * np.concatenate(scores)


def _blurb_interval(cells: Mapping[str, BoardCell]) -> tuple[float, float] | None:
    """Resample all tasks; those on the same documents together, the others independently."""
    scores = {name: _resampled(cells[name].results) for name in BLURB_TASKS}
    if any(values is None for values in scores.values()):
        return None
    means = [np.mean([scores[name] for name in names], axis=0) for names in BLURB_TYPES.values()]
    return interval(np.mean(means, axis=0))


def _compare(
    ours: Mapping[str, Mapping[str, list[Result]]], against: Sequence[Result]
) -> list[dict[str, Any]]:
    theirs: dict[str, dict[str, list[Result]]] = {}
    for result in against:
        theirs.setdefault(result.model, {}).setdefault(result.task, []).append(result)
    rows = []
    done: set[tuple[str, frozenset[frozenset[Path]]]] = set()
    for model, tasks in ours.items():
        for other, other_tasks in theirs.items():
            for task in (name for name in TASKS if name in tasks and name in other_tasks):
                sides = tasks[task], other_tasks[task]
                files = [frozenset(result.path.resolve() for result in runs) for runs in sides]
                # A folder beside itself has each pair twice, and each model beside itself.
                if files[0] == files[1] or (task, frozenset(files)) in done:
                    continue
                done.add((task, frozenset(files)))
                found = compare_runs(*sides)
                row: dict[str, Any] = {"model": model, "against": other, "task": task}
                if isinstance(found, str):
                    row["reason"] = found
                else:
                    row |= {
                        "difference": 100 * found.difference,
                        "ci95": [100 * bound for bound in found.ci95],
                        "p": found.p,
                    }
                rows.append(row)
    return rows


def _list(names: Sequence[str]) -> str:
    return ", ".join(names)
