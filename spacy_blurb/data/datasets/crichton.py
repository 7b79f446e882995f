"""The CoNLL copies of Crichton et al. 2017, which BLURB uses for its entity sets.

A folder holds `train.tsv`, `devel.tsv` and `test.tsv`; see docs/protocol.md.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path

from ...errors import BlurbError, Errors
from ..formats.conll import read_conll
from ..records import Mention, Record, Split
from .distribution import require_file

FILES = {"train": "train.tsv", "dev": "devel.tsv", "test": "test.tsv"}


def read_crichton(
    folder: Path, split: str, *, task: str, label: str, types: Collection[str] = ()
) -> Split[Record]:
    """Read the sentences of one split.

    folder (Path): Where the three files lie.
    split (str): "train", "dev" or "test".
    task (str): Task name, for the error message.
    label (str): Label of mentions whose tag has no type.
    types (Collection[str]): Others that the tags may have, in small letters. The files of all data
        sets have the same names: only the types tell a wrong folder.
    RAISES (BlurbError): B109 the split's file is missing, B151 it has mentions of another type, and
        what `read_conll` raises.
    """
    path = require_file(folder, [FILES[split]], task=task, form="blurb")
    records = list(read_conll(path, untyped=label))
    known = {label.lower(), *types}
    for record in records:
        for mention in record.mentions:
            if mention.label.lower() not in known:
                raise BlurbError(
                    Errors.B151.format(
                        path=path,
                        where=f"sentence {record.id}",
                        expected=f"mentions of {', '.join(sorted(known))} for {task}",
                        found=repr(mention.label),
                    )
                )
    return Split(records)


def with_label(records: Iterable[Record], label: str) -> list[Record]:
    """Return the records with one label for all mentions."""
    return [
        replace(record, mentions=tuple(Mention(m.start, m.end, label) for m in record.mentions))
        for record in records
    ]
