"""PubTator: title and abstract lines, a line per mention, a line per relation of concepts.

Offsets count characters of title + one separator + abstract, which is the text as it is annotated.
A text that is not divided stands in the title line. The format has no place for probabilities,
labels of documents and answers.
"""

import re
from collections.abc import Sequence
from typing import Any

from spacy.tokens import Doc

from ..rows import to_row
from .format import OutputFormat

# What ends a line or a column for some program. Each becomes one blank, so that offsets stay.
_BREAKS = re.compile("[\t\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_NOT_IN_ID = re.compile(r"[|\s]")


class PubtatorOutput(OutputFormat):
    """A block of lines per document, an empty line behind it."""

    def encode(self, docs: Sequence[Doc]) -> bytes:
        """Return a block per Doc."""
        return "".join(_to_block(to_row(doc)) for doc in docs).encode("utf-8")


def _to_block(row: dict[str, Any]) -> str:
    doc_id = _NOT_IN_ID.sub("_", row["id"])
    text, cut = _BREAKS.sub(" ", row["text"]), row["title_end"] or len(row["text"])
    lines = [f"{doc_id}|t|{text[:cut]}", f"{doc_id}|a|{text[cut + 1 :]}"]
    entities = row["entities"]
    # Nor has it one for label sets: what several of them find is one line.
    found = {(m["start"], m["end"], m["label"]): m for m in [*entities, *row.get("pico", ())]}
    mentions = sorted(found.values(), key=lambda m: (m["start"], m["end"]))
    for mention in mentions:
        start, end = mention["start"], mention["end"]
        cells = [doc_id, str(start), str(end), text[start:end], _cell(mention["label"])]
        lines.append(
            "\t".join([*cells, *([_cell(mention["kb_id"])] if "kb_id" in mention else [])])
        )
    related = []
    for relation in row.get("relations", ()):
        ends = [_concept(entities[relation[key]]) for key in ("head", "tail")]
        ends = [_cell(end) for end in relation.get("concepts", ends)]
        related.append("\t".join([doc_id, _cell(relation["label"]), *ends]))
    # Between concepts: once, however often they are named.
    return "\n".join([*lines, *dict.fromkeys(related)]) + "\n\n"


def _concept(entity: dict[str, Any]) -> str:
    """Return what a relation names: the concept, without one the words of the mention."""
    return str(entity.get("kb_id") or entity["text"])


def _cell(text: str) -> str:
    return _BREAKS.sub(" ", text)
