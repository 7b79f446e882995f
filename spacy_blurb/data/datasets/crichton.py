"""The CoNLL copies of Crichton et al. 2017, which BLURB uses for its entity sets.

A folder holds `train.tsv`, `devel.tsv` and `test.tsv`; see docs/protocol.md.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from ..formats.conll import read_conll
from ..records import Mention, Record, Split
from .distribution import require_file

FILES = {"train": "train.tsv", "dev": "devel.tsv", "test": "test.tsv"}


def read_crichton(folder: Path, split: str, *, task: str, label: str) -> Split[Record]:
    """Read the sentences of one split.

    folder (Path): Where the three files lie.
    split (str): "train", "dev" or "test".
    task (str): Task name, for the error message.
    label (str): Label of mentions whose tag has no type.
    RAISES (BlurbError): B109 the split's file is missing, and what `read_conll` raises.
    """
    path = require_file(folder, [FILES[split]], task=task, form="blurb")
    return Split(list(read_conll(path, untyped=label)))


def with_label(records: Iterable[Record], label: str) -> list[Record]:
    """Return the records with one label for all mentions."""
    return [
        replace(record, mentions=tuple(Mention(m.start, m.end, label) for m in record.mentions))
        for record in records
    ]
