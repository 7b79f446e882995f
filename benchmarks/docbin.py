"""Docs with span groups per CPU second, stored and read, with srsly's plugins looked up once.

    python benchmarks/docbin.py [--quick] --json FILE

The Docs are the demo's abstracts with their gold entities; each round does the same work once as
srsly does it (a look through all entry points of the environment at every call) and once as
`spacy_blurb.annotations` leaves it, in turns. Ratios are medians over the rounds, larger is better.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from tempfile import TemporaryDirectory

import spacy
from environment import describe_machine, list_versions
from spacy.tokens import Doc, DocBin
from srsly import msgpack_decoders, msgpack_encoders

from spacy_blurb.data.datasets import READERS
from spacy_blurb.data.docbin import read_docbin, write_docbin
from spacy_blurb.tokenization.tokenizer import build_tokenizer

DEMO = Path(__file__).parent.parent / "assets" / "demo" / "bc5cdr"


def measure(docs: Sequence[Doc], rounds: int) -> dict[str, list[float]]:
    """Return what was done → Docs per CPU second of each round."""
    stored = DocBin(docs=docs).to_bytes()
    work: dict[str, Callable[[], object]] = {
        "store": lambda: DocBin(docs=docs).to_bytes(),
        "read": lambda: list(DocBin().from_bytes(stored).get_docs(docs[0].vocab)),
    }
    speeds: dict[str, list[float]] = {f"{w}/{s}": [] for w in work for s in ("once", "every call")}
    ways = {"once": False, "every call": True}
    for number in range(rounds):
        for way in ways if number % 2 else reversed(ways):
            every_call = ways[way]
            msgpack_encoders.entry_points = msgpack_decoders.entry_points = every_call
            for name, do in work.items():
                start = time.process_time()
                do()
                speeds[f"{name}/{way}"].append(len(docs) / (time.process_time() - start))
    msgpack_encoders.entry_points = msgpack_decoders.entry_points = False
    return speeds


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="two rounds in place of nine")
    parser.add_argument("--json", type=Path, required=True, help="where to write the result")
    args = parser.parse_args()
    nlp = spacy.blank("en")
    with TemporaryDirectory(prefix="spacy-blurb-") as folder:
        path = Path(folder, "train.spacy")
        records = READERS["bc5cdr"](DEMO, "train", "original").records
        write_docbin(records, path, build_tokenizer(nlp), label_sets=["bc5cdr"])
        docs = read_docbin(path, nlp.vocab)
    speeds = measure(docs, rounds=2 if args.quick else 9)
    result = {
        "machine": describe_machine(),
        "versions": list_versions("spacy", "srsly", "catalogue"),
        "n": {
            "docs": len(docs),
            "words": sum(map(len, docs)),
            "span_groups": sum(len(doc.spans) for doc in docs),
            "entry_points": len(entry_points()),
        },
        "runs": {f"{name}, Docs per CPU second": list(map(round, v)) for name, v in speeds.items()},
        "ratios": {
            work: round(
                statistics.median(
                    once / every
                    for once, every in zip(
                        speeds[f"{work}/once"], speeds[f"{work}/every call"], strict=True
                    )
                ),
                2,
            )
            for work in ("store", "read")
        },
    }
    args.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result["ratios"], indent=2))


if __name__ == "__main__":
    main()
