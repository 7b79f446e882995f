"""JNLPBA (Kim et al. 2004): 2,404 MEDLINE abstracts of the GENIA corpus, five types in one."""

from itertools import groupby
from pathlib import Path, PurePosixPath

from ..formats.conll import parse_conll
from ..formats.file_tree import numbered, read_tree
from ..records import Record, Split
from .crichton import read_crichton, with_label
from .distribution import missing_files

TASK = "jnlpba"
LABEL = "Gene"
_TYPES = ("protein", "dna", "rna", "cell_line", "cell_type")
_FILES = {
    "train": "Genia4ERtask1.iob2",
    "dev": "Genia4ERtask1.iob2",
    "test": "Genia4EReval1.iob2",
}
_ARCHIVES = {"train": "Genia4ERtraining", "dev": "Genia4ERtraining", "test": "Genia4ERtest"}
DEV_ABSTRACTS = 200
"""The last ones of the training file; compared sentence by sentence with the copy's dev file."""


def read_jnlpba(folder: Path, split: str, form: str) -> Split[Record]:
    """Read the sentences of one split, from the shared task's files or from the BLURB copy.

    Protein, DNA, RNA, cell line and cell type become Gene, as BLURB merges them.

    RAISES (BlurbError): B109 the file is missing, and what the format's reader raises.
    """
    if form == "blurb":
        return Split(
            with_label(
                read_crichton(folder, split, task=TASK, label=LABEL, types=_TYPES).records, LABEL
            )
        )
    name = _FILES[split]
    archive = _ARCHIVES[split]
    files = read_tree(folder, [archive], lambda n: n if PurePosixPath(n).name == name else None)
    source, text = next(files, ("", ""))
    if not source:
        looked = f"{name}, {archive}.tar.gz"
        raise missing_files(folder, looked, task=TASK, form=form)
    records = list(parse_conll(numbered(text), path=folder / source, untyped=LABEL))
    if split != "test":
        # A few abstracts are in the file twice, so documents are runs of sentences.
        runs = [list(run) for _, run in groupby(records, key=_document)]
        runs = runs[-DEV_ABSTRACTS:] if split == "dev" else runs[:-DEV_ABSTRACTS]
        records = [record for run in runs for record in run]
    return Split(with_label(records, LABEL))


def _document(record: Record) -> str:
    return record.id.rpartition("-")[0]
