"""BioC JSON: one collection of documents with passages, annotations and relations.

Offsets count characters (code points), as PubTator's BioC does. A text with a title has two
passages, one character apart; any other is one passage, and so is one with a mention across both.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from spacy.tokens import Doc

from ..rows import to_row
from .format import OutputFormat


class BiocOutput(OutputFormat):
    """A document per line, between the first and the last line of the collection."""

    header = b'{"source": "spacy-blurb", "date": "", "key": "", "infons": {}, "documents": [\n'
    separator = b",\n"
    footer = b"\n]}\n"

    def encode(self, docs: Sequence[Doc]) -> bytes:
        """Return the documents of a batch."""
        rows = (json.dumps(_to_document(to_row(doc)), ensure_ascii=False) for doc in docs)
        return ",\n".join(rows).encode("utf-8")


def _to_document(row: dict[str, Any]) -> dict[str, Any]:
    # PICO elements are behind the entities, whose positions relations use.
    mentions = [*row["entities"], *row.get("pico", ())]
    passages = list(_passages(row, mentions))
    for number, mention in enumerate(mentions):
        holder = [p for p in passages if p["offset"] <= mention["start"]][-1]
        holder["annotations"].append(_to_annotation(number, mention))
    relations = [_to_relation(*numbered) for numbered in enumerate(row.get("relations", ()))]
    document = {"id": row["id"], "infons": _infons(row), "passages": passages}
    return {**document, "relations": relations}


def _passages(row: dict[str, Any], mentions: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    text, cut = row["text"], row["title_end"]
    # A passage holds what is annotated in it.
    if any(mention["start"] <= cut < mention["end"] for mention in mentions):
        cut = 0
    parts = [("title", 0, text[:cut]), ("abstract", cut + 1, text[cut + 1 :])]
    for kind, offset, part in parts if cut else [("", 0, text)]:
        passage: dict[str, Any] = {"offset": offset, "infons": {"type": kind} if kind else {}}
        yield {**passage, "text": part, "annotations": [], "relations": []}


def _to_annotation(number: int, mention: dict[str, Any]) -> dict[str, Any]:
    infons = {"type": mention["label"]}
    if mention["score"] is not None:
        infons["score"] = str(mention["score"])
    if "set" in mention:
        infons["label_set"] = mention["set"]
    if "kb_id" in mention:
        infons["identifier"] = mention["kb_id"]
    location = {"offset": mention["start"], "length": mention["end"] - mention["start"]}
    named: dict[str, Any] = {"id": f"T{number}", "infons": infons, "text": mention["text"]}
    return {**named, "locations": [location]}


def _to_relation(number: int, relation: dict[str, Any]) -> dict[str, Any]:
    nodes = [{"refid": f"T{relation[role]}", "role": role} for role in ("head", "tail")]
    infons = {"type": relation["label"], "score": str(relation["score"])}
    return {"id": f"R{number}", "infons": infons, "nodes": nodes}


def _infons(row: dict[str, Any]) -> dict[str, str]:
    """Return what BioC has no place for; infons are strings."""
    infons = {key: _to_string(value) for key, value in row["fields"].items()}
    infons |= {f"label:{label}": str(score) for label, score in row.get("cats", {}).items()}
    answers = row.get("answers", ())
    infons |= {f"answer:{a['id']}": a["text"] or a["label"] for a in answers}
    return infons


def _to_string(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
