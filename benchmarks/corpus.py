"""Words per second, CPU seconds and memory of `spacy blurb corpus`, killed and resumed as well.

    python benchmarks/corpus.py [--quick] [--processes N] [--vocabulary FOLDER] --json FILE

Text is $BLURB_DATA/pubmed (with --quick its smallest files), or the demo's where that is not set.
A vocabulary is learnt from it unless --vocabulary names one, then the corpus is built from the raw
files three times: without interruption, again with nothing to do, and in another folder, where the
process that the user started is killed (signal 9) at three moments and started again. The files of
both folders must be the same byte for byte. Memory is the sum over the process and its children of
what is their own and their part of what they share (Pss), looked at ten times a second.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

from environment import describe_machine, list_versions

ROOT = Path(__file__).parent.parent
SECONDS_BETWEEN_LOOKS = 0.1
KILLED_AFTER = (0.25, 0.25, 0.25)
"""Shares of the time of the uninterrupted build; a run goes on where the one before it ended."""


def find_text(quick: bool) -> list[str]:
    """Return the files to read."""
    data = os.environ.get("BLURB_DATA")
    if not data:
        return [str(ROOT / "assets/demo/text/articles.txt")]
    files = sorted((Path(data) / "pubmed").glob("*.txt.xz"), key=lambda file: file.stat().st_size)
    return sorted(map(str, files[:3] if quick else files))


def start(name: str, text: list[str], folder: Path, processes: int) -> subprocess.Popen[bytes]:
    """Start a command of the package."""
    command = [
        sys.executable,
        "-m",
        "spacy",
        "blurb",
        name,
        str(ROOT / "configs/pretrain/small.toml"),
    ]
    settings = {
        "text.files": json.dumps(text),
        "text.held_out": "0.02" if len(text) < 8 else "0.002",
        "vocab.size": "30522",
        "vocab.folder": str(folder.parent / "vocab"),
        "corpus.folder": str(folder),
        "corpus.n_processes": str(processes),
    }
    for key, value in settings.items():
        command += [f"--{key}", value]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def find_tree(pid: int) -> list[int]:
    """Return a process and those that it has started; none where it has ended."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(process for child in children for process in find_tree(int(child)))]


def read_pss(pid: int) -> int:
    """Return the memory of a process in bytes, 0 where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))


def measure(process: subprocess.Popen[bytes], began: float) -> dict[str, float]:
    """Wait for a process and say what it took."""
    peak = 0
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        peak = max(peak, sum(map(read_pss, find_tree(process.pid))))
        time.sleep(SECONDS_BETWEEN_LOOKS)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"exit status {process.returncode}")
    return {
        "seconds": round(time.monotonic() - began, 1),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "peak_mib": round(peak / 2**20),
    }


def run(name: str, text: list[str], folder: Path, processes: int) -> dict[str, float]:
    """Run a command of the package and say what it took."""
    began = time.monotonic()
    return measure(start(name, text, folder, processes), began)


def run_killed(
    text: list[str], folder: Path, processes: int, seconds: float
) -> tuple[dict[str, float], list[int]]:
    """Build with kills; return what the last run took and the whole shards found at each kill."""
    shards = []
    for share in KILLED_AFTER:
        process = start("corpus", text, folder, processes)
        time.sleep(share * seconds)
        process.send_signal(signal.SIGKILL)
        if process.wait() != -signal.SIGKILL:
            raise SystemExit("the build ended before it was killed: give it more text")
        shards.append(len(list(folder.glob("*-*.json"))))
    return run("corpus", text, folder, processes), shards


def hash_folder(folder: Path) -> dict[str, str]:
    """Return file → hash; the text folder left out, whose records name files."""
    files = [path for path in folder.iterdir() if path.is_file()]
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in files}


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="the three smallest files")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--vocabulary", type=Path, help="tokenizer folder; default: learn one")
    parser.add_argument("--json", type=Path, required=True, help="where to write the result")
    args = parser.parse_args()
    text = find_text(args.quick)
    runs: dict[str, Any] = {}
    began_load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        whole, killed = Path(name, "whole"), Path(name, "killed")
        if args.vocabulary:
            Path(name, "vocab").symlink_to(args.vocabulary.absolute())
        else:
            runs["vocab"] = run("vocab", text, Path(name, "for-vocab"), args.processes)
        runs["corpus"] = run("corpus", text, whole, args.processes)
        runs["corpus, nothing to do"] = run("corpus", text, whole, args.processes)
        seconds = runs["corpus"]["seconds"]
        runs["corpus, after three kills"], shards = run_killed(
            text, killed, args.processes, seconds
        )
        is_same = hash_folder(whole) == hash_folder(killed)
        manifest = json.loads((whole / "corpus.json").read_text())
        n_bytes = sum(path.stat().st_size for path in whole.glob("*.npy"))
    n_words = sum(source["words"] for source in manifest["inputs"])
    splits = {
        split: {
            "shards": len(found),
            **{key: sum(shard["counts"][key] for shard in found) for key in found[0]["counts"]},
        }
        for split, found in manifest["splits"].items()
    }
    result: dict[str, Any] = {
        "machine": describe_machine(**{"load before": round(began_load, 2)}),
        "versions": list_versions("tokenizers", "numpy", "spacy-blurb"),
        "n": {
            "files": len(text),
            "documents": sum(source["documents"] for source in manifest["inputs"]),
            "words": n_words,
            "processes": args.processes,
            "bytes of arrays": n_bytes,
            **splits,
        },
        "left_out": manifest["left_out"],
        "runs": runs,
        "words_per_second": round(n_words / seconds),
        "words_per_cpu_second": round(n_words / runs["corpus"]["cpu_seconds"]),
        "killed": {"after": KILLED_AFTER, "whole shards": shards, "same bytes": is_same},
        "ratios": {},
    }
    args.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))
    if not is_same:
        raise SystemExit("the build that was killed differs")


if __name__ == "__main__":
    main()
