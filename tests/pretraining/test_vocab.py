import json
from pathlib import Path

import pytest
from transformers import AutoTokenizer, BertTokenizerFast

from spacy_blurb.errors import BlurbError
from spacy_blurb.pretraining.config import read_config
from spacy_blurb.pretraining.corpus import build_corpus
from spacy_blurb.pretraining.vocab import MODEL_MAX_LENGTH, SPECIAL, read_pieces, train_vocab


def test_folder_loads_as_tokenizer(config_path: Path) -> None:
    config = read_config(config_path)
    counts = train_vocab(config)
    assert counts.reached == counts.asked == 100
    tokenizer = AutoTokenizer.from_pretrained(config.vocab.folder)
    assert isinstance(tokenizer, BertTokenizerFast)
    assert tokenizer.model_max_length == MODEL_MAX_LENGTH == 512
    assert len(tokenizer) == 100
    assert tokenizer.convert_tokens_to_ids(list(SPECIAL)) == [0, 1, 2, 3, 4]
    pieces = tokenizer.convert_ids_to_tokens(tokenizer("Recéptor", "binds")["input_ids"])
    assert pieces == ["[CLS]", "receptor", "[SEP]", "binds", "[SEP]"]
    assert tokenizer("receptor", "binds")["token_type_ids"] == [0, 0, 0, 1, 1]
    assert tokenizer.mask_token == "[MASK]"


def test_cased(config_path: Path) -> None:
    config = read_config(config_path, {"vocab.lowercase": False})
    train_vocab(config)
    assert "S" in read_pieces(Path(config.vocab.folder)).tokenizer.get_vocab()
    tokenizer = AutoTokenizer.from_pretrained(config.vocab.folder)
    assert tokenizer.tokenize("Study") != tokenizer.tokenize("study")


def test_too_little_text_reaches_fewer(config_path: Path) -> None:
    counts = train_vocab(read_config(config_path, {"vocab.size": 9000}))
    assert counts.reached < counts.asked == 9000


def test_same_text_gives_same_vocabulary(config_path: Path) -> None:
    # The library alone does not: it breaks ties by numbers that change from run to run.
    config = read_config(config_path, {"vocab.size": 100})
    files = []
    for _ in range(5):
        train_vocab(config)
        files.append((Path(config.vocab.folder) / "tokenizer.json").read_text())
    assert len(set(files)) == 1


def test_held_out_text_is_not_read(config_path: Path) -> None:
    config = read_config(config_path)
    counts = train_vocab(config)
    assert 0 < counts.documents < 60


def test_cased_and_uncased_folders_load_as_bert_tokenizer(config_path: Path) -> None:
    for lowercase in (True, False):
        config = read_config(config_path, {"vocab.lowercase": lowercase, "vocab.size": 90})
        train_vocab(config)
        loaded = BertTokenizerFast.from_pretrained(config.vocab.folder)
        ours = read_pieces(Path(config.vocab.folder)).tokenizer
        sentence = "Study 7 of Récéptor binds"
        expected = ours.encode(sentence, add_special_tokens=False).tokens
        assert loaded.tokenize(sentence) == expected
        assert loaded.model_max_length == 512


def test_it_is_learnt_from_the_documents_of_the_corpus(config_path: Path) -> None:
    text = config_path.parent / "text.txt"
    content = text.read_text()
    train_vocab(config := read_config(config_path))
    expected = (Path(config.vocab.folder) / "vocab.txt").read_text()
    (config_path.parent / "titles").write_text("Zymurgy wins\n")
    # A second copy, a short document and one on the list: nothing that counts.
    text.write_text(
        "\n\n".join([content, content, "Zymurgy wins.\nZymurgy is the best.", "Zymurgy 1."])
    )
    rules = {"text.min_words": 3, "text.exclude_titles": str(config_path.parent / "titles")}
    counts = train_vocab(read_config(config_path, rules))
    assert counts.documents < 60
    assert (Path(config.vocab.folder) / "vocab.txt").read_text() == expected
    train_vocab(read_config(config_path))
    assert (Path(config.vocab.folder) / "vocab.txt").read_text() != expected


def test_pieces(config_path: Path) -> None:
    config = read_config(config_path)
    train_vocab(config)
    pieces = read_pieces(Path(config.vocab.folder))
    names = json.loads((Path(config.vocab.folder) / "tokenizer.json").read_text())["model"]["vocab"]
    assert len(names) == len(pieces.is_special) == len(pieces.continues)
    for name, number in names.items():
        assert pieces.is_special[number] == (name in SPECIAL)
        assert pieces.continues[number] == name.startswith("##")


def test_missing_folder_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(BlurbError, match=r"B206.*blurb vocab"):
        read_pieces(tmp_path)


