"""The registered tokenizer for biomedical text: rules on characters, no word list.

Corpora annotate parts of words: "IL-2" in "IL-2/IL-6", "Ca" in "Ca2+", "NF-κB" in "pNF-κB". A
mention that begins or ends inside a token can be neither learned nor found, so this tokenizer parts
words wherever the kind of character changes. docs/protocol.md has the counts.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from functools import partial
from itertools import pairwise

from spacy.language import Language
from spacy.tokenizer import Tokenizer  # type: ignore[import-not-found]
from spacy.tokens import Doc

_GREEK = "\u0370-\u03ff\u1f00-\u1fff"
_UPPER = "A-Z\u00c0-\u00d6\u00d8-\u00de"
_LOWER = "a-z\u00df-\u00f6\u00f8-\u00ff"
# Combining marks, joiner and variation selectors belong to the character before them; so do soft
# hyphens and what else nobody sees, which texts from PDF and HTML have inside of words.
_INVISIBLE = "\u00ad\u200b-\u200d\u2060\ufeff"
_MARKS = f"\u0300-\u036f\u20d0-\u20ff\ufe00-\ufe0f{_INVISIBLE}"
_PUNCTUATION = rf"(?:[^\w{_MARKS}]|_)"

_PUNCTUATION_BOUNDARIES = (
    # Each punctuation mark and symbol is a token, but for the point of "0.05".
    rf"(?<={_PUNCTUATION})(?![{_MARKS}])(?<!\d\.(?=\d))",
    rf"(?={_PUNCTUATION})(?!(?<=\d)\.\d)",
    # "and/|or" with a place for a line break behind the stroke.
    rf"(?<={_PUNCTUATION}[{_INVISIBLE}])(?![{_MARKS}])",
)
_INNER_BOUNDARIES = (
    # "Ca|2", "10|mg"
    r"(?<=\d)(?=[^\W\d_])",
    r"(?<=[^\W\d_])(?=\d)",
    # "β|ER", "IFN-γ|level"
    rf"(?<=[{_GREEK}])(?=[^\W\d_{_GREEK}])",
    rf"(?<=[^\W\d_{_GREEK}])(?=[{_GREEK}])",
    # "sh|TRPC": a small letter and a capital
    rf"(?<=[^\W\d_{_UPPER}{_GREEK}])(?=[{_UPPER}])",
    # "HDAC|i", "PKC|alpha": several capitals and a small letter
    rf"(?<=[{_UPPER}]{{2}})(?=[{_LOWER}])",
    # "KIT|D816V": a gene and its mutation
    r"(?<=[A-Z]{2})(?=[A-Z]\d{2,}[A-Z](?![A-Za-z0-9]))",
    # "ER|KO", "XBP|KD": a gene and its knock-out or knock-down
    r"(?<=[A-Z]{2})(?=K[OD](?![A-Za-z0-9]))",
)


def _compile(boundaries: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\u200d)(?:{'|'.join(boundaries)})")


BOUNDARY = _compile((*_PUNCTUATION_BOUNDARIES, *_INNER_BOUNDARIES))
"""Matches the empty string between two tokens of a word."""
PUNCTUATION_BOUNDARY = _compile(_PUNCTUATION_BOUNDARIES)
"""The same beside punctuation only: "IL|-|2", but "DRD2"."""


def make_biomed_tokenizer_v1(inside_words: bool = True) -> Callable[[Language], Tokenizer]:
    """Build `spacy_blurb.BiomedTokenizer.v1`: white space, then changes of the kind of character.

    The result is spaCy's own `Tokenizer` with one rule, so that it keeps the text exactly,
    serialises, pickles and caches as that one does.

    inside_words (bool): Whether words are parted elsewhere than at punctuation. False for
        pipelines that learned from given words, such as those of BLURB's copies, which have "DRD2"
        as one: tokens of a text shall be as those of training were.
    """
    return partial(build_tokenizer, inside_words=inside_words)


def build_tokenizer(nlp: Language, *, inside_words: bool = True) -> Tokenizer:
    """Return the tokenizer for a pipeline's vocabulary; see `make_biomed_tokenizer_v1`."""
    boundary = BOUNDARY if inside_words else PUNCTUATION_BOUNDARY
    return Tokenizer(nlp.vocab, infix_finditer=boundary.finditer)


def split_at(doc: Doc, spans: Iterable[tuple[int, int]]) -> Doc:
    """Return the Doc with tokens parted so that the given spans are on token boundaries.

    For entities that are given and not to be found, such as the candidates of a relation: some
    corpora have mentions that begin or end a letter too early or too late.

    doc (Doc): As the tokenizer made it; annotations are not taken over.
    spans (Iterable[tuple[int, int]]): First character and the one behind the last.
    RETURNS (Doc): With the same text; the same Doc where all spans fit already.
    """
    spans = list(spans)
    if all(doc.char_span(start, end) is not None for start, end in spans):
        return doc
    starts, ends = {start for start, _ in spans}, {end for _, end in spans}
    cuts = sorted(starts | ends)
    # Each access joins all tokens anew.
    text = doc.text
    words: list[str] = []
    spaces: list[bool] = []
    for token in doc:
        begin, end = token.idx, token.idx + len(token)
        inner = cuts[bisect_right(cuts, begin) : bisect_left(cuts, end)]
        for left, right in pairwise([begin, *inner, end]):
            words.append(text[left:right])
            spaces.append(False)
        if token.whitespace_:
            # A span may begin or end with the blank, which then is a token.
            if end in starts or end + 1 in ends:
                words.append(" ")
                spaces.append(False)
            else:
                spaces[-1] = True
    return Doc(doc.vocab, words=words, spaces=spaces)
