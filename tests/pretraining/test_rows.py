from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from spacy_blurb.errors import BlurbError
from spacy_blurb.pretraining import rows as rows_module
from spacy_blurb.pretraining.config import PretrainingConfig, read_config
from spacy_blurb.pretraining.rows import batches, make_rows
from spacy_blurb.pretraining.text import is_held_out, read_documents
from spacy_blurb.pretraining.vocab import read_pieces, train_vocab

Configure = Callable[..., PretrainingConfig]


def read_stream(config: PretrainingConfig, held_out: bool) -> list[int]:
    """The plain reference: every document in one go, `[SEP]` behind it."""
    tokenizer = read_pieces(Path(config.vocab.folder)).tokenizer
    stream: list[int] = []
    for document in read_documents(map(Path, config.text.files)):
        if is_held_out(document, config.text.held_out) == held_out:
            stream += tokenizer.encode(" ".join(document), add_special_tokens=False).ids
            stream.append(tokenizer.token_to_id("[SEP]"))
    return stream


@pytest.mark.parametrize("n_documents", [1, 7, 256])
def test_rows_lose_nothing_but_the_counted_tail(
    shared: Configure, tmp_path: Path, n_documents: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows_module, "DOCUMENTS_AT_ONCE", n_documents)
    config = shared(tmp_path)
    pieces = read_pieces(Path(config.vocab.folder))
    rows = make_rows(config, pieces, tmp_path)
    for split, array in (("train", rows.train), ("held_out", rows.held_out)):
        stream = read_stream(config, split == "held_out")
        counts = rows.counts[split]
        assert array.shape == (counts.rows, 24)
        assert array.dtype == np.uint16
        assert (array[:, 0] == pieces.cls_id).all()
        assert (array[:, -1] == pieces.sep_id).all()
        inner = array[:, 1:-1].reshape(-1).tolist()
        assert inner == stream[: len(inner)]
        assert counts.dropped == len(stream) - len(inner) < 22
        assert counts.pieces + counts.separators == len(stream)
        assert counts.separators == counts.documents
        np.testing.assert_array_equal(np.concatenate(list(batches(array, 5))), array)
    assert sum(counts.documents for counts in rows.counts.values()) == 60


def test_rows_are_reused_until_something_changes(config_path: Path, tmp_path: Path) -> None:
    config = read_config(config_path)
    train_vocab(config)
    pieces = read_pieces(Path(config.vocab.folder))

    def written() -> int:
        make_rows(config, pieces, tmp_path)
        return (tmp_path / "rows-train.npy").stat().st_mtime_ns

    first = written()
    assert written() == first
    config = read_config(config_path, {"objective.seq_len": 30})
    second = written()
    assert second != first
    with (tmp_path / "text.txt").open("a") as file:
        file.write("\nAspirin again .\n")
    third = written()
    assert third != second
    (tmp_path / "rows.json").unlink()  # as after a kill while writing
    assert written() != third


def test_too_little_text_for_a_row(config_path: Path, tmp_path: Path) -> None:
    config = read_config(config_path, {"objective.seq_len": 512, "text.held_out": 0.02})
    train_vocab(config)
    with pytest.raises(BlurbError, match=r"B207.*held_out"):
        make_rows(config, read_pieces(Path(config.vocab.folder)), tmp_path)


def test_missing_text(config_path: Path, tmp_path: Path) -> None:
    config = read_config(config_path)
    train_vocab(config)
    config = read_config(config_path, {"text.files": "none.txt"})
    with pytest.raises(BlurbError, match=r"B205.*none\.txt"):
        make_rows(config, read_pieces(Path(config.vocab.folder)), tmp_path)
