"""Docs of two texts from two Docs, and back; tokens are copied, so no new strings are stored."""

from collections.abc import Iterable

from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from ..annotations import PAIR_SEPARATOR, set_pair
from ..encoder.pieces import pair_offset


def make_pair_doc(first: Doc | Span, second: Doc | Span) -> Doc:
    """Make the Doc that `convert` would make of the two texts, in the vocab of the first."""
    words = [*(t.text for t in first), PAIR_SEPARATOR, *(t.text for t in second)]
    spaces = [*(bool(t.whitespace_) for t in first), False, *(bool(t.whitespace_) for t in second)]
    doc = Doc(first.vocab, words=words, spaces=spaces)
    set_pair(doc, doc[len(first)].idx + len(PAIR_SEPARATOR))
    return doc


def split_pair_doc(doc: Doc, second: int) -> tuple[Doc, Doc]:
    """Make Docs of the two texts of a pair, without what parts them.

    A token over the border goes to the first.

    second (int): Offset of the second text.
    """
    border = sum(token.idx < second for token in doc)
    parted = border > 0 and doc[border - 1].text == PAIR_SEPARATOR
    first = doc[: border - 1] if parted else doc[:border]
    return copy_text(first, doc.vocab), copy_text(doc[border:], doc.vocab)


def split_pair_docs(docs: Iterable[Doc]) -> list[Doc]:
    """Split those Docs that are pairs; RETURNS all first texts, then all second ones."""
    offsets = [(doc, pair_offset(doc)) for doc in docs]
    pairs = [split_pair_doc(doc, second) for doc, second in offsets if second is not None]
    return [text for side in zip(*pairs, strict=True) for text in side]


def copy_text(text: Doc | Span, vocab: Vocab) -> Doc:
    """Make a Doc of the tokens alone, without what components wrote; RETURNS the Doc."""
    words = [token.text for token in text]
    return Doc(vocab, words=words, spaces=[bool(token.whitespace_) for token in text])
