"""What training on questions no longer pays for: a pass over the bare text, and arrays mapped anew.

    python benchmarks/training_questions.py [--quick] --encoder FOLDER --json FILE

The same steps of `spacy train` on BioASQ's yes/no questions (configs/qa.cfg, four contexts a step),
each side in a process of its own with one thread; sides alternate:

- `now`: as it is.
- `text too`: the encoder also computes the texts without their questions, which no head reads.
- `mapped apart`: glibc maps every array above 4 MB anew (mallopt), which gives its memory back when
  it is freed, and costs a fault for every page.
- `both`: the two together, as training was before.

CPU seconds are those of the steps alone, without loading and without the first step; memory is the
largest of the process, from its start. Ratios are medians over the rounds of a side beside `now`,
above 1 where `now` is better.
"""

import argparse
import ctypes
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path
from typing import Any

from environment import describe_machine, list_versions, peak_megabytes

ROOT = Path(__file__).parent.parent
SIDES = {
    "now": [],
    "text too": ["--text-too"],
    "mapped apart": ["--map-apart"],
    "both": ["--text-too", "--map-apart"],
}
_M_MMAP_THRESHOLD = -3


def prepare(folder: Path, encoder: Path) -> Path:
    """Convert the data and write a config."""
    data = os.environ.get("BLURB_DATA")
    if not data:
        sys.exit("BLURB_DATA is not set: this benchmark needs BioASQ.")
    blurb = [sys.executable, "-m", "spacy", "blurb"]
    corpus, config = folder / "corpus", folder / "qa.cfg"
    convert = [*blurb, "convert", "bioasq", f"{data}/bioasq", str(corpus), "--form", "original"]
    init = [*blurb, "init-config", "bioasq", str(config), "--base", str(ROOT / "configs/qa.cfg")]
    init += ["--corpus", str(corpus), "--encoder", str(encoder), "--batch-docs", "4"]
    for command in (convert, init):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return config


def read_too() -> None:
    """Let `blurb_qa` first read the encoder's output for the texts, which teaches it nothing."""
    from spacy_blurb.components.qa import BlurbQa

    teach = BlurbQa._teach

    def read_and_teach(self: BlurbQa, examples: Any) -> float:
        for node in self.model.walk():
            for data in getattr(node, "_outputs", None) or ():
                data.tensors  # noqa: B018
        return teach(self, examples)

    BlurbQa._teach = read_and_teach  # type: ignore[method-assign]


def map_apart() -> None:
    """Let glibc map arrays above 4 MB apart, so that freeing them gives the memory back."""
    ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, 4 << 20)


def take_steps(config: Path, n_steps: int) -> dict[str, float]:
    """Train in this process; returns what the steps after the first cost."""
    from spacy.schemas import ConfigSchemaTraining
    from spacy.training.initialize import init_nlp
    from spacy.util import load_config, registry, resolve_dot_names
    from thinc.api import fix_random_seed

    nlp = init_nlp(load_config(config))
    settings = nlp.config.interpolate()
    training = registry.resolve(settings["training"], schema=ConfigSchemaTraining)
    (corpus,) = resolve_dot_names(settings, [training["train_corpus"]])
    fix_random_seed(0)
    batches = list(islice(training["batcher"](list(corpus(nlp))), n_steps + 1))
    for number, batch in enumerate(batches):
        if number == 1:
            before = resource.getrusage(resource.RUSAGE_SELF)
        nlp.update(batch, drop=training["dropout"], sgd=False)
        for _, component in nlp.pipeline:
            if hasattr(component, "finish_update"):
                component.finish_update(training["optimizer"])
    after = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "system seconds": after.ru_stime - before.ru_stime,
        "page faults": after.ru_minflt - before.ru_minflt,
        "megabytes": peak_megabytes(),
    }


def run_side(config: Path, n_steps: int, options: list[str]) -> dict[str, float]:
    """Train in a process with these options."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    command = [sys.executable, __file__, "--config", str(config), "--steps", str(n_steps), *options]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    found: dict[str, float] = json.loads(run.stdout.splitlines()[-1])
    return {name: round(value, 2) for name, value in found.items()}


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="one round of two steps")
    parser.add_argument("--encoder", type=Path, help="Hugging Face folder")
    parser.add_argument("--json", type=Path, help="where to write the result")
    parser.add_argument("--config", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--steps", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--text-too", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--map-apart", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.text_too:
        read_too()
    if args.map_apart:
        map_apart()
    if args.config:
        print(json.dumps(take_steps(args.config, args.steps)))
        return
    if not args.encoder or not args.json:
        parser.error("--encoder and --json are needed")
    n_rounds, n_steps = (1, 2) if args.quick else (3, 8)
    runs: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    with tempfile.TemporaryDirectory() as name:
        config = prepare(Path(name), args.encoder)
        for number in range(n_rounds):
            for side in list(SIDES) if number % 2 else list(reversed(SIDES)):
                runs[side].append(run_side(config, n_steps, SIDES[side]))
                print(side, runs[side][-1], flush=True)
    result: dict[str, Any] = {
        "machine": describe_machine(threads=1),
        "versions": list_versions("spacy", "thinc", "torch"),
        "n": {"rounds": n_rounds, "steps": n_steps, "contexts of a step": 4},
        "runs": runs,
        "ratios": {
            f"{side}, {what}": compare(runs, side, what)
            for side in list(SIDES)[1:]
            for what in ("seconds", "megabytes")
        },
    }
    args.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result["ratios"], indent=2))


def compare(runs: dict[str, list[dict[str, float]]], side: str, what: str) -> float:
    """Return the median over rounds of a side's cost by that of `now`."""
    pairs = zip(runs[side], runs["now"], strict=True)
    return round(statistics.median(other[what] / now[what] for other, now in pairs), 3)


if __name__ == "__main__":
    main()
