"""Pieces per CPU second of our pretraining beside Hugging Face's `Trainer`, same text and size.

    python benchmarks/pretraining.py [--quick] [--encoder FOLDER] --json FILE

The peer is what `run_mlm.py` does: `Trainer` with `DataCollatorForLanguageModeling` on rows of 128
that are cut from the concatenated text, so without padding, all positions through the head, in
float32; and, stated apart, the same in bfloat16. Ours is `spacy blurb pretrain` as configured in
configs/pretrain/: whole words, head on masked positions, bfloat16. Both have BERT's dropout, a
vocabulary of 30,522, 32 rows per update and their own usual micro-batch (8 and 32 rows); the first
update is not timed, and all take as many. Sides run one after the other in every round, in one
process with one thread; another one begins each round. Ratios are medians over the rounds, larger
is better for us.

Text: the first abstracts of $BLURB_DATA/pubmed, or the demo's. `--encoder`: whose tokenizer
is used; without it one is learnt from the text, which may reach fewer pieces.
"""

import argparse
import dataclasses
import json
import lzma
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import torch
import transformers
from environment import describe_machine, list_versions
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertTokenizerFast,
    DataCollatorForLanguageModeling,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from spacy_blurb.pretraining.config import ModelConfig, PretrainingConfig, read_config
from spacy_blurb.pretraining.corpus import build_corpus
from spacy_blurb.pretraining.rows import Rows
from spacy_blurb.pretraining.shards import open_corpus
from spacy_blurb.pretraining.throughput import measure_peak, operations_per_piece
from spacy_blurb.pretraining.train import pretrain
from spacy_blurb.pretraining.vocab import read_pieces, train_vocab

ROOT = Path(__file__).parent.parent
SEQ_LEN = 128
ROWS_PER_STEP = 32
SIZES = {"6x384": (6, 384, 6), "4x256": (4, 256, 4)}
"""Name → layers, width, heads."""


