"""CPU seconds of an epoch of `spacy train`, with our encoder and with spacy-transformers' own.

    python benchmarks/training.py [--quick] --encoder FOLDER --json FILE

Both sides are configs/ner.cfg on NCBI-disease: same weights, batches, optimiser, head. The peer has
`spacy-transformers.TransformerModel.v3` with strided spans (128/96, spaCy's default) in place of
`spacy_blurb.Encoder.v1`. It computes in float32; ours multiplies in bfloat16 where that
is faster (`precision = "auto"`). Each `spacy train` is a process of its own with one thread; sides
take turns to begin. A side's time for a number of updates is the difference between a longer and a
shorter run, so that loading and initialising cancel out; evaluation on dev is kept to ten
sentences. Times are scaled to the updates of an epoch. The ratio is the median over rounds, larger
is better for us.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import spacy
from environment import describe_machine, list_versions
from spacy.tokens import DocBin
from thinc.api import Config

from spacy_blurb.data.docbin import read_docbin

ROOT = Path(__file__).parent.parent
BATCH_DOCS = 16
STOCK = {
    "@architectures": "spacy-transformers.TransformerModel.v3",
    "tokenizer_config": {"use_fast": True},
    "get_spans": {
        "@span_getters": "spacy-transformers.strided_spans.v1",
        "window": 128,
        "stride": 96,
    },
}


def run_blurb(*arguments: Any) -> None:
    """Run a `spacy blurb` command."""
    command = [sys.executable, "-m", "spacy", "blurb", *map(str, arguments)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def prepare(folder: Path, encoder: Path) -> dict[str, Path]:
    """Convert the data and write both configs."""
    data = os.environ.get("BLURB_DATA")
    if not data:
        sys.exit("BLURB_DATA is not set: this benchmark needs NCBI-disease.")
    corpus = folder / "corpus"
    ours_path = folder / "encoder_v1.cfg"
    run_blurb("convert", "ncbi_disease", Path(data) / "ncbi_disease", corpus, "--form", "blurb")
    run_blurb(
        *("init-config", "ncbi_disease", ours_path, "--base", ROOT / "configs/ner.cfg"),
        *("--corpus", corpus, "--encoder", encoder, "--epochs", 1, "--batch-docs", BATCH_DOCS),
    )
    few = list(read_docbin(corpus / "dev.spacy", spacy.blank("en").vocab))[:10]
    DocBin(docs=few, store_user_data=True).to_disk(corpus / "dev.spacy")
    ours = Config().from_disk(ours_path, interpolate=False)
    ours["training"]["eval_frequency"] = 10**6
    stock = Config(json.loads(json.dumps(ours)))
    stock["components"]["transformer"] = {
        "factory": "transformer",
        "max_batch_items": 4096,
        "model": {**STOCK, "name": "${paths.encoder}"},
    }
    paths = {}
    for name, config in (("encoder_v1", ours), ("transformer_v3", stock)):
        paths[name] = folder / f"{name}.cfg"
        config.to_disk(paths[name])
    return paths


def train(config: Path, n_steps: int, folder: Path) -> float:
    """Return the CPU seconds of a process that trains."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory(dir=folder) as output:
        command = [sys.executable, "-m", "spacy", "train", str(config), "--output", output]
        subprocess.run(
            [*command, "--training.max_steps", str(n_steps)],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"},
        )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--encoder", type=Path, required=True, help="Hugging Face folder")
    parser.add_argument("--json", type=Path, required=True, help="where to write the result")
    args = parser.parse_args()
    few, many, n_rounds = (5, 15, 1) if args.quick else (10, 50, 3)
    seconds: dict[str, list[float]] = {"encoder_v1": [], "transformer_v3": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        configs = prepare(folder, args.encoder)
        n_docs = len(list(read_docbin(folder / "corpus/train.spacy", spacy.blank("en").vocab)))
        n_epoch = -(-n_docs // BATCH_DOCS)
        for number in range(n_rounds):
            for side in configs if number % 2 else reversed(configs):
                config = configs[side]
                steps = train(config, many, folder) - train(config, few, folder)
                seconds[side].append(steps * n_epoch / (many - few))
    pairs = zip(seconds["transformer_v3"], seconds["encoder_v1"], strict=True)
    ratio = statistics.median(stock / ours for stock, ours in pairs)
    result: dict[str, Any] = {
        "machine": describe_machine(threads=1),
        "versions": list_versions("spacy", "spacy-transformers", "transformers", "torch"),
        "n": {"rounds": n_rounds, "updates": many - few, "updates of an epoch": n_epoch},
        "runs": {
            f"{side}, CPU seconds of an epoch": [round(s, 1) for s in values]
            for side, values in seconds.items()
        },
        "ratios": {"encoder_v1/transformer_v3": round(ratio, 3)},
    }
    args.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
