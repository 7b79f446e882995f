"""GAD (Bravo et al. 2015): sentences on a gene and a disease, labelled semi-automatically."""

from pathlib import Path

from ..formats.sentence_tsv import read_sentences
from ..records import LabelledText, Split
from .biobert_folds import read_fold
from .distribution import require_file

N_TRAIN = 4261
"""Rows of fold 1 that BLURB trains on; the other 535 of the train file are its dev rows."""


def read_gad(folder: Path, split: str, form: str) -> Split[LabelledText]:
    """Read one split, from fold 1 of BioBERT's files or from the BLURB copy.

    RAISES (BlurbError): B109 a file is missing, and what the format's reader raises.
    """
    if form == "blurb":
        names = [f"blurb/{split}.tsv", f"{split}.tsv"]
        path = require_file(folder, names, task="gad", form=form)
        return Split(read_sentences(path, header="label", labels=("0", "1")))
    return read_fold(folder, split, task="gad", fold=1, n_train=lambda _: N_TRAIN)