def test_the_vocabulary_of_a_model_is_not_overwritten(config_path: Path) -> None:
    config = read_config(config_path)
    train_vocab(config)
    folder = Path(config.vocab.folder)
    (folder / "config.json").write_text("{}")
    before = (folder / "tokenizer.json").read_bytes()
    with pytest.raises(BlurbError, match=r"B213.*leave out 'vocab'"):
        train_vocab(config)
    (folder / "tokenizer_config.json").unlink()
    with pytest.raises(BlurbError, match=r"B214.*tokenizer_config\.json.*save_pretrained"):
        read_pieces(folder)
    assert (folder / "tokenizer.json").read_bytes() == before


def test_foreign_and_partial_tokenizers_are_refused(config_path: Path) -> None:
    config = read_config(config_path)
    train_vocab(config)
    folder = Path(config.vocab.folder)
    content = json.loads((folder / "tokenizer.json").read_text())
    content["model"]["vocab"]["<mask>"] = content["model"]["vocab"].pop("[MASK]")
    content["added_tokens"] = [t for t in content["added_tokens"] if t["content"] != "[MASK]"]
    (folder / "tokenizer.json").write_text(json.dumps(content))
    with pytest.raises(BlurbError, match=r"B211.*has no \[MASK\]"):
        read_pieces(folder)
    (folder / "tokenizer_config.json").unlink()
    with pytest.raises(BlurbError, match=r"B206.*lacks tokenizer_config\.json"):
        read_pieces(folder)


def test_the_same_is_not_learnt_twice(config_path: Path) -> None:
    config = read_config(config_path)
    lines: list[str] = []
    first = train_vocab(config, lines.append)
    path = Path(config.vocab.folder) / "tokenizer.json"
    written = path.stat().st_mtime_ns
    assert train_vocab(config, lines.append) == first
    assert lines[-1] == f"{config.vocab.folder} holds this vocabulary: nothing to do"
    assert path.stat().st_mtime_ns == written
    # Other settings, another tokenizer in its place, and one that a kill has cut: learnt again.
    assert train_vocab(read_config(config_path, {"vocab.size": 90})).reached == 90
    assert train_vocab(config) == first
    path.write_text(path.read_text().replace("receptor", "reception"))
    train_vocab(config)
    assert "reception" not in path.read_text()
    (path.parent / "vocab.txt").unlink()
    train_vocab(config)
    assert (path.parent / "vocab.txt").is_file()


def test_the_vocabulary_of_a_finished_corpus_is_not_changed(config_path: Path) -> None:
    """Shards in its pieces could not be trained on any more (B225)."""
    config = read_config(config_path)
    train_vocab(config)
    build_corpus(config, lambda line: None)
    path = Path(config.vocab.folder) / "tokenizer.json"
    before = path.read_bytes()
    other = read_config(config_path, {"vocab.size": 90})
    with pytest.raises(BlurbError, match=r"B215.*vocab .*corpus,.*--overwrite"):
        train_vocab(other)
    assert path.read_bytes() == before
    # Other text that gives the same pieces does no harm, and neither does another folder.
    text = config_path.parent / "text.txt"
    text.write_text(f"{text.read_text()}\n{text.read_text()}")
    train_vocab(config)
    assert path.read_bytes() == before
    elsewhere = {"vocab.size": 90, "vocab.folder": str(config_path.parent / "other")}
    train_vocab(read_config(config_path, elsewhere))
    train_vocab(other, overwrite=True)
    assert path.read_bytes() != before


def test_a_tokenizer_of_others_is_not_replaced(config_path: Path) -> None:
    config = read_config(config_path)
    folder = Path(config.vocab.folder)
    folder.mkdir()
    (folder / "tokenizer.json").write_text("somebody's", encoding="utf-8")
    with pytest.raises(BlurbError, match="B218"):
        train_vocab(config)
    assert (folder / "tokenizer.json").read_text(encoding="utf-8") == "somebody's"
    train_vocab(config, overwrite=True)
    # The form of older tokenizers.
    older = Path(config.vocab.folder).with_name("older")
    older.mkdir()
    (older / "vocab.txt").write_text("somebody's", encoding="utf-8")
    with pytest.raises(BlurbError, match="B218"):
        train_vocab(read_config(config_path, {"vocab.folder": str(older)}))
    # One that a kill has cut is ours, and learnt again.
    (folder / "learnt_from.json").write_text('{"settings": {}}', encoding="utf-8")
    assert train_vocab(config).reached == 100


def test_ids_without_a_piece_are_never_drawn(config_path: Path) -> None:
    config = read_config(config_path)
    train_vocab(config)
    path = Path(config.vocab.folder, "tokenizer.json")
    content = json.loads(path.read_text(encoding="utf-8"))
    last = max(content["model"]["vocab"], key=content["model"]["vocab"].__getitem__)
    content["model"]["vocab"][last] = 105
    path.write_text(json.dumps(content), encoding="utf-8")
    pieces = read_pieces(path.parent)
    assert len(pieces.is_special) == len(pieces.continues) == 106
    assert pieces.is_special[99:105].all()
    assert not pieces.is_special[105]
