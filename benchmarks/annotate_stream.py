"""A long stream through `annotate`: memory, and what three kills change of the output.

    python benchmarks/annotate_stream.py PIPELINE [--quick] [--documents N] --json FILE

Two processes run the command on the same JSONL file at the same time, each with one thread. One is
left alone. The other is ended by SIGKILL at three moments drawn from --seed, and begun again each
time. `growth` is the resident memory of the first at the end by that at 10 % of the documents,
smaller is better. Both outputs, and both lists of rejected records, must be the same byte for byte,
with each document once and in order. Every thousandth record is no JSON.

Texts are the lines of --texts, or the abstracts of BC5CDR in $BLURB_DATA, repeated as often as
needed.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from annotate import read_texts
from environment import describe_machine, list_versions, resident_megabytes

from spacy_blurb.data.formats.file_hash import hash_file
from spacy_blurb.streaming.ledger import written_paths

KILLS = 3
BAD_EVERY = 1_000


class Run:
    """The command on one input and output, begun as often as needed."""

    def __init__(self, pipeline: str, source: Path, output: Path) -> None:
        self.output = output
        _, self._checkpoint, _, self.rejected, *_ = written_paths(output)
        program = [sys.executable, "-m", "spacy", "blurb", "annotate", pipeline]
        self._command = [*program, str(source), "-o", str(output)]
        self._log = output.with_suffix(".log")
        self.cpu_seconds = 0.0
        self.begin()

    def begin(self) -> None:
        """Start the command."""
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                self._command, env=environment, stdout=log, stderr=subprocess.STDOUT
            )

    def kill(self) -> None:
        """End the command with SIGKILL; it must still have been at work."""
        os.kill(self._process.pid, signal.SIGKILL)
        self._wait(0, -signal.SIGKILL)

    def has_ended(self) -> bool:
        """Tell whether the command has come to its end; a failure ends the benchmark."""
        return self._wait(os.WNOHANG, 0)

    def _wait(self, options: int, expected: int) -> bool:
        pid, status, used = os.wait4(self._process.pid, options)
        if pid == 0:
            return False
        self.cpu_seconds += used.ru_utime + used.ru_stime
        self._process.returncode = os.waitstatus_to_exitcode(status)
        if self._process.returncode == expected:
            return True
        if self._process.returncode == 0:
            raise SystemExit("annotate had ended before it was killed: take another --seed.")
        raise SystemExit(f"annotate failed:\n{self._log.read_text()[-2000:]}")

    def count_done(self) -> int:
        """Return the documents that are safe."""
        try:
            return int(json.loads(self._checkpoint.read_text())["done"]["documents"])
        except FileNotFoundError:
            return 0

    def resident_megabytes(self) -> float:
        """Return the resident memory of the process; 0 where it has ended."""
        return round(resident_megabytes(self._process.pid), 1)

    def last_line(self) -> str:
        """Return what the command printed last."""
        return self._log.read_text(encoding="utf-8").strip().splitlines()[-1]


def write_input(path: Path, texts: list[str], documents: int) -> None:
    """Write so many documents, and a record that is no JSON behind every thousandth."""
    with path.open("w", encoding="utf-8") as file:
        for number, text in enumerate(islice(cycle(texts), documents), 1):
            file.write(json.dumps({"id": str(number), "text": text}) + "\n")
            if number % BAD_EVERY == 0:
                file.write('{"id": "bad"\n')


def watch(alone: Run, killed: Run, documents: int, seed: int) -> dict[str, Any]:
    """Wait for both runs and kill the second; returns memory of the first and when kills were."""
    draw = random.Random(seed)
    moments = sorted(draw.uniform(0, documents) for _ in range(KILLS))
    megabytes = [(0, 0.0)]
    kills: list[int] = []
    running = {alone, killed}
    while running:
        time.sleep(0.2)
        running -= {run for run in running if run.has_ended()}
        if alone in running:
            done = alone.count_done()
            is_new = done > megabytes[-1][0] and done * 100 >= documents * len(megabytes)
            if is_new and (now := alone.resident_megabytes()):
                megabytes.append((done, now))
                print(f"{done:,} documents, {now} MB", flush=True)
        if killed in running and moments and killed.count_done() >= moments[0]:
            time.sleep(draw.uniform(0, 2))  # anywhere between two checkpoints
            killed.kill()
            kills.append(killed.count_done())
            print(f"killed with {kills[-1]:,} documents safe", flush=True)
            moments.pop(0)
            killed.begin()
    if moments:
        raise SystemExit(f"{len(moments)} of {KILLS} kills did not come: take another --seed.")
    return {"megabytes": megabytes[1:], "killed with so many documents safe": kills}


def check(alone: Run, killed: Run, documents: int) -> None:
    """End with a message where the outputs are not the same or lack a document."""
    with alone.output.open(encoding="utf-8") as file:
        ids = [json.loads(line)["id"] for line in file]
    if ids != [str(number) for number in range(1, documents + 1)]:
        raise SystemExit("The run that was left alone has not each document once and in order.")
    for one, other in ((alone.output, killed.output), (alone.rejected, killed.rejected)):
        if hash_file(one) != hash_file(other):
            raise SystemExit(f"{one.name} and {other.name} differ.")


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("pipeline", help="folder or package name")
    parser.add_argument("--quick", action="store_true", help="2,000 documents")
    parser.add_argument("--documents", type=int, default=50_000)
    parser.add_argument("--texts", type=Path, help="a file with a document per line")
    parser.add_argument("--seed", type=int, default=0, help="of the moments of kills")
    parser.add_argument("--json", type=Path, required=True, help="where to write the result")
    args = parser.parse_args()
    documents = min(args.documents, 2_000) if args.quick else args.documents
    texts = read_texts(args.texts)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_input(folder / "in.jsonl", texts, documents)
        alone, killed = (
            Run(args.pipeline, folder / "in.jsonl", folder / f"{side}.jsonl")
            for side in ("alone", "killed")
        )
        found = watch(alone, killed, documents, args.seed)
        check(alone, killed, documents)
        rejected = len(alone.rejected.read_bytes().splitlines())
        size, digest = alone.output.stat().st_size, hash_file(alone.output)
        last_line = alone.last_line()
    megabytes = found["megabytes"]
    early = next(now for done, now in megabytes if done >= documents / 10)
    result: dict[str, Any] = {
        "machine": describe_machine(threads=1),
        "versions": list_versions("spacy", "spacy-blurb"),
        "pipeline": args.pipeline,
        "n": {
            "documents": documents,
            "words": sum(len(text.split()) for text in islice(cycle(texts), documents)),
            "rejected": rejected,
            "kills": len(found["killed with so many documents safe"]),
            "seed": args.seed,
        },
        "runs": {
            **found,
            "CPU seconds": {
                "alone": round(alone.cpu_seconds, 1),
                "killed": round(killed.cpu_seconds, 1),
            },
            "last line": last_line,
            "output of both": {"bytes": size, "sha256": digest},
        },
        "ratios": {"growth": round(megabytes[-1][1] / early, 4)},
    }
    args.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result["ratios"], indent=2))


if __name__ == "__main__":
    main()
