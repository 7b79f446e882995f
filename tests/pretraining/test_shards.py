import dataclasses
import json
import pickle
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from spacy_blurb.errors import BlurbError
from spacy_blurb.pretraining import shards
from spacy_blurb.pretraining.config import PretrainingConfig
from spacy_blurb.pretraining.corpus import build_corpus
from spacy_blurb.pretraining.pieces import encode_documents, load_tokenizer
from spacy_blurb.pretraining.shards import PieceStream, open_corpus
from spacy_blurb.pretraining.text import is_held_out, read_documents
from spacy_blurb.pretraining.vocab import SPECIAL, _save_tokenizer, hash_tokenizer, read_pieces

Configure = Callable[..., PretrainingConfig]


@pytest.fixture
def built(shared: Configure, tmp_path: Path) -> PretrainingConfig:
    """Settings of a corpus with several shards a split."""
    config = shared(tmp_path, corpus={"folder": str(tmp_path / "corpus"), "shard_words": 90})
    build_corpus(config, lambda line: None)
    return config


def reference(config: PretrainingConfig, held_out: bool) -> tuple[list[int], list[int], list[int]]:
    """The plain way: sentence by sentence, everything in memory."""
    tokenizer = read_pieces(Path(config.vocab.folder)).tokenizer
    stream: list[int] = []
    documents, sentences = [], []
    for document in read_documents(map(Path, config.text.files)):
        if is_held_out(document, config.text.held_out) != held_out:
            continue
        documents.append(len(stream))
        for sentence in document:
            sentences.append(len(stream))
            stream += tokenizer.encode(sentence, add_special_tokens=False).ids
        stream.append(tokenizer.token_to_id("[SEP]"))
    return stream, documents, sentences


@pytest.mark.parametrize("split", ["train", "held_out"])
def test_stream_equals_the_plain_way(built: PretrainingConfig, split: str) -> None:
    stream: PieceStream = getattr(open_corpus(Path(built.corpus.folder)), split)
    pieces, documents, sentences = reference(built, split == "held_out")
    assert len(stream.names) > 2
    assert len(stream) == len(pieces) == stream.counts.pieces + stream.counts.separators
    assert stream.counts.documents == len(documents)
    assert stream.counts.sentences == len(sentences)
    assert stream.pieces(0, len(stream)).tolist() == pieces
    assert stream.pieces(0, 1).dtype == np.uint16
    generator = random.Random(0)
    bounds = [0, len(stream), *stream.bounds.tolist()]
    for _ in range(200):
        places = [generator.choice(bounds), generator.randint(0, len(stream))]
        start, end = sorted(generator.choices(places, k=2))
        assert stream.pieces(start, end).tolist() == pieces[start:end]
        inside = [place for place in documents if start <= place < end]
        assert stream.document_starts(start, end).tolist() == inside
        inside = [place for place in sentences if start <= place < end]
        assert stream.sentence_starts(start, end).tolist() == inside
    with pytest.raises(IndexError):
        stream.pieces(1, len(stream) + 1)


def test_few_maps_are_enough(built: PretrainingConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "MAX_OPEN", 1)
    stream = open_corpus(Path(built.corpus.folder)).train
    expected = stream.pieces(0, len(stream)).tolist()
    for _ in range(2):
        stream.sentence_starts(0, len(stream))
        stream.document_starts(0, len(stream))
        assert stream.pieces(0, len(stream)).tolist() == expected
    assert len(stream._open) <= 3
    travelled = pickle.loads(pickle.dumps(stream))
    assert not travelled._open
    assert travelled.pieces(0, len(stream)).tolist() == expected


def test_one_shard_is_not_copied(built: PretrainingConfig) -> None:
    stream = open_corpus(Path(built.corpus.folder)).train
    part = stream.pieces(1, 9)
    assert part.base is not None
    assert not part.flags.writeable


def test_missing_and_unfinished(built: PretrainingConfig, tmp_path: Path) -> None:
    with pytest.raises(BlurbError, match=r"B221.*blurb corpus CONFIG"):
        open_corpus(tmp_path / "none")
    manifest = Path(built.corpus.folder) / "corpus.json"
    for content in ("{}", "[]", "no JSON"):
        manifest.write_text(content, encoding="utf-8")
        with pytest.raises(BlurbError, match=r"B222.*not finished"):
            open_corpus(Path(built.corpus.folder))
    manifest.unlink()
    with pytest.raises(BlurbError, match=r"B222.*not finished"):
        open_corpus(Path(built.corpus.folder))


