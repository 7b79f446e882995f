"""What `doc.similarity` does of Docs whose pipeline has given them vectors, in its process."""

import multiprocessing
import os
import warnings
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.lexeme import Lexeme
from spacy.tokens import Doc, Span, Token
from spacy.vocab import Vocab

from ..annotations import compare_docs, is_pair, travelling_vector
from .cosine import cosines


def compare_kept_vectors(doc: Doc, other: Doc | Span | Token | Lexeme) -> float:
    """Return the cosine of the vectors that two Docs have, which costs no pass.

    This is `doc.similarity` of Docs whose pipeline compares vectors and has given them one. What
    has none of that pipeline, and a pair, whose vector is that of both texts, is read: see
    `compare_docs`. So is what came out of a DocBin: it may have been written by another pipeline.

    RETURNS (float): From -1 to 1.
    RAISES (BlurbError): See `compare_docs`.
    """
    first, second = (_kept_vector(text, doc.vocab) for text in (doc, other))
    if first is None or second is None:
        return compare_docs(doc, other)
    return float(cosines(first[None], second[None])[0][0])


def _kept_vector(text: Any, vocab: Vocab) -> NDArray[np.floating] | None:
    if not isinstance(text, Doc) or text.vocab is not vocab or is_pair(text):
        return None
    # Hooks do not travel: with it, the vector was made here by the pipeline of this vocab.
    if text.user_hooks.get("similarity") is not compare_kept_vectors:
        return None
    return travelling_vector(text)


def quiet_workers() -> None:
    """Silence spaCy's W109 in the processes of `nlp.pipe(n_process=…)`.

    They send Docs by `to_bytes`, so that every call would warn of hooks that nobody can keep.
    """
    _quiet_worker(os.getpid())


@cache
def _quiet_worker(pid: int) -> None:
    """Once per process; `pid` because what was cached comes along into a forked one."""
    target = getattr(multiprocessing.current_process(), "_target", None)
    if getattr(target, "__name__", None) == "_apply_pipes":
        warnings.filterwarnings("ignore", message=r"\[W109\]")
