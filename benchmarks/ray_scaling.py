"""Throughput of `annotate --ray local` with one and two actors beside `annotate` without Ray.

    python benchmarks/ray_scaling.py [--pipeline PIPELINE] [--quick] [--texts FILE] --json FILE

All annotate the same documents in batches of 100, from JSONL to JSONL. Rounds take turns in which
side begins, and the outputs must be the same, byte for byte. Counted is wall time from when all
processes have the pipeline to the finished output; what that took before is `seconds to start`.
Where other work runs on the machine this says little: `load` is the system's load average at the
end of each round. The process that reads and writes needs a core too, so with two actors on two
cores three processes share them.

`ray by local` is words per second of one actor by those of one process, `two by one` those of two
actors by those of one: bigger is better, 1 and 2 would be perfect. Each process has one thread.

The default pipeline finds the words of a list and abbreviations, at little cost per document: what
is measured is how much the one process that reads and writes can feed. Texts are the lines of
--texts, or the abstracts of BC5CDR in $BLURB_DATA, repeated as often as needed.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before torch or numpy are loaded

import argparse
import json
import platform
import statistics
import tempfile
import time
from importlib.metadata import version
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import spacy
from annotate import read_texts, write_input
from spacy.language import Language

from spacy_blurb.streaming.pool import ActorPool
from spacy_blurb.streaming.run import annotate

SIDES: dict[str, dict[str, Any]] = {
    "local": {},
    "ray 1": {"ray": "local", "n_processes": 1},
    "ray 2": {"ray": "local", "n_processes": 2},
}


def build_rules(texts: list[str]) -> Language:
    """Return a pipeline that knows the capitalised words of some texts."""
    words = {word for text in texts[:50] for word in text.split() if word.istitle()}
    nlp = spacy.blank("en")
    nlp.add_pipe("blurb_sentencizer")
    nlp.add_pipe("blurb_abbreviations")
    ruler: Any = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "TERM", "pattern": word} for word in sorted(words)])
    return nlp


def measure(nlp: Language, folder: Path, name: str) -> tuple[float, float]:
    """Annotate `in.jsonl` by one of the sides; returns seconds to start and seconds to annotate."""
    begun = ready = time.monotonic()
    start = ActorPool.start

    def start_all(self: ActorPool) -> None:
        nonlocal ready
        start(self)
        while len(self._actors) < self._n_actors:
            self._wait()
        ready = time.monotonic()

    ActorPool.start = start_all  # type: ignore[method-assign]
    try:
        output = folder / f"{name}.jsonl"
        settings = {"batch_size": 100, "overwrite": True, **SIDES[name]}
        annotate(nlp, str(nlp.path), folder / "in.jsonl", output, **settings)
    finally:
        ActorPool.start = start  # type: ignore[method-assign]
    return ready - begun, time.monotonic() - ready


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--pipeline", help="folder or package name")
    parser.add_argument("--quick", action="store_true", help="4,000 documents and one round")
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--texts", type=Path, help="a file with a document per line")
    parser.add_argument("--json", type=Path, required=True, help="where to write the result")
    args = parser.parse_args()
    documents = min(args.documents, 4_000) if args.quick else args.documents
    texts = read_texts(args.texts)
    words = sum(len(text.split()) for text in islice(cycle(texts), documents))
    rounds: dict[str, list[float]] = {name: [] for name in SIDES}
    starts: dict[str, list[float]] = {name: [] for name in SIDES}
    load = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if args.pipeline is None:
            build_rules(texts).to_disk(folder / "rules")
        nlp = spacy.load(args.pipeline or folder / "rules")
        write_input(folder / "in.jsonl", texts, documents)
        for number in range(1 if args.quick else args.rounds):
            names = list(SIDES) if number % 2 == 0 else list(reversed(SIDES))
            for side in names:
                start, seconds = measure(nlp, folder, side)
                starts[side].append(round(start, 2))
                rounds[side].append(round(words / seconds))
            load.append(os.getloadavg()[0])
            print(number + 1, {side: values[-1] for side, values in rounds.items()}, flush=True)
        outputs = {(folder / f"{side}.jsonl").read_bytes() for side in SIDES}
        if len(outputs) != 1:
            raise SystemExit("The sides have written different outputs.")
    one = zip(rounds["ray 1"], rounds["local"], strict=True)
    two = zip(rounds["ray 2"], rounds["ray 1"], strict=True)
    result: dict[str, Any] = {
        "machine": {"cpus": os.cpu_count(), "system": platform.platform()},
        "versions": {
            "python": platform.python_version(),
            **{package: version(package) for package in ("spacy", "spacy-blurb", "ray")},
        },
        "pipeline": f"{nlp.meta['name']}: {', '.join(nlp.pipe_names)}",
        "n": {"documents": documents, "words": words, "rounds": len(load)},
        "runs": {"words per second": rounds, "seconds to start": starts, "load": load},
        "ratios": {
            "ray by local": round(statistics.median(a / b for a, b in one), 4),
            "two by one": round(statistics.median(a / b for a, b in two), 4),
        },
    }
    args.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result["ratios"], indent=2))


if __name__ == "__main__":
    main()
