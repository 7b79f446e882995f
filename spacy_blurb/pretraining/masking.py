"""What is to be predicted? Chooses pieces of a batch and hides them.

Every row has its own noise, drawn from (seed, epoch, row) alone. So a row is masked in the same
way whatever batch, process or resumed run it turns up in, and anew in each epoch.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .config import ObjectiveConfig
from .vocab import Pieces


@dataclass(frozen=True)
class Masked:
    """A batch with hidden pieces.

    piece_ids (NDArray[int64]): The batch after hiding. Shape: (n_rows, seq_len)
    positions (NDArray[int64]): Places to predict, in the flattened batch. Shape: (n_targets,)
    targets (NDArray[int64]): The pieces that stood there. Shape: (n_targets,)
    """

    piece_ids: NDArray[np.int64]
    positions: NDArray[np.int64]
    targets: NDArray[np.int64]


def row_generator(seed: int, epoch: int, row: int, stream: int = 0) -> np.random.Generator:
    """Make the generator of one row in one epoch.

    seed (int): Of the run, 0 to 2**32 - 1.
    epoch (int): From 0, below 2**32.
    row (int): Index of the row in its split.
    stream (int): Another number gives other draws, for another purpose.
    RETURNS (Generator): Counter-based, so that neighbouring keys give independent streams and
        making one is cheap.
    """
    key = np.array([(seed << 32) | epoch, row], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, 0, stream]))


def draw_noise(generators: Iterable[np.random.Generator], seq_len: int) -> NDArray[np.float32]:
    """Draw the random numbers that masking needs.

    generators (Iterable[Generator]): One per row.
    seq_len (int): Pieces in a row.
    RETURNS (NDArray[float32]): Uniform in 0-1: what is chosen, how it is hidden, which piece
        replaces it. Shape: (n_rows, 3, seq_len)
    """
    return np.stack([g.random((3, seq_len), dtype=np.float32) for g in generators])


def mask_rows(
    piece_ids: NDArray[Any],
    noise: NDArray[np.float32],
    pieces: Pieces,
    objective: ObjectiveConfig,
) -> Masked:
    """Choose each word (or piece) with probability `mask_rate`, and hide its pieces.

    Of the chosen pieces, some become `[MASK]`, some a random piece, and some stay as they are: the
    rule of BERT (arXiv 1810.04805, section 3.1), which arXiv 2007.15779 describes.

    Special pieces are never chosen and never put in. The expected share of chosen pieces is
    `mask_rate` of the others for both units, since a word's length has no say in its choice.

    piece_ids (NDArray[int]): The batch. Shape: (n_rows, seq_len)
    noise (NDArray[float32]): From `draw_noise`. Shape: (n_rows, 3, seq_len)
    pieces (Pieces): The vocabulary.
    objective (ObjectiveConfig): Uses `mask_rate`, `mask_share`, `random_share` and `whole_word`:
        choose words, all pieces together; else single pieces. The part of a word that a row's
        start cuts off from its beginning counts as a word.
    RETURNS (Masked): The batch with hidden pieces and what they were.
    """
    piece_ids = piece_ids.astype(np.int64)
    is_special = pieces.is_special[piece_ids]
    choice, way, replacement = noise[:, 0], noise[:, 1], noise[:, 2]
    if objective.whole_word:
        choice = np.take_along_axis(choice, _first_pieces(piece_ids, is_special, pieces), axis=1)
    positions = np.flatnonzero((choice < objective.mask_rate) & ~is_special)
    targets = piece_ids.reshape(-1)[positions]
    ordinary = np.flatnonzero(~pieces.is_special)
    drawn = (replacement.reshape(-1)[positions] * np.float64(len(ordinary))).astype(np.int64)
    way = way.reshape(-1)[positions]
    hidden = np.where(way < objective.mask_share, pieces.mask_id, targets)
    is_random = (way >= objective.mask_share) & (
        way < objective.mask_share + objective.random_share
    )
    hidden = np.where(is_random, ordinary[drawn], hidden)
    piece_ids.reshape(-1)[positions] = hidden
    return Masked(piece_ids, positions, targets)


def _first_pieces(
    piece_ids: NDArray[np.int64], is_special: NDArray[np.bool_], pieces: Pieces
) -> NDArray[np.int64]:
    """For each place, the place in the row where its word begins."""
    begins = ~pieces.continues[piece_ids] | is_special
    begins[:, 1:] |= is_special[:, :-1]
    begins[:, 0] = True
    places = np.where(begins, np.arange(piece_ids.shape[1]), 0)
    return np.maximum.accumulate(places, axis=1)
