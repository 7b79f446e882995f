"""Tables of 'id, sentence, label', as BLURB distributes relation data."""

from collections.abc import Callable, Sequence
from pathlib import Path

from ...errors import BlurbError, Errors
from ..records import LabelledText
from .tsv import read_tsv


def read_sentences(
    path: Path,
    *,
    header: str,
    labels: Sequence[str],
    document: Callable[[str], str] | None = None,
) -> list[LabelledText]:
    """Read one file; white space at either end of a sentence is kept.

    header (str): See `read_tsv`.
    labels (Sequence[str]): All that a row may have, also the one that says "no relation".
    document (Callable | None): Id of a row → id of the document that it is from, where it says so.
    RAISES (BlurbError): B154 another label, and what `read_tsv` raises.
    """
    rows = []
    for line, (row_id, sentence, label) in read_tsv(path, 3, header=header):
        if label not in labels:  # it would be taken for "no relation"
            expected = f"one of the labels {', '.join(labels)}"
            raise BlurbError(
                Errors.B154.format(path=path, line=line, expected=expected, found=repr(label))
            )
        group = document(row_id) if document else ""
        rows.append(LabelledText(row_id, sentence, (label,), group))
    return rows
