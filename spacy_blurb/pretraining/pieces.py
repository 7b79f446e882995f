"""How do documents become pieces? Sentence by sentence, a `[SEP]` behind each document."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from .shards import SplitCounts
from .text import Document
from .vocab import SEP, UNK, read_pieces


@dataclass(frozen=True)
class EncodedDocuments:
    """Documents in a row.

    pieces (NDArray): Piece ids. Shape: (n_pieces + n_documents,)
    documents (NDArray[int64]): Where documents begin. Shape: (n_documents,)
    sentences (NDArray[int64]): Where sentences begin. Shape: (n_sentences,)
    counts (SplitCounts): Of these documents.
    """

    pieces: NDArray[Any]
    documents: NDArray[np.int64]
    sentences: NDArray[np.int64]
    counts: SplitCounts


@lru_cache(maxsize=1)
def load_tokenizer(folder: Path, key: str) -> tuple[Tokenizer, np.dtype[Any]]:
    """Load a tokenizer for encoding text of which nothing is meant as a special piece.

    folder (Path): A tokenizer folder.
    key (str): Stands for its content: with another one the folder is read again.
    RETURNS (tuple[Tokenizer, dtype]): The tokenizer, and the smaller type that holds its ids:
        uint16 or int32.
    RAISES (BlurbError): B206, B211 no such tokenizer.
    """
    pieces = read_pieces(folder)
    # A text that says "[MASK]" is about masks.
    pieces.tokenizer.encode_special_tokens = True
    is_small = len(pieces.is_special) <= np.iinfo(np.uint16).max + 1
    return pieces.tokenizer, np.dtype("<u2" if is_small else "<i4")


def encode_documents(
    tokenizer: Tokenizer, documents: list[Document], piece_type: np.dtype[Any]
) -> EncodedDocuments:
    """Cut documents into pieces.

    tokenizer (Tokenizer): Of `load_tokenizer`.
    documents (list[Document]): Lists of sentences.
    piece_type (dtype): Of the result's piece ids.
    RETURNS (EncodedDocuments): All but those of which no piece is left; sentences likewise.
    """
    separator = [tokenizer.token_to_id(SEP)]
    sentences = [sentence for document in documents for sentence in document]
    encoded = iter(tokenizer.encode_batch_fast(sentences, add_special_tokens=False))
    stream: list[list[int]] = []
    starts: list[int] = []
    sentence_starts: list[int] = []
    position = n_words = without_pieces = 0
    for document in documents:
        start = position
        for sentence in islice(encoded, len(document)):
            if ids := sentence.ids:
                stream.append(ids)
                sentence_starts.append(position)
                position += len(ids)
        if position == start:
            without_pieces += 1
            continue
        starts.append(start)
        stream.append(separator)
        position += 1
        n_words += sum(len(sentence.split()) for sentence in document)
    pieces = np.fromiter((i for ids in stream for i in ids), dtype=piece_type, count=position)
    counts = SplitCounts(
        documents=len(starts),
        sentences=len(sentence_starts),
        words=n_words,
        pieces=position - len(starts),
        without_pieces=without_pieces,
        unknown=int((pieces == tokenizer.token_to_id(UNK)).sum()),
    )
    return EncodedDocuments(
        pieces,
        np.array(starts, dtype=np.int64),
        np.array(sentence_starts, dtype=np.int64),
        counts,
    )
