"""Tables of 'id, sentence, label', as BLURB distributes relation data."""

from pathlib import Path

from ..records import LabelledText
from .tsv import read_tsv


def read_sentences(path: Path, *, header: str) -> list[LabelledText]:
    """Read one file; white space at either end of a sentence is kept.

    header (str): See `read_tsv`.
    RAISES (BlurbError): What `read_tsv` raises.
    """
    return [
        LabelledText(row_id, sentence, (label,))
        for _, (row_id, sentence, label) in read_tsv(path, 3, header=header)
    ]
