"""How a Doc finds the component that compares it: `doc._.blurb_similarity`.

A Doc cannot carry its component: hooks are lost in `to_bytes` (spaCy's W109) and in a `DocBin`. So
the components that are alive are known here, weakly, and the one that serves the Doc's vocab is
taken. Where there is none, or more than one, an error says how to call the component itself.
"""

import weakref
from collections.abc import Iterable
from typing import Protocol

from spacy.lexeme import Lexeme
from spacy.tokens import Doc, Span, Token
from spacy.vocab import Vocab

from ..errors import BlurbError, Errors


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
    """Make a component findable."""
    _comparers.add(component)


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
