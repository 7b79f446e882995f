"""Throughput of `annotate` beside plain `nlp.pipe`, and its memory on a long stream.

    python benchmarks/annotate.py PIPELINE [--quick] [--documents N] [--texts FILE] --json FILE

Both sides annotate the same documents with the same loaded pipeline, in one process with one
thread: `annotate` from JSONL to JSONL, checkpoints included, and `nlp.pipe` over texts in a list,
whose Docs are thrown away. `time` is the CPU seconds of `annotate` by those of `nlp.pipe`, median
over the rounds, in which the sides take turns to begin; smaller is better, 1.10 is the goal. Rounds
take a part of the documents, so that they can be interleaved.

Then all documents go through `annotate` once. `growth` is resident memory at the end by that at
10 % of the documents, smaller is better.

Texts are the lines of --texts, or the abstracts of BC5CDR in $BLURB_DATA, repeated as often as
needed.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path
from typing import Any

# Before torch is imported, and a network compiled.
os.environ["OMP_NUM_THREADS"] = "1"

import spacy
from environment import describe_machine, list_versions, resident_megabytes
from spacy.language import Language

from spacy_blurb.data.datasets import READERS
from spacy_blurb.data.records import Record
from spacy_blurb.streaming import run as streaming_run
from spacy_blurb.streaming.run import annotate


def read_texts(path: Path | None) -> list[str]:
    """Return different texts, one document each."""
    if path is not None:
        return [line for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
    root = os.environ.get("BLURB_DATA")
    if not root:
        raise SystemExit("Give texts with --texts FILE, one a line, or set BLURB_DATA.")
    records = READERS["bc5cdr"](Path(root) / "bc5cdr", "train", "original").records
    return [record.text for record in records if isinstance(record, Record)]


def write_input(path: Path, texts: list[str], documents: int) -> None:
    """Write a JSONL file of so many documents."""
    with path.open("w", encoding="utf-8") as file:
        for number, text in enumerate(islice(cycle(texts), documents)):
            file.write(json.dumps({"id": str(number), "text": text}) + "\n")


def run_annotate(nlp: Language, folder: Path, report: Callable[[str], None] = print) -> float:
    """Annotate `in.jsonl` of a folder; returns CPU seconds."""
    begun = time.process_time()
    source, output = folder / "in.jsonl", folder / "out.jsonl"
    annotate(nlp, str(nlp.path), source, output, overwrite=True, report=report)
    return time.process_time() - begun


def run_pipe(nlp: Language, texts: list[str]) -> float:
    """Annotate texts without keeping anything; returns CPU seconds."""
    begun = time.process_time()
    for _ in nlp.pipe(texts):
        pass
    return time.process_time() - begun


def compare(nlp: Language, texts: list[str], folder: Path, rounds: int) -> dict[str, list[float]]:
    """Return the CPU seconds of both sides, round by round."""
    write_input(folder / "in.jsonl", texts, len(texts))
    sides: dict[str, Callable[[], float]] = {
        "annotate": lambda: run_annotate(nlp, folder),
        "nlp.pipe": lambda: run_pipe(nlp, texts),
    }
    run_pipe(nlp, texts[: len(texts) // 10])
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds):
        names = list(sides) if number % 2 else list(reversed(sides))
        for name in names:
            seconds[name].append(round(sides[name](), 3))
        print(number + 1, {name: values[-1] for name, values in seconds.items()}, flush=True)
    return seconds


def measure_memory(nlp: Language, documents: int, folder: Path) -> list[tuple[int, float]]:
    """Annotate `in.jsonl` and return resident megabytes after every report of progress."""
    notes: list[tuple[int, float]] = []

    def note(line: str) -> None:
        done = int(line.split(" ")[0].replace(",", ""))
        if done * 100 >= documents * len(notes):  # a note per per cent at most
            notes.append((done, round(resident_megabytes(), 1)))

    # A report for every batch in place of every ten seconds.
    streaming_run._SECONDS = 0.0
    run_annotate(nlp, folder, note)
    notes.append((documents, round(resident_megabytes(), 1)))
    return notes


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("pipeline", help="folder or package name")
    parser.add_argument("--quick", action="store_true", help="2,000 documents and two rounds")
    parser.add_argument("--documents", type=int, default=50_000, help="of the long stream")
    parser.add_argument("--texts", type=Path, help="a file with a document per line")
    parser.add_argument("--json", type=Path, required=True, help="where to write the result")
    args = parser.parse_args()
    documents = min(args.documents, 2_000) if args.quick else args.documents
    nlp = spacy.load(args.pipeline)
    texts = read_texts(args.texts)
    part = list(islice(cycle(texts), max(documents // 50, 500)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seconds = compare(nlp, part, folder, 2 if args.quick else 7)
        write_input(folder / "in.jsonl", texts, documents)
        begun = time.monotonic()
        notes = measure_memory(nlp, documents, folder)
        wall = time.monotonic() - begun
    words = sum(len(text.split()) for text in islice(cycle(texts), documents))
    early = next(megabytes for done, megabytes in notes if done >= documents / 10)
    ratios = [a / b for a, b in zip(seconds["annotate"], seconds["nlp.pipe"], strict=True)]
    result: dict[str, Any] = {
        "machine": describe_machine(threads=1),
        "versions": list_versions("spacy", "spacy-blurb"),
        "pipeline": f"{nlp.meta['name']}: {', '.join(nlp.pipe_names)}",
        "n": {"documents": documents, "words": words, "documents of a round": len(part)},
        "runs": {
            "CPU seconds": seconds,
            "megabytes": notes,
            "words per second of wall time": round(words / wall),
        },
        "ratios": {
            "time": round(statistics.median(ratios), 4),
            "growth": round(notes[-1][1] / early, 4),
        },
    }
    args.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result["ratios"], indent=2))


if __name__ == "__main__":
    main()
