"""BC5CDR (Li et al. 2016): 1,500 PubMed abstracts with chemicals and diseases."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from ..formats.annotations import counted
from ..formats.pubtator import read_pubtator
from ..records import Record, Split
from .crichton import read_crichton
from .distribution import require_file

LABELS = ("Chemical", "Disease")
FILES = {
    "train": "CDR_TrainingSet.PubTator.txt",
    "dev": "CDR_DevelopmentSet.PubTator.txt",
    "test": "CDR_TestSet.PubTator.txt",
}


def read_bc5cdr(
    folder: Path, split: str, form: str, *, labels: tuple[str, ...] = LABELS
) -> Split[Record]:
    """Read one split, by abstract from the PubTator files or by sentence from the BLURB copy.

    labels (tuple[str, ...]): Types to keep: BLURB trains chemicals and diseases apart.
    RAISES (BlurbError): B109 the file is missing, and what the format's reader raises.
    """
    task = "bc5cdr" if labels == LABELS else {"Chemical": "bc5_chem"}.get(labels[0], "bc5_disease")
    left_out: Counter[str] = Counter()
    if form == "blurb":
        types = [label.lower() for label in LABELS]
        source = read_crichton(folder, split, task=task, label=labels[0], types=types).records
    else:
        name = FILES[split]
        path = require_file(folder, [f"original/{name}", name], task=task, form=form, anywhere=True)
        source = list(read_pubtator(path, left_out=left_out))
    records = [
        replace(record, mentions=tuple(m for m in record.mentions if m.label in labels))
        for record in source
    ]
    other = sum(len(record.mentions) for record in source) - sum(len(r.mentions) for r in records)
    left_out["mentions of other types"] = other
    return Split(records, counted(left_out))
