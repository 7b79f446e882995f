"""Is a difference more than chance? Paired, on the same test items."""

from collections.abc import Sequence
from pathlib import Path

from ..metrics.resampling import Comparison, Units, compare
from .result_files import Result, read_result, read_results


def compare_runs(ours: Sequence[Result], theirs: Sequence[Result]) -> Comparison | str:
    """Compare the runs of two models on one task.

    RETURNS (Comparison | str): Ours minus theirs, or why there is no comparison.
    """
    if len({result.gold for result in (*ours, *theirs)}) > 1:
        return "other gold data"
    if len({result.entities for result in (*ours, *theirs)} - {None}) > 1:
        return "other entities: given to one, predicted by the other"
    a, b = _units(ours), _units(theirs)
    if a is None or b is None:
        return "a result without its 'units' file"
    if any(units.ids != a[0].ids for units in (*a, *b)):
        return "other test items"
    return compare(a, b)


def _units(results: Sequence[Result]) -> list[Units] | None:
    found = [result.units() for result in results]
    return None if None in found else [units for units in found if units is not None]


def compare_results(path: Path, against: Path) -> list[str]:
    """Return a line for each model of another folder that has the task of a result.

    path (Path): A result file.
    against (Path): A result file, or a folder of them.
    RAISES (BlurbError): B634 to B636 from reading.
    """
    ours = read_result(path)
    others = [read_result(against)] if against.is_file() else read_results(against)
    by_model: dict[str, list[Result]] = {}
    for result in others:
        if result.task == ours.task and result.path.resolve() != path.resolve():
            by_model.setdefault(result.model, []).append(result)
    if not by_model:
        return [f"{against} has no other result of task {ours.task}"]
    return [_describe(model, compare_runs([ours], runs), runs) for model, runs in by_model.items()]


def _describe(model: str, found: Comparison | str, runs: Sequence[Result]) -> str:
    name = f"{model} ({len(runs)} {'run' if len(runs) == 1 else 'runs'})"
    if isinstance(found, str):
        return f"no comparison with {name}: {found}"
    low, high = (100 * bound for bound in found.ci95)
    return (
        f"minus {name}: {100 * found.difference:+.2f} (95 % {low:+.2f} to {high:+.2f}), "
        f"p = {found.p:.4f} by approximate randomisation"
    )
