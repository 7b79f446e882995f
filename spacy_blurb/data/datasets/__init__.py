"""The datasets by task name: where each split is read from."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from ..records import AnyRecord, Split
from .bc2gm import read_bc2gm
from .bc4chemd import read_bc4chemd
from .bc5cdr import read_bc5cdr
from .bc5cdr_cid import read_bc5cdr_cid
from .bioasq import read_bioasq
from .bioasq_factoid import read_bioasq_factoid
from .biosses import read_biosses
from .chemprot import read_chemprot
from .ddi import read_ddi
from .ebm_pico import read_ebm_pico
from .euadr import read_euadr
from .gad import read_gad
from .hoc import read_hoc
from .jnlpba import read_jnlpba
from .linnaeus import read_linnaeus
from .medconceptsqa import read_medconceptsqa
from .medqa import read_medqa
from .ncbi_disease import read_ncbi_disease
from .pubmedqa import read_pubmedqa
from .s800 import read_s800
from .scidocs import read_scidocs

FORMS = ("original", "blurb")
"""Rebuilt from the public originals, or read from the preprocessed copy."""

READERS: dict[str, Callable[[Path, str, str], Split[AnyRecord]]] = {
    "bc5_chem": partial(read_bc5cdr, labels=("Chemical",)),
    "bc5_disease": partial(read_bc5cdr, labels=("Disease",)),
    "bc5cdr": read_bc5cdr,
    "ncbi_disease": read_ncbi_disease,
    "bc2gm": read_bc2gm,
    "jnlpba": read_jnlpba,
    "ebm_pico": read_ebm_pico,
    "bc4chemd": read_bc4chemd,
    "linnaeus": read_linnaeus,
    "s800": read_s800,
    "hoc": read_hoc,
    "biosses": read_biosses,
    "pubmedqa": read_pubmedqa,
    "pubmedqa_reasoning_free": partial(read_pubmedqa, reasoning_free=True),
    "bioasq": read_bioasq,
    "chemprot": read_chemprot,
    "ddi": read_ddi,
    "gad": read_gad,
    "euadr": read_euadr,
    "bc5cdr_cid": read_bc5cdr_cid,
    "bioasq_factoid": read_bioasq_factoid,
    "medqa": read_medqa,
    "medconceptsqa": read_medconceptsqa,
    "scidocs": read_scidocs,
}
"""Task → reader(raw folder, split, form)."""
