"""Texts for `annotate` from files for pretraining: evenly from all, without those of a list.

    python results/silver/choose_texts.py --texts FILE,FILE… --exclude LIST.txt
        --documents 9000 OUTPUT.jsonl

LIST.txt is what results/pretraining/overlap.py writes: titles of documents that share text with an
evaluation set. Documents of 50 to 500 words are taken, abstracts for the most part.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from spacy_blurb.errors import BlurbError
from spacy_blurb.pretraining.config import TextConfig
from spacy_blurb.pretraining.prepared import describe_files, prepare_files
from spacy_blurb.pretraining.selection import read_split, select_documents
from spacy_blurb.pretraining.workers import Workers

WORDS = range(50, 501)


def read_kept(texts: str, exclude: str) -> Iterator[str]:
    """Yield the documents that `corpus` would keep."""
    config = TextConfig(tuple(texts.split(",")), held_out=0.0, exclude_titles=(exclude,))
    with tempfile.TemporaryDirectory(prefix="spacy-blurb-texts-") as folder:
        with Workers(0) as workers:
            files = describe_files(config, workers, Path(folder))
            prepare_files(files, workers, print)
        for sentences in read_split(files, select_documents(files, config), "train"):
            yield " ".join(sentences)


def main() -> None:
    """Choose and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--texts", required=True, help="commas between")
    parser.add_argument("--exclude", required=True, help="titles, one per line")
    parser.add_argument("--documents", type=int, required=True, help="how many, at most")
    parser.add_argument("output", type=Path, help="JSON lines")
    args = parser.parse_args()
    kept = [t for t in read_kept(args.texts, args.exclude) if len(t.split()) in WORDS]
    if not kept:
        sys.exit(f"✘ {args.texts}: no document of {WORDS[0]} to {WORDS[-1]} words is left.")
    n = min(args.documents, len(kept))
    chosen = [kept[number * len(kept) // n] for number in range(n)]
    rows = (json.dumps({"id": str(i), "text": text}) for i, text in enumerate(chosen))
    args.output.parent.mkdir(parents=True, exist_ok=True)
    args.output.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    print(
        f"{args.output}: {n:,} of {len(kept):,} documents, {len(' '.join(chosen).split()):,} words"
    )


if __name__ == "__main__":
    try:
        main()
    except BlurbError as error:
        sys.exit(f"✘ {error}")
