"""Time and memory from a fresh process to the first Doc: exported wheel beside spacy-transformers.

    python benchmarks/startup.py [--quick] --encoder FOLDER --json FILE

Two wheels are built, each with an encoder and an untrained head: one exported (openvino-bf16), one
with the stock `TransformerModel.v3` and spaCy's own listener. Each is installed, with nothing but
what it requires, in an environment of its own, from the package index that pip is set up for. Then
fresh processes of both load it and read a sentence, in turns, with one thread. Time is wall time as
the process measures it itself from its first line, memory its highest resident set. `ratios` are
medians of exported by stock; smaller is better.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import spacy
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
print(len(doc), seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
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
        listener = {
            "@architectures": "spacy-transformers.TransformerListener.v1",
            "pooling": {"@layers": "reduce_mean.v1"},
        }
        tagger = {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}
        nlp.add_pipe("tagger", config={"model": tagger})
    else:
        nlp.add_pipe("blurb_ner", name="ner")
    doc = nlp.make_doc("aspirin helps")
    reference = doc.copy()
    reference.set_ents([Span(reference, 0, 1, label="Chemical")])
    for token, tag in zip(reference, ("N", "V"), strict=True):
        token.tag_ = tag
    nlp.initialize(lambda: [Example(doc, reference)])
    return nlp


def install(wheel: Path, own: Path, folder: Path, extra: list[str]) -> Path:
    """Install a wheel in an environment of its own; RETURNS its Python."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    pip += ["-c", ROOT / "constraints.txt", "--find-links", own.parent]
    subprocess.run([*pip, *extra, wheel], check=True)
    return python


def measure(python: Path, name: str) -> dict[str, float]:
    """Run a fresh process; RETURNS seconds and megabytes."""
    env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": "", "HF_HUB_OFFLINE": "1"}
    command = [python, "-c", PROGRAM, name]
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    _, seconds, megabytes = map(float, run.stdout.split())
    return {"seconds": round(seconds, 3), "megabytes": round(megabytes, 1)}


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="three processes of each")
    parser.add_argument("--encoder", type=Path, required=True, help="Hugging Face folder")
    parser.add_argument("--json", type=Path, required=True, help="where to write the result")
    args = parser.parse_args()
    rounds = 3 if args.quick else 9
    runs: dict[str, list[dict[str, float]]] = {"exported": [], "spacy-transformers": []}
    with tempfile.TemporaryDirectory(prefix="spacy-blurb-startup-") as name:
        folder = Path(name)
        for side in runs:
            build_pipeline(args.encoder, side != "exported").to_disk(folder / side)
        export_pipeline(str(folder / "exported"), folder / "fast", "openvino-bf16")
        build = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir"]
        subprocess.run([*build, folder / "own", ROOT], check=True, stdout=subprocess.DEVNULL)
        (own,) = (folder / "own").glob("*.whl")
        pythons = {}
        packages = {"exported": "blurb_fast", "spacy-transformers": "stock_slow"}
        for side, package in packages.items():
            source = folder / ("fast" if side == "exported" else side)
            wheel = build_wheel(source, folder / "wheels", name=package, version="0.1.0")
            # pip takes the CPU build of the pinned release where its index has one.
            extra = ["torch==2.13.0"] if side != "exported" else []
            pythons[side] = install(wheel, own, folder / f"env-{package}", extra)
        for side, python in pythons.items():
            measure(python, f"en_{packages[side]}")  # files come into the disk's cache
        for _ in range(rounds):
            for side, python in pythons.items():
                runs[side].append(measure(python, f"en_{packages[side]}"))
    ratios = {
        key: statistics.median(
            ours[unit] / theirs[unit]
            for ours, theirs in zip(runs["exported"], runs["spacy-transformers"], strict=True)
        )
        for key, unit in (("time", "seconds"), ("memory", "megabytes"))
    }
    result = {
        "machine": {"cpus": os.cpu_count(), "threads": 1, "system": platform.platform()},
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("spacy", "spacy-transformers", "openvino")},
        },
        "encoder": args.encoder.name,
        "n": {"processes of each": rounds},
        "runs": runs,
        "ratios": {key: round(value, 3) for key, value in ratios.items()},
    }
    args.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result["ratios"], indent=2))


if __name__ == "__main__":
    main()
