"""Committed predictions hold offsets, labels and scores, and nothing of the texts read."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spacy_blurb.tasks import get_task

RESULTS = Path(__file__).parent.parent / "results"
FILES = sorted(RESULTS.rglob("*.predictions.jsonl"))
CHOICE = {"id", "group", "label", "probs", "score"}
"""Keys of an answer from a set: yes, no, maybe, or an option."""
SPAN = {"id", "group", "start", "end", "score", "candidates"}
"""Keys of an answer that stands in a text."""
KEYS: dict[str, tuple[set[str], ...]] = {
    "ner": ({"id", "entities"},),
    "pico": ({"id", "entities"},),
    "rel": ({"id", "entities", "directed", "relations"},),
    "textcat": ({"id", "document", "labels", "probs"},),
    "sts": ({"id", "score"},),
    "qa": (CHOICE, SPAN),
}
"""Type of task → the keys of a row, of which it has all."""
MENTION = {"start", "end", "label", "score"}
RELATION = {"head", "tail", "label", "score"}
CANDIDATE = {"start", "end", "score"}
LONGEST = 40
"""Characters of a string; a label of HoC has 34, and of a text not even the title would fit."""


def strings(value: Any) -> Iterator[str]:
    """Yield keys and values, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def inner_keys(row: dict[str, Any], name: str) -> list[set[str]]:
    """Return the keys of each thing in a list; `entities` of relations may be a word."""
    inner = row.get(name, [])
    return [set(one) for one in inner] if isinstance(inner, list) else []


def test_there_are_prediction_files() -> None:
    assert len(FILES) > 100


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(RESULTS)))
def test_rows_hold_no_text(path: Path) -> None:
    name = path.name.removesuffix(".predictions.jsonl")
    result = json.loads(path.with_name(f"{name}.json").read_text(encoding="utf-8"))
    allowed = KEYS[get_task(result["task"]).type]
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        assert set(row) in allowed, row["id"]
        assert all(keys == MENTION for keys in inner_keys(row, "entities")), row["id"]
        assert all(keys == CANDIDATE for keys in inner_keys(row, "candidates")), row["id"]
        for keys in inner_keys(row, "relations"):
            assert keys - {"concepts"} == RELATION, row["id"]
        assert max(map(len, strings(row))) <= LONGEST, row["id"]
