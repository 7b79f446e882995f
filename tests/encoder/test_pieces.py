"""Pieces of Docs: nothing is lost, and tokens get the pieces that share a character with them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import spacy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc, SpanGroup

from spacy_blurb.annotations import PAIR, set_gold_pair
from spacy_blurb.encoder.pieces import PieceReader, pair_offset, read_docs
from spacy_blurb.errors import BlurbError

BLANK = spacy.blank("en")
ALPHABET = "abz19 .,-()\n\t é́\u200b\x01😀中\u0130ß\u00ad"


@pytest.fixture(scope="module")
def reader(uneven: Language) -> PieceReader:
    shim: Any = uneven.get_pipe("transformer").model.shims[0]
    return shim.reader


def small(reader: PieceReader, window: int, overlap: int) -> PieceReader:
    return PieceReader(reader.tokenizer, reader.cls_id, reader.sep_id, window, overlap)


def align_in_a_loop(doc: Doc, reader: PieceReader) -> list[list[int]]:
    """Pieces of each token, as positions in the whole text."""
    offsets = reader.tokenizer.encode(doc.text, add_special_tokens=False).offsets
    return [
        [
            i
            for i, (start, end) in enumerate(offsets)
            if start < token.idx + len(token) and end > token.idx
        ]
        for token in doc
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.text(ALPHABET, min_size=1, max_size=60),
    st.sampled_from([(512, 64), (8, 1), (9, 2), (12, 0)]),
)
def test_tokens_get_their_pieces(reader: PieceReader, text: str, shape: tuple[int, int]) -> None:
    doc = BLANK.make_doc(text)
    pieces = read_docs([doc], small(reader, *shape))[0]
    encoding = reader.tokenizer.encode(text, add_special_tokens=False)
    # The rows of a Doc: every piece once, between the special ones of its windows.
    names = [name for window in pieces.names for name in window]
    ids = pieces.piece_ids[pieces.kept]
    assert len(names) == len(ids)
    inner = [row for row, name in enumerate(names) if name not in ("[CLS]", "[SEP]")]
    assert [names[row] for row in inner] == encoding.tokens
    assert [ids[row] for row in inner] == encoding.ids
    expected = [[inner[i] for i in token] for token in align_in_a_loop(doc, reader)]
    ends = np.cumsum(pieces.align.lengths)
    rows = pieces.align.dataXd.reshape(-1).tolist()
    found = [rows[end - size : end] for size, end in zip(pieces.align.lengths, ends, strict=True)]
    assert found == expected
    assert all(length <= shape[0] for length in pieces.lengths)
    assert sum(pieces.lengths) == len(pieces.piece_ids) == len(pieces.kept)


def test_a_pair_is_two_segments(reader: PieceReader, nlp: Language) -> None:
    doc = nlp("fever?\naspirin in rats")
    set_gold_pair(doc, 7, 1.0)
    pieces = read_docs([doc], reader)[0]
    # The vocabulary has no question mark.
    assert pieces.names == [["[CLS]", "fever", "[UNK]", "[SEP]", "aspirin", "in", "rats", "[SEP]"]]
    assert pieces.type_ids.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert pieces.align.lengths.tolist() == [1, 1, 0, 1, 1, 1]
    assert pieces.align.dataXd.tolist() == [1, 2, 4, 5, 6]


def test_a_pair_with_a_long_second_text(reader: PieceReader, nlp: Language) -> None:
    doc = nlp("in rats\n" + " ".join(["fever"] * 9))
    set_gold_pair(doc, 8, 0.0)
    pieces = read_docs([doc], small(reader, 11, 2))[0]
    # The question stands in every window; its vectors come from the first one.
    assert pieces.lengths == [10, 11]
    assert [names.count("rats") for names in pieces.names] == [1, 0]
    assert [names.count("fever") for names in pieces.names] == [4, 5]
    question = [reader.tokenizer.token_to_id(word) for word in ("in", "rats")]
    starts = np.cumsum([0, *pieces.lengths[:-1]])
    assert [pieces.piece_ids[s + 1 : s + 3].tolist() for s in starts] == [question] * 2
    assert pieces.align.lengths.tolist() == [1, 1, 0, *[1] * 9]
    # The rows of both windows' tokens, not those of a neighbour.
    names = [name for window in pieces.names for name in window]
    rows = pieces.align.dataXd.reshape(-1).tolist()
    assert [names[row] for row in rows] == ["in", "rats", *["fever"] * 9]
    assert len(set(rows)) == len(rows)


def test_a_text_that_pairs_share_is_cut_once(reader: PieceReader, nlp: Language) -> None:
    docs = [nlp("fever?\naspirin in rats"), nlp(""), nlp("in rats\naspirin in rats"), nlp("fever")]
    set_gold_pair(docs[0], 7, 1.0)
    set_gold_pair(docs[2], 8, 1.0)
    seen: list[str] = []

    class Counting:
        def encode(self, text: str, **settings: Any) -> Any:
            seen.append(text)
            return reader.tokenizer.encode(text, **settings)

        def __getattr__(self, name: str) -> Any:
            return getattr(reader.tokenizer, name)

    counting: Any = Counting()
    together = read_docs(docs, PieceReader(counting, reader.cls_id, reader.sep_id, 512, 64))
    assert sorted(seen) == ["aspirin in rats", "fever", "fever?\n", "in rats\n"]
    assert list(together) == [0, 2, 3]
    for number, pieces in together.items():
        alone = read_docs([docs[number]], reader)[0]
        assert pieces.names == alone.names
        assert pieces.piece_ids.tolist() == alone.piece_ids.tolist()
        assert pieces.align.dataXd.tolist() == alone.align.dataXd.tolist()


@pytest.mark.parametrize("second", [-1, 100, None, "x"])
def test_a_pair_that_begins_outside_of_the_doc(nlp: Language, second: Any) -> None:
    doc = nlp("fever in rats")
    doc.spans[PAIR] = SpanGroup(doc, name=PAIR, attrs={"second": second})
    with pytest.raises(BlurbError, match="B312"):
        pair_offset(doc)


def test_pair_offsets_at_the_ends(nlp: Language, reader: PieceReader) -> None:
    for second, names in ((0, "[CLS] [SEP] fever [SEP]"), (5, "[CLS] fever [SEP] [SEP]")):
        doc = nlp("fever")
        set_gold_pair(doc, second, 0.0)
        assert read_docs([doc], reader)[0].names == [names.split()]


def test_texts_are_not_cut_by_a_tokenizers_own_settings(
    make_encoder: Callable[..., Language], uneven_encoder: Any, tmp_path: Any
) -> None:
    """Some models ship with the padding and truncation that they were trained with."""
    import shutil

    from tokenizers import Tokenizer

    folder = tmp_path / "padded"
    shutil.copytree(uneven_encoder, folder)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(5)
    tokenizer.enable_padding(length=5)
    tokenizer.save(str(folder / "tokenizer.json"))
    nlp = make_encoder(folder)
    assert [len(nlp(text)._.trf_data.wordpieces.strings[0]) for text in ("a", "a b c d e f")] == [
        3,
        8,
    ]
