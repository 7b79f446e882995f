"""EU-ADR (van Mulligen et al. 2012) as BioBERT uses it: sentences on a gene and a disease."""

from pathlib import Path

from ...errors import BlurbError, Errors
from ..records import LabelledText, Split
from .biobert_folds import read_fold

DEV_SHARE = 9
"""One in so many rows of the train file, at its end, is dev: then it is as large as test."""


def read_euadr(folder: Path, split: str, form: str, *, fold: int = 1) -> Split[LabelledText]:
    """Read one split of one fold of BioBERT's files.

    BioBERT trains on the whole train file and averages over the ten folds; to convert another
    fold, give its own folder.

    fold (int): 1 to 10.
    RAISES (BlurbError): B109 a file is missing, B158 the form is "blurb", and what the format's
        reader raises.
    """
    if form == "blurb":
        raise BlurbError(Errors.B158.format(task="euadr"))
    return read_fold(
        folder, split, task="euadr", fold=fold, n_train=lambda rows: rows - rows // DEV_SHARE
    )
