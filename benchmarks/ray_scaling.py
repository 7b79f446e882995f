"""Throughput of `annotate --ray local` with one and two actors beside `annotate` without Ray.

    python benchmarks/ray_scaling.py [--pipeline PIPELINE] [--quick] [--texts FILE] --json FILE

All annotate the same documents in batches of 100, from JSONL to JSONL. Rounds take turns in which
side begins, and the outputs must be the same, byte for byte. Counted is from when all processes
have the pipeline to the finished output; what that took before is `seconds to start`. Each process
has one thread.

`wall` is by the clock: words per second of one actor by those of one process without Ray, and of
two actors by those of one. It means little where other work runs on the machine (`load` is the
system's load average), and where two actors and the process that reads and writes share two cores.
`CPU` is the same from the CPU seconds of the busiest process: what the clock would show where every
process had a core. `actors fed` is how many actors the reading and writing process could keep busy,
by its CPU seconds. Medians over the rounds; bigger is better.

The default pipeline finds the words of a list and abbreviations, at little cost per document: what
is measured is how much the one process that reads and writes can feed. Texts are the lines of
--texts, or the abstracts of BC5CDR in $BLURB_DATA, repeated as often as needed.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before torch or numpy are loaded

import argparse
import json
import statistics
import tempfile
import time
from collections import defaultdict
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import spacy
from annotate import read_texts, write_input
from environment import describe_machine, list_versions
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


def measure(nlp: Language, folder: Path, name: str) -> dict[str, Any]:
    """Annotate `in.jsonl` by one of the sides; returns seconds, of CPU for each process."""
    begun = ready = time.monotonic()
    main, actors = time.process_time(), {}
    start, annotate_batches = ActorPool.start, ActorPool.annotate

    def start_all(self: ActorPool) -> None:
        nonlocal ready, main
        start(self)
        while len(self._actors) < self._n_actors:
            self._wait()
        ready, main = time.monotonic(), time.process_time()

    def annotate_and_count(self: ActorPool, batches: Any) -> Any:
        before = actor_seconds()
        yield from annotate_batches(self, batches)
        actors.update({pid: at - before[pid] for pid, at in actor_seconds().items()})

    ActorPool.start, ActorPool.annotate = start_all, annotate_and_count  # type: ignore
    try:
        output = folder / f"{name}.jsonl"
        settings = {"batch_size": 100, "overwrite": True, **SIDES[name]}
        annotate(nlp, str(nlp.path), folder / "in.jsonl", output, **settings)
    finally:
        ActorPool.start, ActorPool.annotate = start, annotate_batches  # type: ignore
    return {
        "seconds to start": round(ready - begun, 2),
        "seconds": round(time.monotonic() - ready, 2),
        "CPU seconds": round(time.process_time() - main, 2),
        "CPU seconds of actors": [round(seconds, 2) for seconds in actors.values()],
    }


def actor_seconds() -> dict[int, float]:
    """Return the CPU seconds of every actor on this machine, of whatever cluster."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            head, _, tail = path.read_text().rpartition(")")
        except OSError:  # it has ended
            continue
        pid, _, command = head.partition(" (")
        if command.startswith("ray::Worker"):
            user, system = tail.split()[11:13]
            found[int(pid)] = (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    return found


def summarise(rounds: dict[str, list[dict[str, Any]]]) -> dict[str, float]:
    """Return the ratios."""

    def busiest(run: dict[str, Any]) -> float:
        return max(run["CPU seconds"], *run["CPU seconds of actors"], 0)

    found: dict[str, list[float]] = defaultdict(list)
    for local, one, two in zip(*(rounds[side] for side in SIDES), strict=True):
        found["wall: one actor by local"].append(local["seconds"] / one["seconds"])
        found["wall: two actors by one"].append(one["seconds"] / two["seconds"])
        found["CPU: one actor by local"].append(busiest(local) / busiest(one))
        found["CPU: two actors by one"].append(busiest(one) / busiest(two))
        found["actors fed"].append(sum(one["CPU seconds of actors"]) / one["CPU seconds"])
    return {name: round(statistics.median(values), 4) for name, values in found.items()}


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
    rounds: dict[str, list[dict[str, Any]]] = {name: [] for name in SIDES}
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
                rounds[side].append(measure(nlp, folder, side))
                print(number + 1, side, rounds[side][-1], flush=True)
            load.append(round(os.getloadavg()[0], 2))
        outputs = {(folder / f"{side}.jsonl").read_bytes() for side in SIDES}
        if len(outputs) != 1:
            raise SystemExit("The sides have written different outputs.")
    result: dict[str, Any] = {
        "machine": describe_machine(),
        "versions": list_versions("spacy", "spacy-blurb", "ray"),
        "pipeline": f"{nlp.meta['name']}: {', '.join(nlp.pipe_names)}",
        "n": {"documents": documents, "words": words, "rounds": len(load)},
        "runs": {**rounds, "load": load},
        "ratios": summarise(rounds),
    }
    args.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result["ratios"], indent=2))


if __name__ == "__main__":
    main()
