import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tokenizers.models import WordPiece

from spacy_blurb.pretraining.config import ObjectiveConfig
from spacy_blurb.pretraining.masking import Masked, draw_noise, mask_rows, row_generator
from spacy_blurb.pretraining.vocab import Pieces

N_SPECIAL, N_PIECES = 5, 40
NUMBERS = np.arange(N_PIECES)
# Pieces 5-19 begin a word, 20-39 continue one.
PIECES = Pieces(
    tokenizer=Tokenizer(WordPiece()),
    cls_id=2,
    sep_id=3,
    mask_id=4,
    is_special=NUMBERS < N_SPECIAL,
    continues=NUMBERS >= 20,
)
ROWS = hnp.arrays(
    np.uint16, st.tuples(st.integers(1, 4), st.integers(3, 20)), elements=st.integers(0, 39)
)
SEEDS = st.integers(0, 2**32 - 1)


def mask(
    rows: NDArray[np.uint16], seed: int, rate: float = 0.4, whole_word: bool = True, **shares: float
) -> Masked:
    generators = [row_generator(seed, 0, row) for row in range(len(rows))]
    objective = ObjectiveConfig(20, mask_rate=rate, whole_word=whole_word, **shares)  # type: ignore
    return mask_rows(rows, draw_noise(generators, rows.shape[1]), PIECES, objective)


def split_words(row: list[int]) -> list[list[int]]:
    """Plain-loop reference: the places of each word; a special piece is in none."""
    words: list[list[int]] = []
    in_word = False
    for place, piece in enumerate(row):
        if piece < N_SPECIAL:
            in_word = False
        elif in_word and piece >= 20:
            words[-1].append(place)
        else:
            words.append([place])
            in_word = True
    return words


@given(ROWS, SEEDS, st.booleans())
def test_special_pieces_are_left_alone(
    rows: NDArray[np.uint16], seed: int, whole_word: bool
) -> None:
    before = rows.copy()
    masked = mask(rows, seed, whole_word=whole_word)
    np.testing.assert_array_equal(rows, before)
    np.testing.assert_array_equal(before.reshape(-1)[masked.positions], masked.targets)
    assert (masked.targets >= N_SPECIAL).all()
    put_in = masked.piece_ids.reshape(-1)[masked.positions]
    assert ((put_in >= N_SPECIAL) | (put_in == PIECES.mask_id)).all()
    untouched = np.ones(rows.size, dtype=bool)
    untouched[masked.positions] = False
    np.testing.assert_array_equal(
        masked.piece_ids.reshape(-1)[untouched], before.reshape(-1)[untouched]
    )


@given(ROWS, SEEDS)
def test_words_are_chosen_whole(rows: NDArray[np.uint16], seed: int) -> None:
    chosen = np.zeros(rows.size, dtype=bool)
    chosen[mask(rows, seed).positions] = True
    for row, is_chosen in zip(rows.tolist(), chosen.reshape(rows.shape), strict=True):
        for word in split_words(row):
            assert len(set(is_chosen[word].tolist())) == 1


def test_single_pieces_are_chosen_on_their_own() -> None:
    rows = np.full((200, 20), 25, dtype=np.uint16)  # one long word each
    whole = mask(rows, 0, rate=0.15)
    single = mask(rows, 0, rate=0.15, whole_word=False)
    assert set(np.bincount(whole.positions // 20, minlength=200).tolist()) == {0, 20}
    assert set(np.bincount(single.positions // 20, minlength=200).tolist()) > {1, 2, 3}


@pytest.mark.parametrize("whole_word", [True, False])
@pytest.mark.parametrize(
    ("rate", "mask_share", "random_share"), [(0.15, 0.8, 0.1), (0.3, 0.5, 0.5), (0.2, 0.3, 0.4)]
)
def test_shares(whole_word: bool, rate: float, mask_share: float, random_share: float) -> None:
    rows = np.random.default_rng(0).integers(N_SPECIAL, N_PIECES, (4000, 50)).astype(np.uint16)
    masked = mask(rows, 1, rate, whole_word, mask_share=mask_share, random_share=random_share)
    put_in = masked.piece_ids.reshape(-1)[masked.positions]
    n = len(masked.targets)
    assert n / rows.size == pytest.approx(rate, abs=0.005)
    is_mask = put_in == PIECES.mask_id
    assert is_mask.mean() == pytest.approx(mask_share, abs=0.01)
    # A random piece is the same piece once in 35 times.
    changed = ~is_mask & (put_in != masked.targets)
    assert changed.mean() == pytest.approx(random_share * 34 / 35, abs=0.01)
    drawn = np.bincount(put_in[changed], minlength=N_PIECES)
    assert (drawn[:N_SPECIAL] == 0).all()
    expected = changed.sum() / 35
    assert drawn[N_SPECIAL:].min() > 0.7 * expected
    assert drawn[N_SPECIAL:].max() < 1.3 * expected


@given(ROWS, SEEDS)
def test_a_row_is_masked_alike_in_any_batch(rows: NDArray[np.uint16], seed: int) -> None:
    together = mask(rows, seed).piece_ids
    for row in range(len(rows)):
        noise = draw_noise([row_generator(seed, 0, row)], rows.shape[1])
        objective = ObjectiveConfig(20, mask_rate=0.4)
        alone = mask_rows(rows[row : row + 1], noise, PIECES, objective).piece_ids
        np.testing.assert_array_equal(alone[0], together[row])


def test_seed_epoch_and_row_each_change_the_noise() -> None:
    keys = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (2**32 - 1, 2**32 - 1, 2**40)]
    noise = [row_generator(*key).random() for key in keys]
    noise += [row_generator(*key, stream=1).random() for key in keys]
    assert len(set(noise)) == 2 * len(keys)
    assert noise[: len(keys)] == [row_generator(*key).random() for key in keys]
