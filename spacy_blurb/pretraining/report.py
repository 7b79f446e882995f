"""What became of the text? A corpus manifest in lines for people."""

from collections.abc import Iterator
from typing import Any

from .selection import describe_left_out
from .shards import SplitCounts

UNKNOWN_SHARE = 0.02
"""Of `[UNK]`, above which people are asked whether the vocabulary is one of such text."""


def describe_corpus(manifest: dict[str, Any]) -> Iterator[str]:
    """Yield lines: what was left out per file and in total, lists that name nothing, the splits.

    manifest (dict): Of `build_corpus`.
    """
    for source in manifest["inputs"]:
        left_out = describe_left_out(source["left_out"]) or "none"
        yield f"{source['path']}: {source['documents']:,} documents, left out: {left_out}"
    yield f"left out of all files: {describe_left_out(manifest['left_out']) or 'none'}"
    for name, count in manifest["listed"].items():
        warning = "" if count else "; is it the right list?"
        yield f"{name}: names {count:,} documents of the text{warning}"
    for split, shards in manifest["splits"].items():
        counts = sum((SplitCounts(**shard["counts"]) for shard in shards), SplitCounts())
        line = (
            f"{split}: {counts.documents:,} documents, {counts.sentences:,} sentences, "
            f"{counts.words:,} words, {counts.pieces:,} pieces in {len(shards)} shards"
        )
        # Manifests of version 0.1 lack the key.
        empty = [s for s in manifest.get("empty_shards", []) if s["name"].startswith(f"{split}-")]
        n_lost = counts.without_pieces + sum(s["counts"]["without_pieces"] for s in empty)
        if counts.unknown:
            share = counts.unknown / counts.pieces
            line += f"; {share:.2%} of the pieces are [UNK]"
            line += ": is it the right vocabulary?" if share > UNKNOWN_SHARE else ""
        if n_lost:
            line += f"; {n_lost:,} documents of which the tokenizer leaves nothing"
        yield line
