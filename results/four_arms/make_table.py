"""The table of the four-arm comparison, from result files and run records.

    python results/four_arms/make_table.py RESULTS ENCODERS OUTPUT.json

RESULTS holds TASK/ARM-sSEED.json of `evaluate` or `score`, ENCODERS a folder ARM-sSEED per encoder
with the run.json of `pretrain`. Writes OUTPUT.json and, beside it, the same as Markdown.

Two intervals, both 95 %: of an arm's mean over its seeds, and of its difference to the last arm, by
resampling test documents (the same ones for all arms and seeds, 2,000 times). They say how far
other test documents would move the figure; how far other seeds would is seen in the column of each
seed, of which there are too few for an interval.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from spacy_blurb.evaluation.result_files import read_result
from spacy_blurb.metrics.resampling import Units, draw_weights, interval

ARMS = {
    "general": "general text, general vocabulary",
    "continued": "… continued on PubMed",
    "pubmed-general-vocab": "PubMed from scratch, general vocabulary",
    "pubmed": "PubMed from scratch, own vocabulary",
}
METRICS = {"hoc": "micro F1"}
RESAMPLES = 2000


def read_units(path: Path) -> Units:
    """Return what each test document contributes to the score of a result."""
    units = read_result(path).units()
    if units is None:
        raise SystemExit(f"{path}: no file of units; score its predictions again")
    return units


def compare(folder: Path) -> dict[str, Any]:
    """Return, per arm, the scores of its seeds, their mean and both intervals, in percent."""
    runs = {
        arm: {
            int(path.stem.rpartition("-s")[2]): read_units(path)
            for path in sorted(folder.glob(f"{arm}-s*.json"))
            if path.stem.removeprefix(f"{arm}-s").isdecimal()
        }
        for arm in ARMS
    }
    # Means over other seeds would differ by the seeds.
    if len({tuple(sorted(seeds)) for seeds in runs.values() if seeds}) > 1:
        listed = "; ".join(f"{arm}: {', '.join(map(str, sorted(s)))}" for arm, s in runs.items())
        raise SystemExit(f"{folder}: arms have other seeds ({listed}). Run what is missing.")
    n = len(next(iter(runs["general"].values())).ids)
    weights = np.concatenate([np.ones((1, n)), draw_weights(n, resamples=RESAMPLES)])
    means = {
        arm: 100 * np.mean([units.scores(weights) for units in seeds.values()], axis=0)
        for arm, seeds in runs.items()
        if seeds
    }
    last = means[list(means)[-1]]
    return {
        arm: {
            "seeds": {seed: 100 * units.score() for seed, units in runs[arm].items()},
            "mean": float(mean[0]),
            "ci95": interval(mean[1:]),
            "minus_last": float(mean[0] - last[0]),
            "minus_last_ci95": interval((mean - last)[1:]),
        }
        for arm, mean in means.items()
    }


def describe_pretraining(encoders: Path) -> dict[str, Any]:
    """Return, per arm, what its runs read and reached."""
    rows = {}
    for arm in ARMS:
        records = [
            json.loads((folder / "run.json").read_text(encoding="utf-8"))
            for folder in sorted(encoders.glob(f"{arm}-s*"))
            if folder.name.removeprefix(f"{arm}-s").isdecimal()
        ]
        rows[arm] = {
            "seeds": [record["seed"] for record in records],
            "steps": [record["steps"] for record in records],
            "pieces": [record["pieces"] for record in records],
            "vocab": [record["vocab"] for record in records],
            "held_out_loss": [record["held_out"][-1]["loss"] for record in records],
            "unigram_loss": [record["held_out"][-1]["unigram_loss"] for record in records],
            "minutes": [record["seconds"] / 60 for record in records],
        }
    return rows


def to_markdown(table: dict[str, Any]) -> str:
    """Return the table for docs/results.md."""
    lines = []
    for task, arms in table["tasks"].items():
        seeds = sorted({seed for row in arms.values() for seed in row["seeds"]})
        heads = [f"seed {seed}" for seed in seeds]
        metric = METRICS.get(task, "entity F1")
        lines += [
            f"| {task}, {metric} | {' | '.join(heads)} | mean | 95 % | minus the last | 95 % |",
            "|---" * (len(heads) + 5) + "|",
        ]
        for arm, row in arms.items():
            cells = [f"{row['seeds'][seed]:.2f}" for seed in seeds]
            low, high = row["ci95"]
            below, above = row["minus_last_ci95"]
            is_last = arm == list(arms)[-1]
            difference = "" if is_last else f"{row['minus_last']:+.2f}"
            interval = "" if is_last else f"{below:+.2f} to {above:+.2f}"
            lines.append(
                f"| {ARMS[arm]} | {' | '.join(cells)} | {row['mean']:.2f} | {low:.2f}–{high:.2f} "
                f"| {difference} | {interval} |"
            )
        lines.append("")
    lines += [
        "| pretraining | pieces read | vocabulary | held-out loss by seed | frequencies alone |",
        "|---|---|---|---|---|",
    ]
    for arm, row in table["pretraining"].items():
        losses = ", ".join(f"{loss:.3f}" for loss in row["held_out_loss"])
        lines.append(
            f"| {ARMS[arm]} | {row['pieces'][0] / 1e6:.1f} M | {row['vocab'][0]:,} | {losses} "
            f"| {row['unigram_loss'][0]:.3f} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("results", type=Path, help="folder with TASK/ARM-sSEED.json")
    parser.add_argument("encoders", type=Path, help="folder with ARM-sSEED/run.json")
    parser.add_argument("output", type=Path, help="FILE.json; FILE.md is written beside it")
    args = parser.parse_args()
    results, encoders, output = args.results, args.encoders, args.output
    tasks = sorted({path.parent.name for path in results.glob("*/general-s*.json")})
    if not tasks:
        parser.error(f"{results} has no TASK/general-sSEED.json")
    if missing := [arm for arm in ARMS if not any(encoders.glob(f"{arm}-s*/run.json"))]:
        parser.error(f"{encoders} has no {missing[0]}-sSEED/run.json")
    table = {
        "tasks": {task: compare(results / task) for task in tasks},
        "pretraining": describe_pretraining(encoders),
    }
    output.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")
    output.with_suffix(".md").write_text(to_markdown(table), encoding="utf-8")
    print(to_markdown(table))


if __name__ == "__main__":
    main()
