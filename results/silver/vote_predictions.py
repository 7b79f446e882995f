"""What several pipelines find together: a prediction file of what enough of theirs have.

    python results/silver/vote_predictions.py PREDICTIONS.jsonl… OUTPUT.jsonl --by 3

Prediction files of `evaluate` on the same data, of entities or relations; `score` takes OUTPUT.
Entities count as the same where offsets and label are, relations where concepts (or, without these,
both ends) and label are.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from spacy_blurb.errors import BlurbError
from spacy_blurb.evaluation.scoring.rows import Row, match_rows, read_rows, write_rows


def name(item: dict[str, Any]) -> tuple[Any, ...]:
    """Return what makes two predictions the same."""
    if "concepts" in item:
        return (*item["concepts"], item["label"])
    if "head" in item:
        return (*item["head"], *item["tail"], item["label"])
    return item["start"], item["end"], item["label"]


def vote(rows: Sequence[Row], n_needed: int) -> Row:
    """Return the first row of a document with what so many rows have, as the first such has it."""
    key = "relations" if "relations" in rows[0] else "entities"
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    votes: Counter[tuple[Any, ...]] = Counter()
    for row in rows:
        own = {name(item): item for item in row[key]}
        votes.update(own.keys())
        found = own | found
    kept: Iterable[dict[str, Any]] = (item for n, item in found.items() if votes[n] >= n_needed)
    return {**rows[0], key: list(kept)}


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("predictions", type=Path, nargs="+", help="files of `evaluate`")
    parser.add_argument("output", type=Path, help="the file to write")
    parser.add_argument("--by", type=int, required=True, help="how many must have it")
    args = parser.parse_args()
    first = read_rows(args.predictions[0])
    ids = [row["id"] for row in first]
    files = [match_rows(ids, read_rows(path), path) for path in args.predictions]
    write_rows([vote(rows, args.by) for rows in zip(*files, strict=True)], args.output)


if __name__ == "__main__":
    try:
        main()
    except (BlurbError, OSError) as error:
        sys.exit(f"✘ {error}")
