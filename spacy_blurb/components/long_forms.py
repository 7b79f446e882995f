"""Where does a text define an abbreviation? The algorithm of Schwartz and Hearst (2003).

"A simple algorithm for identifying abbreviation definitions in biomedical text", Pacific Symposium
on Biocomputing 8, 451-462. Written from the paper; time is linear in the length of the text.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

MOST_SHORT = 10
"""Characters of a short form (section 3.1 of the paper)."""
MOST_LONG = 600
"""Characters that are looked at for a long form. The paper bounds its words alone (at most twenty,
of any length), and then a text of many parentheses behind one long word takes quadratic time."""

_PARENTHESES = re.compile(r"\(([^()]*)\)")
_WORD = re.compile(r"\S+")
_LAST_WORD = re.compile(r"\S+\Z")
# "(HSF1; see below)", "(HSF1, or HSTF1)": what follows explains and is no part of the short form.
_REMARK = re.compile(r"[;,]\s")
# "the periphery (i.e., blood)" has the letters in order, and defines nothing.
_LATIN = frozenset({"cf", "cf.", "e.g", "e.g.", "i.e", "i.e.", "viz", "viz.", "vs", "vs."})
_CLOSING = {"(": ")", "[": "]", "{": "}", '"': '"', "“": "”", "'": "'", "‘": "’"}


class Definition(NamedTuple):
    """A short form and its long form, as first character and the one behind the last."""

    short: tuple[int, int]
    long: tuple[int, int]


def find_definitions(text: str, sentences: Sequence[int] = ()) -> Iterator[Definition]:
    """Yield the definitions of a text: "long form (SF)" and "SF (long form)".

    sentences (Sequence[int]): Sorted offsets at which sentences begin; a long form and its short
        form are in one sentence. Without them the whole text is one.
    """
    for match in _PARENTHESES.finditer(text):
        place = bisect_right(sentences, match.start())
        begin = max(sentences[place - 1] if place else 0, match.start() - MOST_LONG)
        if place < len(sentences) and sentences[place] < match.end():
            continue
        inside = _strip(text, match.start(1), match.end(1))
        definition = _before(text, begin, match.start(), inside)
        if definition is None:
            definition = _inside(text, begin, match.start(), inside)
        if definition is not None:
            yield definition


def _before(text: str, begin: int, end: int, inside: tuple[int, int]) -> Definition | None:
    """Read "long form (SF)"."""
    start, stop = inside
    if remark := _REMARK.search(text, start, min(stop, start + MOST_SHORT + 2)):
        stop = remark.start()
    form = text[start : min(stop, start + MOST_SHORT + 1)]
    if not is_short_form(form) or form.split()[0] in _LATIN:
        return None
    long = _match(text, _last_words(text, begin, end, stop - start), (start, stop))
    return None if long is None else Definition((start, stop), long)


def _inside(text: str, begin: int, end: int, inside: tuple[int, int]) -> Definition | None:
    """Read "SF (long form)": the short form is the word before more than two words."""
    start, stop = inside
    if stop - start > MOST_LONG or len(text[start:stop].split()) < 3:
        return None
    # A short form and the blank before the parenthesis.
    before = _strip(text, max(begin, end - MOST_SHORT - 2), end)
    word = _LAST_WORD.search(text, *before)
    if word is None or (word.start() > begin and not text[word.start() - 1].isspace()):
        return None
    # Any word stands before a parenthesis ("men (mean age 54 years)"): as in the authors' own
    # program, it is an abbreviation with a capital letter only.
    if not is_short_form(word.group()) or not any(map(str.isupper, word.group())):
        return None
    long = _match(text, inside, word.span())
    # All of the parenthesis is the long form, but for a word or two in front ("the", "also ...").
    if long is None or len(text[start : long[0]].split()) > 2:
        return None
    return Definition(word.span(), long)


def is_short_form(text: str) -> bool:
    """Tell whether a text has the form of an abbreviation.

    At most two words, 2 to 10 characters, at least one letter, and a letter or digit in front.
    """
    return (
        2 <= len(text) <= MOST_SHORT
        and text[0].isalnum()
        and len(text.split()) <= 2
        and any(character.isalpha() for character in text)
    )


def _last_words(text: str, begin: int, end: int, length: int) -> tuple[int, int]:
    """Return the part before a parenthesis in which the long form can lie.

    At most min(|A| + 5, 2|A|) words, where |A| is the length of the short form.
    """
    most = min(length + 5, 2 * length)
    words = [match.start() for match in _WORD.finditer(text, begin, end)]
    # A word that is cut off where the window begins is not read as if it began there.
    if words and words[0] == begin and begin and not text[begin - 1].isspace():
        words = words[1:]
    begin = words[-most:][0] if words else end
    return _strip(text, begin, end)


def _match(text: str, window: tuple[int, int], short: tuple[int, int]) -> tuple[int, int] | None:
    """Find the shortest long form that a short form can stand for, from right to left.

    Each letter or digit of the short form is in the long form, in this order and in either case,
    and the first one begins a word (figure 1 of the paper).
    """
    begin, end = window
    # One character for each, whatever the letter: "İ".lower() has two.
    lower = "".join(character.lower()[:1] for character in text[begin:end])
    place = len(lower)
    for position in range(short[1] - 1, short[0] - 1, -1):
        if not text[position].isalnum():
            continue
        wanted = text[position].lower()[:1]
        place = lower.rfind(wanted, 0, place)
        while position == short[0] and place > 0 and lower[place - 1].isalnum():
            place = lower.rfind(wanted, 0, place)
        if place < 0:
            return None
    # The whole word in which the first letter lies: "(anti-)", "5-".
    first = start = begin + place
    while start > begin and not text[start - 1].isspace():
        start -= 1
    # But not a bracket or quote in front that is closed behind the long form, or nowhere.
    while start < first and (closing := _CLOSING.get(text[start])):
        if closing in text[start + 1 : end]:
            break
        start += 1
    return (start, end) if _is_long_form(text[start:end], text[slice(*short)]) else None


def _is_long_form(long: str, short: str) -> bool:
    """Tell whether a match says more than the short form, and does not contain it."""
    most = min(len(short) + 5, 2 * len(short))
    contained = re.search(rf"(?<!\w){re.escape(short)}(?!\w)", long)
    return len(long) > len(short) and len(long.split()) <= most and contained is None


def _strip(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span without the blanks at its ends."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
