"""Where sentences begin and end, by NLTK's Punkt model: the splitter of BLURB's ChemProt rows."""

import os
from collections.abc import Callable
from pathlib import Path

from ..errors import BlurbError, Errors

Splitter = Callable[[str], list[tuple[int, int]]]
"""Text → (first character, character behind the last) of each sentence."""


def load_punkt() -> Splitter:
    """Load the English Punkt model.

    Looks in `$NLTK_DATA`, `$BLURB_DATA/nltk` and NLTK's own folders, in this order.

    RETURNS (Splitter): Sentences do not cross a tab, which stands between title and abstract.
    RAISES (BlurbError): B143 NLTK or the model is not installed.
    """
    try:
        import nltk.data
        from nltk.tokenize.punkt import PunktSentenceTokenizer, load_punkt_params
    except ImportError as error:
        raise BlurbError(Errors.B143.format(reason="NLTK is not installed")) from error
    # NLTK opens files below the folders of its own list alone.
    folders = _folders()
    nltk.data.path[:] = [*folders, *(path for path in nltk.data.path if path not in folders)]
    try:
        params = load_punkt_params(nltk.data.find("tokenizers/punkt_tab/english/"))
    except LookupError as error:
        raise BlurbError(Errors.B143.format(reason="there is no punkt_tab model")) from error
    spans = PunktSentenceTokenizer(params).span_tokenize
    return lambda text: [
        piece for start, end in spans(text) for piece in _divide_at_tabs(text, start, end)
    ]


def _folders() -> list[str]:
    folders = [folder for folder in os.environ.get("NLTK_DATA", "").split(os.pathsep) if folder]
    if data := os.environ.get("BLURB_DATA"):
        folders.append(str(Path(data).absolute() / "nltk"))
    return folders


def _divide_at_tabs(text: str, start: int, end: int) -> list[tuple[int, int]]:
    pieces = []
    for piece in text[start:end].split("\t"):
        if piece:
            pieces.append((start, start + len(piece)))
        start += len(piece) + 1
    return pieces
