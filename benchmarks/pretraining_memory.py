"""Memory that pretraining takes, per size and rows of a micro-batch.

    python benchmarks/pretraining_memory.py [--quick] --json FILE

Runs `pretrain` with the configs of configs/pretrain/ for three updates on the demo's text, each in
a process of its own, and notes the largest resident memory that `run.json` gives. Python, torch and
transformers are part of it. Vocabularies have the size that the config asks for: what the small
text does not reach is filled up with pieces that never occur.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from environment import describe_machine, list_versions

from spacy_blurb.pretraining.config import PretrainingConfig, read_config
from spacy_blurb.pretraining.corpus import build_corpus
from spacy_blurb.pretraining.vocab import train_vocab

ROOT = Path(__file__).parent.parent
TEXT = ROOT / "assets/demo/text/articles.txt"
SIZES = {"tiny": (32,), "mini": (16, 64), "small": (16, 64), "base": (8, 16)}
"""Name of the config → rows of a micro-batch."""
RUN = """
import json, sys
from pathlib import Path
from spacy_blurb.pretraining.config import read_config
from spacy_blurb.pretraining.train import pretrain
pretrain(read_config(Path(sys.argv[1]), json.loads(sys.argv[2])), lambda line: None)
"""


def fill_up(folder: Path, n_pieces: int) -> None:
    """Add pieces that never occur to a vocabulary until it has `n_pieces`."""
    path = folder / "tokenizer.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    vocab: dict[str, int] = content["model"]["vocab"]
    for number in range(len(vocab), n_pieces):
        vocab[f"[unused{number}]"] = number
    path.write_text(json.dumps(content), encoding="utf-8")


def overrides(folder: Path, name: str, n_rows: int) -> dict[str, Any]:
    """Return the settings that differ from the config."""
    return {
        "text.files": str(TEXT),
        "text.held_out": 0.05,
        "text.min_words": 0,
        "vocab.folder": str(folder / name / "vocab"),
        "corpus.folder": str(folder / name / "corpus"),
        "corpus.n_processes": 1,
        "training.dropout": 0.1,
        "objective.long_share": 0.0,
        "training.output": str(folder / name / f"out-{n_rows}"),
        "training.max_steps": 3,
        "training.batch_rows": n_rows,
        "training.accumulate": 1,
    }


def prepare(config: PretrainingConfig) -> None:
    """Make vocabulary and corpus."""
    train_vocab(config)
    fill_up(Path(config.vocab.folder), config.vocab.size)
    build_corpus(config, lambda line: None)


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="tiny alone")
    parser.add_argument("--json", type=Path, required=True, help="where to write the result")
    args = parser.parse_args()
    runs = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for size, rows in SIZES.items():
            if args.quick and size != "tiny":
                continue
            path = ROOT / f"configs/pretrain/{size}.toml"
            prepare(read_config(path, overrides(folder, size, rows[0])))
            for n_rows in rows:
                settings = overrides(folder, size, n_rows)
                subprocess.run(
                    [sys.executable, "-c", RUN, str(path), json.dumps(settings)],
                    check=True,
                    cwd=ROOT,
                    stdout=subprocess.DEVNULL,
                )
                output = Path(settings["training.output"]) / "run.json"
                record = json.loads(output.read_text(encoding="utf-8"))
                runs[f"{size}, {n_rows} rows of 128"] = {
                    "megabytes": round(record["peak_memory_bytes"] / 1e6),
                    "parameters": record["parameters"],
                    "vocabulary": record["vocab"],
                    "precision": record["precision"],
                }
    result = {
        "machine": describe_machine(),
        "versions": list_versions("torch"),
        "n": {"updates": 3},
        "runs": runs,
        "ratios": {},
    }
    args.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(runs, indent=2))


if __name__ == "__main__":
    main()
