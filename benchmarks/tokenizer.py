"""Words per CPU second of our tokenizer beside spaCy's and scispaCy's, and what each one reaches.

    python benchmarks/tokenizer.py [--quick] --json FILE

Each round builds the tokenizers anew with empty caches and gives all of them the same texts, one
after the other in one process; ratios are medians over the rounds, larger is better for us. Texts
are the abstracts of the corpora in $BLURB_DATA, or the demo's where it is not set. scispaCy is
left out, with a note, where it is not installed (it needs numpy < 2); to have it beside the others
run this in an environment with `pip install scispacy`.

Also counts, per corpus, the gold mentions that begin or end inside a token.
"""

import argparse
import json
import os
import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import spacy
from environment import describe_machine, list_versions

from spacy_blurb.data.datasets import READERS
from spacy_blurb.data.records import Record
from spacy_blurb.errors import BlurbError
from spacy_blurb.tokenization.tokenizer import build_tokenizer

CORPORA = {
    "ncbi_disease": "ncbi_disease",
    "bc5cdr": "bc5cdr",
    "chemprot": "chemprot",
    "ddi": "ddi2013",
}
"""Task → folder under $BLURB_DATA: those whose mentions have offsets in running text."""

DEMO_TEXT = Path(__file__).parent.parent / "assets" / "demo" / "text" / "articles.txt"


def build_peers(notes: list[str]) -> dict[str, Callable[[], Any]]:
    """Return name → function that builds a tokenizer with empty caches."""
    peers: dict[str, Callable[[], Any]] = {
        "biomed": lambda: build_tokenizer(spacy.blank("en")),
        "spacy": lambda: spacy.blank("en").tokenizer,
    }
    try:
        from scispacy.custom_tokenizer import combined_rule_tokenizer  # type: ignore
    except ImportError as error:
        notes.append(f"scispacy left out: {error}")
    else:
        peers["scispacy"] = lambda: combined_rule_tokenizer(spacy.blank("en"))
    return peers


def read_corpora(quick: bool, notes: list[str]) -> Iterator[tuple[str, Record]]:
    """Yield (corpus, record) of the originals in $BLURB_DATA, of the test splits if quick."""
    root = os.environ.get("BLURB_DATA")
    if not root:
        notes.append("BLURB_DATA is not set: no corpora, texts are the demo's")
        return
    for task, folder in CORPORA.items():
        try:
            for split in ("test",) if quick else ("train", "dev", "test"):
                for record in READERS[task](Path(root) / folder, split, "original").records:
                    if isinstance(record, Record):
                        yield task, record
        except BlurbError as error:
            notes.append(f"{task} left out: {error}")


def count_unreachable(tokenizer: Any, records: list[tuple[str, Record]]) -> dict[str, Any]:
    """Return corpus → mentions not on token boundaries, and tokens per word of all texts."""
    lost: dict[str, int] = {}
    n_tokens = n_words = 0
    for corpus, record in records:
        doc = tokenizer(record.text)
        if doc.text != record.text:
            raise SystemExit(f"{corpus} {record.id}: the text came back changed")
        n_tokens += len(doc)
        n_words += len(record.text.split())
        spans = [doc.char_span(mention.start, mention.end) for mention in record.mentions]
        lost[corpus] = lost.get(corpus, 0) + sum(span is None for span in spans)
    return {**lost, "tokens_per_word": round(n_tokens / max(n_words, 1), 3)}


def measure(peers: dict[str, Callable[[], Any]], texts: list[str], rounds: int) -> dict[str, list]:
    """Return name → words per CPU second of each round."""
    n_words = sum(len(text.split()) for text in texts)
    speeds: dict[str, list[float]] = {name: [] for name in peers}
    names = list(peers)
    for number in range(rounds):
        # Another one begins each round.
        for name in names[number % len(names) :] + names[: number % len(names)]:
            tokenizer = peers[name]()
            start = time.process_time()
            for text in texts:
                tokenizer(text)
            speeds[name].append(n_words / (time.process_time() - start))
    return speeds


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="test splits and three rounds")
    parser.add_argument("--json", type=Path, required=True, help="where to write the result")
    args = parser.parse_args()
    # scispaCy's regular expressions warn when spaCy compiles them.
    warnings.simplefilter("ignore", FutureWarning)
    notes: list[str] = []
    peers = build_peers(notes)
    records = list(read_corpora(args.quick, notes))
    if records:
        texts = [record.text for _, record in records]
    else:
        texts = DEMO_TEXT.read_text(encoding="utf-8").split("\n\n")
        texts = texts * (100_000 // sum(len(text.split()) for text in texts) + 1)
    speeds = measure(peers, texts, rounds=3 if args.quick else 9)
    ratios = {
        f"biomed/{peer}": statistics.median(
            ours / theirs for ours, theirs in zip(speeds["biomed"], speeds[peer], strict=True)
        )
        for peer in peers
        if peer != "biomed"
    }
    result = {
        "machine": describe_machine(),
        "versions": list_versions("spacy", "scispacy", "spacy-blurb"),
        "n": {"texts": len(texts), "words": sum(len(text.split()) for text in texts)},
        "runs": {
            f"{name}, words per CPU second": [round(s) for s in speeds[name]] for name in peers
        },
        "ratios": {key: round(ratio, 3) for key, ratio in ratios.items()},
        "notes": notes,
    }
    if records:
        n_mentions: dict[str, int] = {}
        for corpus, record in records:
            n_mentions[corpus] = n_mentions.get(corpus, 0) + len(record.mentions)
        result["mentions"] = n_mentions
        result["unreachable"] = {
            name: count_unreachable(build(), records) for name, build in peers.items()
        }
    args.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps({key: result[key] for key in ("ratios", "notes")}, indent=2))


if __name__ == "__main__":
    main()
