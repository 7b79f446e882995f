"""Words per second of a pipeline beside a CNN pipeline of spaCy's, such as scispaCy's models are.

    python benchmarks/cnn.py PIPELINE --cnn FOLDER --corpus FILE.spacy [--quick] --json FILE

Both annotate the same texts. `words per CPU second` is that of `nlp.pipe` in one process with one
thread, `words per second` that of `nlp.pipe` with a process per core, each with one thread, the
time of starting them included; the sides take turns to begin, ratios are medians over the rounds,
larger is better for us.

FOLDER is what spaCy trains on the same data: workflow `en-blurb-sm-cnn` of project.yml, which also
scores it.
"""

import argparse
import json
import os
import statistics
import time
from pathlib import Path
from typing import Any

# Before numpy and torch are imported, and a network compiled.
os.environ["OMP_NUM_THREADS"] = "1"

import spacy
from environment import describe_machine, list_versions
from spacy.language import Language

from spacy_blurb.data.docbin import read_docbin


def read_texts(path: Path) -> list[str]:
    """Return the texts of a corpus."""
    return [doc.text for doc in read_docbin(path, spacy.blank("en").vocab)]


def seconds_of(nlp: Language, texts: list[str], n_process: int) -> float:
    """Annotate; RETURNS CPU seconds of this process, or wall time where there are several."""
    clock = time.process_time if n_process == 1 else time.perf_counter
    begun = clock()
    for _ in nlp.pipe(texts, n_process=n_process):
        pass
    return clock() - begun


def compare(
    sides: dict[str, Language], texts: list[str], n_process: int, rounds: int
) -> dict[str, list[float]]:
    """Return words per second of both sides, round by round."""
    n_words = sum(len(text.split()) for text in texts)
    found: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds):
        for name in sides if number % 2 else reversed(sides):
            found[name].append(round(n_words / seconds_of(sides[name], texts, n_process), 1))
        print(n_process, {name: values[-1] for name, values in found.items()}, flush=True)
    return found


def median_ratio(speeds: dict[str, list[float]]) -> float:
    """Return the median over the rounds of our speed by the CNN's."""
    ours, theirs = speeds.values()
    return round(statistics.median(a / b for a, b in zip(ours, theirs, strict=True)), 3)


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("pipeline", help="folder or package name")
    parser.add_argument("--cnn", type=Path, required=True, help="folder of the CNN pipeline")
    parser.add_argument("--quick", action="store_true", help="50 documents and one round")
    parser.add_argument("--corpus", type=Path, required=True, help="converted split")
    parser.add_argument("--json", type=Path, required=True, help="where to write the result")
    args = parser.parse_args()
    texts = read_texts(args.corpus)[: 50 if args.quick else None]
    rounds = 1 if args.quick else 5
    sides = {args.pipeline: spacy.load(args.pipeline), "cnn": spacy.load(args.cnn)}
    for nlp in sides.values():
        seconds_of(nlp, texts[:10], 1)
    cores = len(os.sched_getaffinity(0))
    speeds = {n: compare(sides, texts, n, rounds) for n in (1, cores)}
    result: dict[str, Any] = {
        "machine": describe_machine(threads=1),
        "versions": list_versions("spacy", "thinc", "spacy-blurb"),
        "pipelines": [f"{nlp.meta['name']}: {', '.join(nlp.pipe_names)}" for nlp in sides.values()],
        "n": {"documents": len(texts), "words": sum(len(text.split()) for text in texts)},
        "runs": {"words per CPU second": speeds[1], "words per second, all cores": speeds[cores]},
        "ratios": {
            "one thread": median_ratio(speeds[1]),
            "all cores": median_ratio(speeds[cores]),
        },
    }
    args.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result["ratios"], indent=2))


if __name__ == "__main__":
    main()
