"""Means over seeds of result files of questions, with what a constant answer would reach.

    python results/questions/make_table.py FOLDER [FOLDER …] OUTPUT.json

Each FOLDER is named like a task and holds MODEL-sSEED.json of `evaluate`. Writes OUTPUT.json and,
beside it, the same as Markdown. The interval is that of the mean over seeds (Student's t, 95 %):
how far other seeds would move it. How far other test questions would is each file's own `ci95`, and
larger.
"""

import argparse
import json
import math
import re
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
"""Student's t, two-sided 95 %, for 1 to 9 degrees of freedom; papers run no more than ten seeds."""
_NAME = re.compile(r"(.+)-s(\d+)")


def half_interval(values: Sequence[float]) -> float | None:
    """Return half of the 95 % interval of a mean of two to ten values, None for one."""
    if len(values) < 2:
        return None
    return _T95[len(values) - 2] * statistics.stdev(values) / math.sqrt(len(values))


def read_results(folders: Sequence[Path]) -> dict[str, dict[str, dict[int, dict[str, Any]]]]:
    """Return task → model → seed → result."""
    found: dict[str, dict[str, dict[int, dict[str, Any]]]] = {}
    for path in sorted(path for folder in folders for path in folder.glob("*.json")):
        if match := _NAME.fullmatch(path.stem):
            result = json.loads(path.read_text(encoding="utf-8"))
            runs = found.setdefault(path.parent.name, {}).setdefault(match[1], {})
            runs[int(match[2])] = result
    return found


def summarise(runs: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """Return the mean over seeds and what belongs to it, in percent."""
    scores = [100 * result["score"] for result in runs.values()]
    half = half_interval(scores)
    mean = statistics.mean(scores)
    first = next(iter(runs.values()))
    row = {
        "metric": first["metric"],
        "n": first["n"],
        "seeds": dict(zip(runs, scores, strict=True)),
        "mean": mean,
        "ci95_of_mean": None if half is None else [mean - half, mean + half],
    }
    for key in ("baseline", "strict", "lenient"):
        if key in first:
            row[key] = 100 * statistics.mean(result[key] for result in runs.values())
    return row


def to_markdown(table: dict[str, dict[str, dict[str, Any]]]) -> str:
    """Return the table for docs/results.md."""
    lines = [
        "| task | model | metric | questions | seeds | mean | 95 % of the mean | constant answer |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for task, models in table.items():
        for model, row in models.items():
            interval = row["ci95_of_mean"]
            shown = "–" if interval is None else f"{interval[0]:.2f}–{interval[1]:.2f}"
            constant = f"{row['baseline']:.2f}" if "baseline" in row else "–"
            lines.append(
                f"| {task} | {model} | {row['metric']} | {row['n']} | {len(row['seeds'])} "
                f"| {row['mean']:.2f} | {shown} | {constant} |"
            )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folders", type=Path, nargs="+", help="TASK folders with MODEL-sSEED.json")
    parser.add_argument("output", type=Path, help="FILE.json; FILE.md is written beside it")
    args = parser.parse_args()
    output = args.output
    for folder in args.folders:
        if not any(_NAME.fullmatch(path.stem) for path in folder.glob("*.json")):
            parser.error(f"{folder} has no MODEL-sSEED.json")
    found = read_results(args.folders)
    for task, models in found.items():
        for model, runs in models.items():
            if len(runs) > len(_T95) + 1:
                parser.error(f"{task}: {len(runs)} seeds of {model}, at most {len(_T95) + 1} do")
    table = {
        task: {model: summarise(runs) for model, runs in models.items()}
        for task, models in found.items()
    }
    output.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")
    output.with_suffix(".md").write_text(to_markdown(table), encoding="utf-8")
    print(to_markdown(table))


if __name__ == "__main__":
    main()
