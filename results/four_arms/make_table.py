"""The table of the four-arm comparison, from result files, run records and gold data.

    python results/four_arms/make_table.py RESULTS ENCODERS CORPUS OUTPUT.json

RESULTS holds TASK/ARM-sSEED.json of `evaluate`, ENCODERS a folder ARM-sSEED per encoder with the
run.json of `pretrain`, CORPUS a folder TASK with test.spacy. Writes OUTPUT.json and, beside it, the
same as Markdown.

Two intervals, both 95 %: of an arm's mean over its seeds, and of its difference to the last arm, by
resampling test documents (the same ones for all arms and seeds, 2,000 times). They say how far
other test documents would move the figure; how far other seeds would is seen in the column of each
seed, of which there are too few for an interval.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import spacy
from numpy.typing import NDArray

from spacy_blurb.annotations import document_id, gold_entities
from spacy_blurb.data.docbin import read_docbin
from spacy_blurb.metrics.entities import CharSpan, count_matches

ARMS = {
    "general": "general text, general vocabulary",
    "continued": "… continued on PubMed",
    "pubmed-general-vocab": "PubMed from scratch, general vocabulary",
    "pubmed": "PubMed from scratch, own vocabulary",
}
RESAMPLES = 2000


def count_documents(result: Path, gold: dict[str, list[CharSpan]]) -> NDArray[np.int64]:
    """Return correct, predicted and gold mentions of each document. Shape: (n_documents, 3)"""
    name = json.loads(result.read_text(encoding="utf-8"))["predictions"]
    counts = []
    for line in (result.parent / name).read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        found: list[CharSpan] = [(e["start"], e["end"], e["label"]) for e in row["entities"]]
        counts.append(count_matches(gold[row["id"]], found))
    return np.array(counts)


def read_gold(path: Path) -> dict[str, list[CharSpan]]:
    """Return the gold mentions of each document of a `.spacy` file."""
    docs = read_docbin(path, spacy.blank("en").vocab)
    return {document_id(doc) or str(n): gold_entities(doc) or [] for n, doc in enumerate(docs)}


def score(counts: NDArray[np.int64], weights: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the F1, in percent, of each resample. Shape: (n_resamples,)"""
    correct, predicted, gold = (weights @ counts).T
    return 200 * correct / np.maximum(predicted + gold, 1)


def compare(results: Path, task: str, corpus: Path) -> dict[str, Any]:
    """Return, per arm, the scores of its seeds, their mean and both intervals, in percent."""
    gold = read_gold(corpus / task / "test.spacy")
    counts = {
        arm: {
            int(path.stem.rpartition("-s")[2]): count_documents(path, gold)
            for path in sorted((results / task).glob(f"{arm}-s?.json"))
        }
        for arm in ARMS
    }
    n = len(gold)
    generator = np.random.default_rng(0)
    weights = generator.multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    weights = np.concatenate([np.ones((1, n), dtype=weights.dtype), weights])
    means = {
        arm: np.mean([score(c, weights) for c in seeds.values()], axis=0)
        for arm, seeds in counts.items()
        if seeds
    }
    last = means[list(means)[-1]]
    return {
        arm: {
            "seeds": {seed: float(score(c, weights[:1])[0]) for seed, c in counts[arm].items()},
            "mean": float(mean[0]),
            "ci95": np.percentile(mean[1:], [2.5, 97.5]).tolist(),
            "minus_last": float(mean[0] - last[0]),
            "minus_last_ci95": np.percentile((mean - last)[1:], [2.5, 97.5]).tolist(),
        }
        for arm, mean in means.items()
    }


def describe_pretraining(encoders: Path) -> dict[str, Any]:
    """Return, per arm, what its runs read and reached."""
    rows = {}
    for arm in ARMS:
        records = [
            json.loads((folder / "run.json").read_text(encoding="utf-8"))
            for folder in sorted(encoders.glob(f"{arm}-s?"))
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
        lines += [
            f"| {task}, entity F1 | {' | '.join(heads)} | mean | 95 % | minus the last | 95 % |",
            "|---" * (len(heads) + 5) + "|",
        ]
        for arm, row in arms.items():
            cells = [f"{row['seeds'][seed]:.2f}" for seed in seeds if seed in row["seeds"]]
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
    results, encoders, corpus, output = map(Path, sys.argv[1:5])
    tasks = sorted(path.name for path in results.iterdir() if path.is_dir())
    table = {
        "tasks": {task: compare(results, task, corpus) for task in tasks},
        "pretraining": describe_pretraining(encoders),
    }
    output.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")
    output.with_suffix(".md").write_text(to_markdown(table), encoding="utf-8")
    print(to_markdown(table))


if __name__ == "__main__":
    main()
