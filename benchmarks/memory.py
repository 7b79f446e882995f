"""Resident memory of a long stream through `nlp.pipe`: does it grow?

    python benchmarks/memory.py [--quick] [--new-words] --encoder FOLDER --json FILE
    python benchmarks/memory.py [--quick] [--new-words] --pipeline en_blurb_sm --json FILE

A pipeline of configs/ner.cfg (transformer, ner, doc_cleaner; an untrained head), or a given one,
reads 100,000 short texts, made from words of the demo's text so that all differ, without keeping a
Doc. Resident memory is noted after every 10,000 texts. `growth` is the last note by the first,
smaller is better.

With --new-words every text holds a word that no other one has. spaCy keeps each word that it has
seen in its vocabulary, so memory grows with them, as in any pipeline of it.
"""

import argparse
import gc
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Before torch is imported, and a network compiled.
os.environ["OMP_NUM_THREADS"] = "1"

import spacy
from environment import describe_machine, list_versions, resident_megabytes
from spacy.tokens import Span
from spacy.training import Example
from thinc.api import Config

ROOT = Path(__file__).parent.parent
TEXT = ROOT / "assets/demo/text/articles.txt"


def build_pipeline(encoder: Path) -> Any:
    """Build and initialise the pipeline."""
    import torch

    torch.set_num_threads(1)
    config = Config().from_disk(ROOT / "configs/ner.cfg", interpolate=False)
    config["paths"]["encoder"] = str(encoder)
    config["corpora"] = {}
    config["training"] = {"train_corpus": None, "dev_corpus": None}
    config["initialize"] = {}
    nlp = spacy.util.load_model_from_config(config, auto_fill=True)
    doc = nlp.make_doc("aspirin helps")
    reference = doc.copy()
    reference.set_ents([Span(reference, 0, 1, label="Chemical")])
    nlp.initialize(lambda: [Example(doc, reference)])
    return nlp


def make_texts(n_texts: int, new_words: bool) -> Iterator[str]:
    """Yield sentences of 5 to 30 words, with a number of its own at the end if words may be new."""
    generator = random.Random(0)
    words = TEXT.read_text(encoding="utf-8").split()
    for number in range(n_texts):
        chosen = generator.choices(words, k=generator.randint(5, 30))
        yield " ".join([*chosen, f"{number}."] if new_words else chosen)


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the texts")
    parser.add_argument("--new-words", action="store_true", help="a word of its own in each text")
    tested = parser.add_mutually_exclusive_group(required=True)
    tested.add_argument("--encoder", type=Path, help="Hugging Face folder")
    tested.add_argument("--pipeline", help="package or folder, for example en_blurb_sm")
    parser.add_argument("--json", type=Path, required=True, help="where to write the result")
    args = parser.parse_args()
    n_texts, every = (10_000, 1_000) if args.quick else (100_000, 10_000)
    nlp = spacy.load(args.pipeline) if args.pipeline else build_pipeline(args.encoder)
    notes: list[float] = []
    n_tokens = 0
    for number, doc in enumerate(nlp.pipe(make_texts(n_texts, args.new_words)), start=1):
        n_tokens += len(doc)
        if number % every == 0:
            gc.collect()
            notes.append(round(resident_megabytes(), 1))
            print(number, notes[-1], flush=True)
    result = {
        "machine": describe_machine(threads=1),
        "pipeline": [args.pipeline or args.encoder.name, *nlp.pipe_names],
        "versions": list_versions("spacy", "torch"),
        "n": {"texts": n_texts, "tokens": n_tokens, "strings": len(nlp.vocab.strings)},
        "runs": {f"megabytes after every {every:,} texts": notes},
        "ratios": {"growth": round(notes[-1] / notes[0], 4)},
    }
    args.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result["ratios"], indent=2))


if __name__ == "__main__":
    main()