class Clock(TrainerCallback):
    """Takes the CPU time at the end of each update."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def on_step_end(self, *args: Any, **kwargs: Any) -> None:
        """Take the time."""
        self.seconds.append(time.process_time())

    def pieces_per_second(self) -> float:
        """Speed behind the first update."""
        n_steps = len(self.seconds) - 1
        return n_steps * ROWS_PER_STEP * SEQ_LEN / (self.seconds[-1] - self.seconds[0])


def read_text(n_documents: int, notes: list[str]) -> str:
    """Return documents, one sentence per line."""
    data = os.environ.get("BLURB_DATA")
    if not data:
        notes.append("BLURB_DATA is not set: the text is the demo's")
        return (ROOT / "assets/demo/text/articles.txt").read_text(encoding="utf-8")
    path = Path(data) / "pubmed" / "abstracts.txt.xz"
    with lzma.open(path, "rt", encoding="utf-8") as file:
        return "\n\n".join(islice(file.read().split("\n\n"), n_documents))


def prepare(folder: Path, encoder: Path | None, n_documents: int, notes: list[str]) -> Any:
    """Write text, vocabulary and corpus, and return the config for both sides."""
    (folder / "text.txt").write_text(read_text(n_documents, notes), encoding="utf-8")
    config = read_config(
        ROOT / "configs/pretrain/small.toml",
        {
            "text.files": str(folder / "text.txt"),
            "text.held_out": 0.05,
            "vocab.folder": str(encoder or folder / "vocab"),
            "corpus.folder": str(folder / "corpus"),
            "corpus.n_processes": 1,
            "training.precision": "bf16",
            "training.batch_rows": ROWS_PER_STEP,
            "training.accumulate": 1,
            "training.dropout": 0.1,
            "objective.long_share": 0.0,
            # Measuring on the held-out text and saving are not what is timed here.
            "training.eval_every": 10**6,
            "training.save_every": 10**6,
        },
    )
    if encoder is None:
        counts = train_vocab(config)
        notes.append(f"vocabulary learnt from the text: {counts.reached} pieces")
    build_corpus(config, lambda line: None)
    return config


def run_ours(config: PretrainingConfig, shape: ModelConfig, n_steps: int, folder: Path) -> float:
    """Return the pieces per CPU second of `pretrain`."""
    clock = Clock()
    with tempfile.TemporaryDirectory(dir=folder) as output:
        training = dataclasses.replace(config.training, output=output, max_steps=n_steps)
        ours = dataclasses.replace(config, model=shape, training=training)
        pretrain(ours, lambda line: None, callbacks=[clock])
    return clock.pieces_per_second()


def run_peer(
    config: PretrainingConfig, shape: ModelConfig, n_steps: int, folder: Path, bf16: bool
) -> float:
    """Return the pieces per CPU second of `Trainer` on concatenated rows."""
    tokenizer = BertTokenizerFast.from_pretrained(config.vocab.folder)
    stream = open_corpus(Path(config.corpus.folder)).train
    rows = Rows(stream, read_pieces(Path(config.vocab.folder)), SEQ_LEN, next_sentence=False)
    numbers = range(min(len(rows), n_steps * ROWS_PER_STEP))
    data_set = [{"input_ids": rows.read([number], []).piece_ids[0].tolist()} for number in numbers]
    model = BertForMaskedLM(
        BertConfig(
            vocab_size=len(tokenizer),
            hidden_size=shape.hidden_width,
            num_hidden_layers=shape.n_layers,
            num_attention_heads=shape.n_heads,
            intermediate_size=shape.intermediate_width,
        )
    )
    clock = Clock()
    with tempfile.TemporaryDirectory(dir=folder) as output:
        arguments = TrainingArguments(
            output_dir=output,
            max_steps=n_steps,
            per_device_train_batch_size=8,
            gradient_accumulation_steps=ROWS_PER_STEP // 8,
            bf16=bf16,
            use_cpu=True,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            dataloader_pin_memory=False,
        )
        Trainer(
            model,
            arguments,
            data_collator=DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.15),
            train_dataset=data_set,
            callbacks=[clock],
        ).train()
    return clock.pieces_per_second()


def measure(
    config: PretrainingConfig, size: str, n_rounds: int, n_steps: int, folder: Path
) -> dict[str, list[float]]:
    """Return the speeds of each side, a number per round."""
    n_layers, width, n_heads = SIZES[size]
    shape = ModelConfig(n_layers, width, n_heads, 4 * width, config.model.dropout)
    sides: dict[str, Callable[[], float]] = {
        "trainer_full_rows_fp32": lambda: run_peer(config, shape, n_steps, folder, False),
        "trainer_full_rows_bf16": lambda: run_peer(config, shape, n_steps, folder, True),
        "ours": lambda: run_ours(config, shape, n_steps, folder),
    }
    speeds: dict[str, list[float]] = {name: [] for name in sides}
    names = list(sides)
    for number in range(n_rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            speeds[name].append(sides[name]())
    return speeds


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="one round, 4x256 alone")
    parser.add_argument("--encoder", type=Path, help="folder whose tokenizer is used")
    parser.add_argument("--json", type=Path, required=True, help="where to write the result")
    args = parser.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    notes: list[str] = []
    sizes = ["4x256"] if args.quick else list(SIZES)
    n_rounds, n_steps = (1, 3) if args.quick else (5, 8)
    cpu = torch.device("cpu")
    peaks = {
        str(d).removeprefix("torch."): measure_peak(cpu, d) for d in (torch.float32, torch.bfloat16)
    }
    runs, ratios = {}, {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = prepare(folder, args.encoder, 300 if args.quick else 3000, notes)
        n_pieces = len(read_pieces(Path(config.vocab.folder)).is_special)
        for size in sizes:
            speeds = measure(config, size, n_rounds, n_steps, folder)
            for side, values in speeds.items():
                runs[f"{size}/{side}, pieces per CPU second"] = [round(v) for v in values]
                if side != "ours":
                    pairs = zip(speeds["ours"], values, strict=True)
                    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
                    ratios[f"{size}/{side}"] = round(ratio, 3)
            shape = ModelConfig(*SIZES[size], 4 * SIZES[size][1], 0.1)
            needed = operations_per_piece(shape, n_pieces, SEQ_LEN, config.objective)
            share = statistics.median(speeds["ours"]) * needed / peaks["bfloat16"]
            runs[f"{size}/ours, share of the bfloat16 peak"] = [round(share, 3)]
    result = {
        "machine": describe_machine(
            threads=1, gflops={name: round(peak / 1e9) for name, peak in peaks.items()}
        ),
        "versions": list_versions("torch", "transformers", "tokenizers"),
        "n": {
            "rounds": n_rounds,
            "timed updates": n_steps - 1,
            "pieces_in_vocabulary": n_pieces,
            "rows_per_step": ROWS_PER_STEP,
        },
        "runs": runs,
        "ratios": ratios,
        "notes": notes,
    }
    args.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
