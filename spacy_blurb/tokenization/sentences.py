"""A fast rule component that marks sentence starts in biomedical text."""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
from spacy.attrs import IDX, SENT_START  # type: ignore[import-not-found]
from spacy.language import Language
from spacy.pipeline import Pipe
from spacy.pipeline.senter import senter_score  # type: ignore[import-not-found]
from spacy.tokens import Doc
from spacy.training import Example

# A closing mark, what closes behind it, white space; or an empty line.
# Only from its first mark on: else a long row of marks or of empty lines is read again and again.
_CANDIDATE = re.compile(r"(?<![.!?…])[.!?…]+[\"'”’»)\]}]*(\s+)(?=\S)|\n[^\S\n]*\n\s*(?=\S)")
_WORD_BREAK = re.compile(r"[\s(\[{\"'“‘]")
_NEXT_WORD = re.compile(r"[\"'“‘«(\[{]*([^\W\d_]*)")
# "p53 is", "mRNA was", "α-Actin": names that begin sentences without a capital.
_SMALL_NAME = re.compile(r"[a-z]{1,2}(?:[A-Z0-9]|-[A-Z0-9])|[\u0370-\u03ff]")
_OPENING = "\"'“‘«([{"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Never the end of a sentence: something is named behind them.
_OPEN_ABBREVIATIONS = _words(
    "approx c.f ca cf dr e.g eq eqs exp fig figs i.e mr mrs ms prof ref refs resp st tab vs viz"
)
# The end of a sentence only before a word that begins sentences.
_ABBREVIATIONS = _words(
    "a.m al b.i.d co corp cv dept etc ev h i.m i.p i.v inc jr ltd max min nov p.m p.o q.i.d s.c "
    "sp spp ssp subsp t.i.d u.k u.s u.s.a var wt"
)
# Open before a number: "no. 5", "vol. 12".
_NUMBERED = _words("art ch chap no nos p pp sect suppl vol")
_STARTERS = _words(
    "a after all although among an and as at based because before being between both but by "
    "compared conclusion conclusions consequently data despite during each finally findings "
    "for forty four from further furthermore given he hence here however if in including "
    "interestingly it its many methods moreover most neither no none nor objective of on one "
    "only other our patients previous recent recently results several she significant "
    "similarly since six some studies such ten that the their then there therefore these they "
    "this those three thus to treatment twenty two under unlike using was we were when whereas "
    "while with"
)


def split_sentences(text: str) -> list[int]:
    """Return the offsets at which sentences begin, the first one left out.

    Splits behind ".", "!", "?" and "…" before white space and at empty lines, but not behind
    abbreviations ("e.g.", "et al.", "Fig."), initials of species and persons ("E. coli",
    "J. Smith"), numbers of lists ("1. Methods") or before a small letter.
    """
    starts = []
    previous = 0
    for match in _CANDIDATE.finditer(text, 0, len(text.rstrip())):
        if match[1] is None or "\n\n" in match[1] or _ends_sentence(text, previous, match):
            starts.append(match.end())
            previous = match.end()
    return starts


def _ends_sentence(text: str, previous: int, match: re.Match[str]) -> bool:
    """Tell whether the sentence that begins at `previous` ends at a candidate."""
    follows = text[match.end()]
    if follows in _OPENING:
        follows = text[match.end() + 1 : match.end() + 2] or follows
    if follows.islower() and not _SMALL_NAME.match(text, match.end()):
        return False
    if follows in ",;:.)]}%=<>+/":
        return False
    if text[match.start()] != "." or match.group().startswith(".."):
        return True
    # Tokenised sources have a blank before the point.
    left = text[max(previous, match.start() - 30) : match.start()].rstrip()
    word = _last_word(left)
    next_word = _NEXT_WORD.match(text, match.end())
    is_starter = next_word is not None and next_word[1].lower() in _STARTERS
    lower = word.lower()
    if lower in _OPEN_ABBREVIATIONS:
        return False
    if word[-1:].isdigit() and follows.isdigit():
        # A number that a blank has parted: "EC 1.1. 1. 49".
        return False
    if word.isdigit():
        # The number of a list.
        return text[previous : match.start()].strip() != word
    if lower in _NUMBERED:
        return not follows.isdigit()
    if lower in _ABBREVIATIONS or (len(word) == 1 and word.isalpha()) or _is_initials(word):
        return is_starter
    return True


def _last_word(left: str) -> str:
    return _WORD_BREAK.split(left)[-1]


def _is_initials(word: str) -> bool:
    """Tell whether a word is like "J.R" or "H.-J"."""
    letters = word.replace("-", "").split(".")
    return len(letters) > 1 and all(len(letter) == 1 and letter.isalpha() for letter in letters)


class BlurbSentencizer(Pipe):
    """Set sentence starts by rules, never inside an entity of `doc.ents`.

    Tokens that are marked already keep their mark, as with spaCy's `sentencizer`.
    """

    def __init__(self, name: str = "blurb_sentencizer") -> None:
        self.name = name

    def __call__(self, doc: Doc) -> Doc:
        """Mark the sentence starts of a Doc."""
        if not len(doc) or doc.has_annotation("SENT_START", require_complete=True):
            return doc
        marks: Any = np.full(len(doc), -1, dtype=np.int64)
        marks[0] = 1
        if offsets := split_sentences(doc.text):
            # The first token that begins at or behind the offset.
            starts = np.searchsorted(doc.to_array([IDX]).ravel(), offsets)
            marks[starts[starts < len(doc)]] = 1
            for ent in doc.ents:
                marks[ent.start + 1 : ent.end] = -1
        known: Any = doc.to_array([SENT_START]).ravel().astype(np.int64)
        marks = np.where(known == 0, marks, known)
        doc.from_array([SENT_START], marks.astype(np.uint64).reshape(-1, 1))
        return doc

    def score(self, examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
        """Return sentence precision, recall and F1 (0-1): sents_p, sents_r, sents_f."""
        scores: dict[str, Any] = senter_score(examples, **kwargs)
        return scores


@Language.factory(
    "blurb_sentencizer",
    assigns=["token.is_sent_start", "doc.sents"],
    default_score_weights={"sents_f": 1.0, "sents_p": 0.0, "sents_r": 0.0},
)
def make_sentencizer(nlp: Language, name: str) -> BlurbSentencizer:
    """Build `blurb_sentencizer`; it has nothing to set and nothing to learn."""
    return BlurbSentencizer(name)
