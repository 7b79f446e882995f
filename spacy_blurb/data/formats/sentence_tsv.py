"""Tables of 'id, sentence, label', as BLURB distributes relation data."""

from collections.abc import Callable
from pathlib import Path

from ..records import LabelledText
from .tsv import read_tsv


def read_sentences(
    path: Path, *, header: str, document: Callable[[str], str] | None = None
) -> list[LabelledText]:
    """Read one file; white space at either end of a sentence is kept.

    header (str): See `read_tsv`.
    document (Callable | None): Id of a row → id of the document that it is from, where it says so.
    RAISES (BlurbError): What `read_tsv` raises.
    """
    return [
        LabelledText(row_id, sentence, (label,), document(row_id) if document else "")
        for _, (row_id, sentence, label) in read_tsv(path, 3, header=header)
    ]
