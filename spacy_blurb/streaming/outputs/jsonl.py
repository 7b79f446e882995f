"""JSONL: an object per document, with everything that a Doc carries; see docs/howto/annotate.md."""

import json
from collections.abc import Sequence
from typing import Any

from spacy.tokens import Doc

from ..rows import to_row
from .format import OutputFormat


class JsonlOutput(OutputFormat):
    """One JSON object per line; other keys of the input stand behind the annotations."""

    has_vectors = True

    def encode(self, docs: Sequence[Doc]) -> bytes:
        """Return a line per Doc."""
        return b"".join(to_json(_flatten(to_row(doc, vector=self.vector))) for doc in docs)


def to_json(row: Any) -> bytes:
    """Return a value as one line of UTF-8.

    Line and paragraph separators, which some programs take for line ends, are escaped.
    """
    line = json.dumps(row, ensure_ascii=False, allow_nan=False, separators=(", ", ": "))
    for separator in ("\x85", "\u2028", "\u2029"):
        if separator in line:
            line = line.replace(separator, f"\\u{ord(separator):04x}")
    return line.encode("utf-8") + b"\n"


def _flatten(row: dict[str, Any]) -> dict[str, Any]:
    fields = row.pop("fields")
    if not row["title_end"]:
        del row["title_end"]
    # What the source calls by one of our names is told by us.
    return {**row, **{key: value for key, value in fields.items() if key not in row}}
