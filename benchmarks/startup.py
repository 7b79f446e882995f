"""Time and memory from a fresh process to the first Doc: exported wheel beside spacy-transformers.

    python benchmarks/startup.py [--quick] --encoder FOLDER --json FILE

Two wheels are built, each with an encoder and an untrained head for entities: one exported
(openvino-bf16), one with the stock `TransformerModel.v3` and spaCy's own `ner`. Each is installed,
with nothing but what it requires, in an environment of its own, from the package index that pip is
set up for. Then fresh processes of both load it and read a sentence, in turns, with one thread.

Time is wall time as the process measures it itself from its first line, CPU time that of the whole
process with the start of Python, memory its highest resident set. `ratios` are medians of exported
by stock; smaller is better.

The environments take minutes and gigabytes to install; they are made anew, so that what is measured
is this tree.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import spacy
from environment import describe_machine, list_versions
from spacy.tokens import Span
from spacy.training import Example

from spacy_blurb.evaluation.export import export_pipeline
from spacy_blurb.evaluation.packaging import build_wheel

ROOT = Path(__file__).parent.parent
SENTENCE = "Naloxone reverses the antihypertensive effect of clonidine in rats with hypertension."
PROGRAM = f"""
import time
start = time.perf_counter()
import resource, sys, spacy
doc = spacy.load(sys.argv[1])({SENTENCE!r})
seconds = time.perf_counter() - start
assert len(doc) == 12, len(doc)
used = resource.getrusage(resource.RUSAGE_SELF)
# Not ru_maxrss: it keeps the size that the starting process had when it started this one.
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(seconds, used.ru_utime + used.ru_stime, int(peak.split()[1]) / 1024)
"""
PACKAGES = {"exported": "blurb_fast", "spacy-transformers": "stock_slow"}
VERSIONS = """
import json
from importlib.metadata import distributions
print(json.dumps({d.metadata["Name"].lower(): d.version for d in distributions()}))
"""


def build_pipeline(encoder: Path, stock: bool) -> Any:
    """Build and initialise a pipeline of encoder and entities."""
    nlp = spacy.blank("en")
    model: dict[str, Any] = {"name": str(encoder), "@architectures": "spacy_blurb.Encoder.v1"}
    if stock:
        model["@architectures"] = "spacy-transformers.TransformerModel.v3"
        model["tokenizer_config"] = {"use_fast": True, "model_max_length": 512}
    nlp.add_pipe("transformer", config={"model": model})
    if stock:
        # As spaCy's own templates for entities on a transformer.
        listener = {
            "@architectures": "spacy-transformers.TransformerListener.v1",
            "pooling": {"@layers": "reduce_mean.v1"},
        }
        parser = {"@architectures": "spacy.TransitionBasedParser.v2", "tok2vec": listener}
        parser |= {"state_type": "ner", "use_upper": False}
        nlp.add_pipe("ner", config={"model": parser})
    else:
        nlp.add_pipe("blurb_ner", name="ner")
    doc = nlp.make_doc("aspirin helps")
    reference = doc.copy()
    reference.set_ents([Span(reference, 0, 1, label="Chemical")])
    nlp.initialize(lambda: [Example(doc, reference)])
    return nlp


def build_wheels(encoder: Path, folder: Path) -> dict[str, Path]:
    """Build both wheels, and in `own` that of this project; RETURNS side → wheel."""
    for side in PACKAGES:
        build_pipeline(encoder, side != "exported").to_disk(folder / side)
    export_pipeline(str(folder / "exported"), folder / "fast", "openvino-bf16")
    build = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir"]
    subprocess.run([*build, folder / "own", ROOT], check=True, stdout=subprocess.DEVNULL)
    sources = {"exported": folder / "fast", "spacy-transformers": folder / "spacy-transformers"}
    return {
        side: build_wheel(sources[side], folder / "wheels", name=name, version="0.1.0")
        for side, name in PACKAGES.items()
    }


def install(wheel: Path, own: Path, folder: Path, stock: bool) -> Path:
    """Install a wheel in an environment of its own; RETURNS its Python."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    pip += ["-c", ROOT / "constraints.txt", "--find-links", own]
    # pip takes the CPU build of the pinned release where its index has one.
    subprocess.run([*pip, *(["torch==2.13.0"] if stock else []), wheel], check=True)
    return python


def make_environments(encoder: Path, folder: Path) -> dict[str, Path]:
    """Build and install both sides; RETURNS side → Python."""
    return {
        side: install(wheel, folder / "own", folder / f"env-{side}", side == "spacy-transformers")
        for side, wheel in build_wheels(encoder, folder).items()
    }


def measure(python: Path, side: str) -> dict[str, float]:
    """Run a fresh process; RETURNS seconds and megabytes."""
    env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": "", "HF_HUB_OFFLINE": "1"}
    command = [python, "-c", PROGRAM, f"en_{PACKAGES[side]}"]
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    seconds, cpu, megabytes = map(float, run.stdout.split())
    found = {"seconds": seconds, "cpu seconds": cpu, "megabytes": megabytes}
    return {key: round(value, 3) for key, value in found.items()}


def read_versions(python: Path) -> dict[str, str]:
    """Return what is installed in an environment."""
    output = subprocess.run([python, "-c", VERSIONS], capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(output.stdout)
    return dict(sorted(found.items()))


def median_ratios(runs: dict[str, list[dict[str, float]]]) -> dict[str, float]:
    """Return the medians over pairs of exported by stock."""
    pairs = list(zip(runs["exported"], runs["spacy-transformers"], strict=True))
    return {
        key: round(statistics.median(ours[unit] / theirs[unit] for ours, theirs in pairs), 3)
        for key, unit in (("time", "seconds"), ("cpu", "cpu seconds"), ("memory", "megabytes"))
    }


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="three processes of each")
    parser.add_argument("--encoder", type=Path, required=True, help="Hugging Face folder")
    parser.add_argument("--json", type=Path, required=True, help="where to write the result")
    args = parser.parse_args()
    rounds = 3 if args.quick else 9
    runs: dict[str, list[dict[str, float]]] = {side: [] for side in PACKAGES}
    with tempfile.TemporaryDirectory(prefix="spacy-blurb-startup-") as name:
        pythons = make_environments(args.encoder, Path(name))
        for side, python in pythons.items():
            measure(python, side)  # files come into the disk's cache
        for _ in range(rounds):
            for side, python in pythons.items():
                runs[side].append(measure(python, side))
        installed = {side: read_versions(python) for side, python in pythons.items()}
    result = {
        "machine": describe_machine(threads=1),
        "versions": {**list_versions(), **installed},
        "encoder": args.encoder.name,
        "n": {"processes of each": rounds},
        "runs": runs,
        "ratios": median_ratios(runs),
    }
    args.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result["ratios"], indent=2))


if __name__ == "__main__":
    main()