def test_damaged_shards_are_named(built: PretrainingConfig) -> None:
    folder = Path(built.corpus.folder)
    path = folder / "train-00001.pieces.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(BlurbError, match=r"B224.*train-00001\.pieces\.npy.*SHA-256.*Delete it"):
        open_corpus(folder)
    open_corpus(folder, verify=False)
    path.write_bytes(content[:-2])
    with pytest.raises(BlurbError, match=r"B224.*train-00001.*bytes instead of"):
        open_corpus(folder, verify=False)
    path.write_bytes(b"")
    with pytest.raises(BlurbError, match=r"B223.*train-00001.*empty"):
        open_corpus(folder, verify=False)
    path.unlink()
    with pytest.raises(BlurbError, match=r"B224.*train-00001.*missing"):
        open_corpus(folder, verify=False)


def test_shard_without_documents(built: PretrainingConfig) -> None:
    path = Path(built.corpus.folder) / "corpus.json"
    manifest = json.loads(path.read_text())
    manifest["splits"]["held_out"][0]["counts"]["documents"] = 0
    path.write_text(json.dumps(manifest))
    with pytest.raises(BlurbError, match=r"B223.*held_out-00000"):
        open_corpus(path.parent)


def test_vocabulary_must_be_the_same(built: PretrainingConfig) -> None:
    folder = Path(built.corpus.folder)
    own = hash_tokenizer(read_pieces(Path(built.vocab.folder)).tokenizer)
    assert open_corpus(folder, tokenizer_hash=own).tokenizer_hash == own
    with pytest.raises(BlurbError, match="B225"):
        open_corpus(folder, tokenizer_hash="0" * 64)


def test_a_corpus_that_changes_while_it_is_read(built: PretrainingConfig) -> None:
    stream = open_corpus(Path(built.corpus.folder)).train
    first = stream.pieces(0, 10).tolist()
    build_corpus(
        dataclasses.replace(built, text=dataclasses.replace(built.text, held_out=0.3)),
        lambda line: None,
        overwrite=True,
    )
    assert stream.pieces(0, 10).tolist() == first  # what is mapped stays
    with pytest.raises(BlurbError, match="B231"):
        stream.pieces(len(stream) - 5, len(stream))


def test_a_tokenizer_that_was_replaced_is_read_again(tmp_path: Path) -> None:
    for pieces in (["a"], ["a", "b"]):
        _save_tokenizer(tmp_path, [*SPECIAL, *pieces], lowercase=True)
        tokenizer, _ = load_tokenizer(tmp_path, str(pieces))
        assert tokenizer.get_vocab_size() == len(SPECIAL) + len(pieces)


def test_unknown_pieces_are_counted(built: PretrainingConfig) -> None:
    tokenizer, piece_type = load_tokenizer(Path(built.vocab.folder), "")
    encoded = encode_documents(tokenizer, [["aspirin \u4e00 \u4e01"], ["aspirin"]], piece_type)
    assert encoded.counts.unknown == 2


def test_documents_and_sentences_without_pieces(built: PretrainingConfig) -> None:
    tokenizer, piece_type = load_tokenizer(Path(built.vocab.folder), "")
    documents = [["\u200b"], ["aspirin binds", "\x00", "aspirin"], ["\ufffd"]]
    encoded = encode_documents(tokenizer, documents, piece_type)
    first, second = (
        tokenizer.encode(sentence, add_special_tokens=False).ids
        for sentence in ("aspirin binds", "aspirin")
    )
    assert encoded.pieces.tolist() == [*first, *second, tokenizer.token_to_id("[SEP]")]
    assert encoded.documents.tolist() == [0]
    assert encoded.sentences.tolist() == [0, len(first)]
    assert encoded.counts.without_pieces == 2
    assert encoded.counts.sentences == 2


def test_text_that_names_special_pieces_is_text(built: PretrainingConfig) -> None:
    tokenizer, piece_type = load_tokenizer(Path(built.vocab.folder), "")
    special = read_pieces(Path(built.vocab.folder)).is_special
    encoded = encode_documents(tokenizer, [["the [MASK] and [SEP] pieces"]], piece_type)
    names = [tokenizer.id_to_token(number) for number in encoded.pieces[:-1].tolist()]
    assert not {"[MASK]", "[SEP]"} & set(names)
    assert special[encoded.pieces[-1]]
