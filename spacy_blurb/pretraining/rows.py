"""How does a stream of pieces become rows of equal length?

A row is `[CLS] pieces [SEP]` with exactly `seq_len` pieces and no padding: documents follow one
another with `[SEP]` between them, and text that runs over goes on in the next row. Only the tail
that fills no row is left out, and counted.

    documents  "a b c", "d e"
    stream     a b c [SEP] d e [SEP]
    seq_len 6  [CLS] a b c [SEP] [SEP]       tail: d e [SEP]

With next-sentence prediction a row is `[CLS] A [SEP] B [SEP]`. A ends with a sentence; B is what
follows it, or in half of the rows what begins with a sentence elsewhere. Rows are cut from the
shards when they are read, so both sequence lengths come from one tokenised corpus.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .shards import PieceStream
from .vocab import Pieces

# How far to look for the start of a sentence or document: longer than any sentence, shorter than
# what makes a search through a large corpus slow.
_REACH = 1 << 16
_TRIES = 8


@dataclass(frozen=True)
class RowBatch:
    """Rows of a batch.

    piece_ids (NDArray[int64]): Shape: (n_rows, seq_len)
    type_ids (NDArray[int64] | None): 1 in the second segment; None without segments.
        Shape: (n_rows, seq_len)
    is_next (NDArray[int64] | None): 1 where the second segment follows the first; None without.
        Shape: (n_rows,)
    """

    piece_ids: NDArray[np.int64]
    type_ids: NDArray[np.int64] | None = None
    is_next: NDArray[np.int64] | None = None


class Rows:
    """The rows of one split at one length; `len` counts them.

    stream (PieceStream): Pieces of the split.
    pieces (Pieces): The vocabulary.
    seq_len (int): Pieces in a row, `[CLS]` and `[SEP]` included.
    next_sentence (bool): With two segments.
    """

    def __init__(
        self, stream: PieceStream, pieces: Pieces, seq_len: int, *, next_sentence: bool
    ) -> None:
        self.seq_len = seq_len
        self._stream = stream
        self._pieces = pieces
        self._next_sentence = next_sentence
        self._inner = seq_len - (3 if next_sentence else 2)

    def __len__(self) -> int:
        return len(self._stream) // self._inner

    @property
    def dropped(self) -> int:
        """Pieces and separators in the tail that fills no row."""
        return len(self._stream) % self._inner

    def read(self, numbers: Sequence[int], generators: Sequence[np.random.Generator]) -> RowBatch:
        """Read rows.

        numbers (Sequence[int]): From 0.
        generators (Sequence[Generator]): One per row; draws where segments part and what the
            second one is. Not used without segments.
        """
        if not self._next_sentence:
            piece_ids = self._frame(len(numbers))
            for row, number in zip(piece_ids, numbers, strict=True):
                row[1:-1] = self._chunk(number)
            return RowBatch(piece_ids)
        parts = [self._pair(n, g) for n, g in zip(numbers, generators, strict=True)]
        piece_ids = self._frame(len(numbers))
        type_ids = np.zeros_like(piece_ids)
        for row, types, (chunk, cut, _) in zip(piece_ids, type_ids, parts, strict=True):
            row[1 : cut + 1] = chunk[:cut]
            row[cut + 1] = self._pieces.sep_id
            row[cut + 2 : -1] = chunk[cut:]
            types[cut + 2 :] = 1
        return RowBatch(piece_ids, type_ids, np.array([n for _, _, n in parts], dtype=np.int64))

    def _frame(self, n_rows: int) -> NDArray[np.int64]:
        piece_ids = np.empty((n_rows, self.seq_len), dtype=np.int64)
        piece_ids[:, 0] = self._pieces.cls_id
        piece_ids[:, -1] = self._pieces.sep_id
        return piece_ids

    def _chunk(self, number: int) -> NDArray[Any]:
        start = number * self._inner
        return self._stream.pieces(start, start + self._inner)

    def _pair(self, number: int, generator: np.random.Generator) -> tuple[NDArray[Any], int, int]:
        """Both segments one behind the other, where the second begins, and whether it follows."""
        start = number * self._inner
        end = start + self._inner
        stream = self._stream
        # After a document's last sentence nothing follows, so segments do not part there.
        cuts = np.setdiff1d(
            stream.sentence_starts(start + 1, end),
            stream.document_starts(start + 1, end),
            assume_unique=True,
        )
        cut = int(generator.choice(cuts)) if len(cuts) else (start + end) // 2
        chunk = self._chunk(number)
        if generator.random() < 0.5:
            other = self._start_elsewhere(cut, end - cut, generator)
            if other is not None:
                second = stream.pieces(other, other + end - cut)
                return np.concatenate([chunk[: cut - start], second]), cut - start, 0
        return chunk, cut - start, 1

    def _start_elsewhere(
        self, place: int, length: int, generator: np.random.Generator
    ) -> int | None:
        """The start of a random sentence in another document; None where a few tries find none."""
        last = len(self._stream) - length
        for _ in range(_TRIES):
            near = int(generator.integers(0, last + 1))
            starts = self._stream.sentence_starts(near, min(near + _REACH, last + 1))
            if len(starts) and self._are_apart(place, int(starts[0])):
                return int(starts[0])
        return None

    def _are_apart(self, one: int, other: int) -> bool:
        low, high = sorted((one, other))
        return len(self._stream.document_starts(low + 1, min(high + 1, low + _REACH))) > 0


def number_documents(piece_ids: NDArray[np.int64], sep_id: int) -> NDArray[np.int64]:
    """Number the documents in rows, so that attention can stop at their borders.

    `[CLS]` belongs to the first document, a `[SEP]` to the document that it ends.

    piece_ids (NDArray[int64]): Rows without segments. Shape: (n_rows, seq_len)
    sep_id (int): The separator.
    RETURNS (NDArray[int64]): From 0 in each row. Shape: (n_rows, seq_len)
    """
    is_end = piece_ids == sep_id
    numbers = np.cumsum(is_end, axis=1) - is_end
    # The row's own [SEP] behind the end of a document would be a document of its own.
    numbers[:, -1] = numbers[:, -2]
    return numbers
