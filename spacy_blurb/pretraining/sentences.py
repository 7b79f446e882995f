"""Where do sentences begin? A small rule for abstracts and other running text."""

import re

# A closing mark, what closes behind it, white space, and what a sentence begins with.
_CANDIDATE = re.compile(r"[.!?][\"'”’)\]]*\s+(?=[\"'“‘(\[]?[A-Z0-9\u0370-\u03ff])")
LONGEST_WORD = 30  # looked at for an abbreviation
_LAST_WORD = re.compile(r"[^\s(\[]*$")
_OPEN_WORDS = (
    "approx ca cf dr e.g et al eq exp fig figs i.e mr mrs no nos prof ref refs resp sp spp st "
    "subsp var viz vs vol"
)
_OPEN = frozenset(_OPEN_WORDS.split())
"""What stands before a point that ends no sentence."""


def split_sentences(text: str) -> list[str]:
    """Split running text into sentences.

    A boundary is a closing mark before white space and a capital letter or digit, but not behind
    an abbreviation ("et al.", "Fig.") or initial ("E. coli", "J. Smith"); line ends are always
    boundaries. Only next-sentence prediction depends on it.

    text (str): Any text.
    RETURNS (list[str]): Sentences with single blanks in them; none for white space alone.
    """
    sentences = []
    for line in text.split("\n"):
        start = 0
        for match in _CANDIDATE.finditer(line):
            end = match.start()
            # Not all that is before it: a line of initials would take the square of its length.
            if line[end] != "." or not _is_open(line[max(start, end - LONGEST_WORD) : end]):
                sentences.append(line[start : match.end()])
                start = match.end()
        sentences.append(line[start:])
    return [joined for sentence in sentences if (joined := " ".join(sentence.split()))]


def _is_open(left: str) -> bool:
    match = _LAST_WORD.search(left)
    word = match[0] if match else ""
    return word.lower() in _OPEN or (len(word) == 1 and word.isalpha())
