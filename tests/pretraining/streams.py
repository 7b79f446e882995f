"""Streams that are made in memory."""

from pathlib import Path

import numpy as np
from tokenizers import Tokenizer
from tokenizers.models import WordPiece

from spacy_blurb.pretraining.shards import PieceStream, SplitCounts
from spacy_blurb.pretraining.vocab import Pieces

N_SPECIAL = 5
PAD, UNK, CLS, SEP, MASK = range(N_SPECIAL)


def make_pieces(n_pieces: int, continues: tuple[int, ...] = ()) -> Pieces:
    """A vocabulary of numbers; the first five are special."""
    is_special = np.arange(n_pieces) < N_SPECIAL
    inside = np.isin(np.arange(n_pieces), continues)
    return Pieces(Tokenizer(WordPiece()), CLS, SEP, MASK, is_special, inside)


def make_stream(documents: list[list[list[int]]]) -> PieceStream:
    """A stream of documents, which are lists of sentences, which are lists of pieces."""
    pieces: list[int] = []
    starts: list[int] = []
    sentences: list[int] = []
    for document in documents:
        starts.append(len(pieces))
        for sentence in document:
            sentences.append(len(pieces))
            pieces += sentence
        pieces.append(SEP)
    arrays = {"pieces": pieces, "documents": starts, "sentences": sentences}
    types = {"pieces": "<u2", "documents": "<i4", "sentences": "<i4"}
    loaded = {(0, kind): np.array(values, dtype=types[kind]) for kind, values in arrays.items()}
    counts = SplitCounts(documents=len(documents), pieces=len(pieces) - len(documents))
    return PieceStream(
        Path("memory"), ("train-00000",), np.array([0, len(pieces)]), counts, "", loaded
    )
