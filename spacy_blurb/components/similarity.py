"""How a Doc finds the component that compares it: `doc.similarity` and `doc._.blurb_similarity`.

A Doc cannot carry its component: hooks are lost in `to_bytes` (spaCy's W109) and in a `DocBin`. So
the components that are alive are known here, weakly, and the one that serves the Doc's vocab is
taken. Where there is none, or more than one, an error says how to call the component itself.
"""

import multiprocessing
import os
import warnings
import weakref
from collections.abc import Iterable
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from spacy.lexeme import Lexeme
from spacy.tokens import Doc, Span, Token
from spacy.vocab import Vocab

from ..annotations import install_extensions, is_pair, travelling_vector
from ..errors import BlurbError, Errors
from .cosine import cosines


class Comparer(Protocol):
    """A component that compares texts."""

    def serves(self, vocab: Vocab) -> bool:
        """Tell whether it belongs to a pipeline with this vocab."""

    def similarity(self, pairs: Iterable[tuple[Doc | Span, Doc | Span]]) -> list[float]:
        """Compare the two texts of each pair."""


# By identity, since vocabs have no weak references. A vocab that is asked for is alive, so it
# cannot be taken for another one.
_comparers: "weakref.WeakSet[Comparer]" = weakref.WeakSet()


def offer_similarity(component: Comparer) -> None:
    """Make a component findable; gives Docs `_.blurb_similarity` and `_.blurb_vector`."""
    _comparers.add(component)
    install_extensions()
    if not Doc.has_extension("blurb_similarity"):
        Doc.set_extension("blurb_similarity", method=compare_docs)


def compare_docs(doc: Doc, other: Doc | Span | Token | Lexeme) -> float:
    """Return the similarity of two texts as the component of the Doc's pipeline tells it.

    This is `doc._.blurb_similarity`, and `doc.similarity` of Docs that a pipeline has made in this
    process.

    RETURNS (float): See `BlurbSts.similarity`.
    RAISES (BlurbError): B454 not one component of the Doc's pipeline, and what the component's
        `similarity` raises.
    """
    found = [component for component in _comparers if component.serves(doc.vocab)]
    if len(found) != 1:
        raise BlurbError(Errors.B454.format(count=len(found) or "No"))
    if isinstance(other, Token | Lexeme):  # spaCy's own `doc.similarity` takes them
        other = Doc(doc.vocab, words=[other.text], spaces=[False])
    (score,) = found[0].similarity([(doc, other)])
    return score


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
