"""What a package's README says of its scores, from result files alone."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..tasks import TASKS
from .leaderboard_markdown import escape

_BESIDE = ("PubMedBERT", "BioLinkBERT-base")
_SETTINGS = ("encoder", "form", "learning_rate", "epochs", "batch_docs", "overrides")


def model_card(results: Sequence[Mapping[str, Any]]) -> str:
    """Return Markdown: scores with intervals beside published ones, and what made each of them.

    results (Sequence[Mapping]): Contents of result files of this pipeline.
    """
    head = ["task", "metric", "score", "95 % interval", "n", *_BESIDE]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    lines += [f"| {' | '.join(_scores(result))} |" for result in results]
    parts = [
        "## Scores on test",
        "Percent, by `spacy blurb evaluate`. Intervals are over other test items of the same kind; "
        "other seeds would move the scores too.",
        "\n".join(lines),
        "## What made them",
        *(_origin(result) for result in results),
    ]
    return "\n\n".join(parts) + "\n"


def _scores(result: Mapping[str, Any]) -> list[str]:
    low, high = (100 * bound for bound in result["ci95"])
    task = TASKS.get(result["task"])
    end_to_end = result.get("entities") == "predicted"
    # Published scores of relations are those between given entities.
    published = {} if task is None or end_to_end else task.published
    beside = [f"{published[m]:.2f}" if m in published else "–" for m in _BESIDE]
    score, interval = f"{100 * result['score']:.2f}", f"{low:.2f}–{high:.2f}"
    name = result["task"] if task is None else task.dataset
    name += ", end to end" if end_to_end else ""
    return [escape(name), escape(result["metric"]), score, interval, f"{result['n']:,}", *beside]


def _origin(result: Mapping[str, Any]) -> str:
    """Return a list of what a result says about itself; what it does not say is left out."""
    run = result.get("run", {})
    settings = run.get("settings", {})
    facts = [("Seed", result.get("seed")), ("Date", result.get("date"))]
    made = {"encoder": result.get("encoder"), **settings}
    facts += [(key.replace("_", " ").capitalize(), made.get(key)) for key in _SETTINGS]
    facts.append(("Entities", result.get("entities")))
    if settings.get("train_docs"):
        facts.append(
            ("Training Docs", f"{settings['train_docs']:,} of {settings['train_docs_of']:,}")
        )
    if run.get("train_seconds"):
        minutes = f"{run['train_seconds'] / 60:.1f} minutes on {run['device']} ({run['processor']})"
        facts.append(("Training time", minutes))
    if result.get("calibration"):
        facts.append(("Calibration error", f"{result['calibration']['error']:.4f}"))
    facts.append(("Gold data", f"SHA-256 {result.get('data_sha256')}"))
    versions = ", ".join(f"{k} {v}" for k, v in result.get("versions", {}).items())
    facts += [("Versions", versions), ("Command", result.get("command"))]
    rows = [
        f"- {name}: {escape(str(value))}" for name, value in facts if value not in (None, {}, "")
    ]
    return f"{escape(result['task'])}:\n\n" + "\n".join(rows)
