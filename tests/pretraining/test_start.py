import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel, BertConfig, BertForMaskedLM, BertForPreTraining

from spacy_blurb.errors import BlurbError
from spacy_blurb.pretraining.config import PretrainingConfig
from spacy_blurb.pretraining.model import RowModel
from spacy_blurb.pretraining.start import start_model
from spacy_blurb.pretraining.vocab import _save_tokenizer, read_pieces

Configure = Callable[..., PretrainingConfig]
LETTERS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcde", *(f"##{c}" for c in "abcde")]
EMBEDDINGS = "bert.embeddings.word_embeddings.weight"


def save_checkpoint(
    folder: Path, vocab: list[str], kind: Any = BertForMaskedLM, **shape: Any
) -> dict[str, torch.Tensor]:
    config = BertConfig(
        **{
            "vocab_size": len(vocab),
            "hidden_size": 32,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "intermediate_size": 64,
            **shape,
        }
    )
    torch.manual_seed(9)
    model = kind(config)
    model.save_pretrained(folder)
    _save_tokenizer(folder, vocab, lowercase=True)
    weights: dict[str, torch.Tensor] = model.state_dict()
    return weights


@pytest.fixture
def start(
    shared: Configure, tmp_path: Path
) -> Callable[[list[str], str], tuple[RowModel, PretrainingConfig]]:
    def build(vocab: list[str], start_from: str = str(tmp_path / "old"), **objective: Any) -> Any:
        _save_tokenizer(tmp_path / "vocab", vocab, lowercase=True)
        config = shared(tmp_path / "out", start_from=start_from)
        config = dataclasses.replace(
            config,
            vocab=dataclasses.replace(config.vocab, folder=str(tmp_path / "vocab")),
            objective=dataclasses.replace(config.objective, **objective),
        )
        return start_model(config, read_pieces(tmp_path / "vocab"))

    return build


def test_same_vocabulary_takes_all_weights(start: Any, tmp_path: Path) -> None:
    expected = save_checkpoint(tmp_path / "old", LETTERS)
    found = start(LETTERS).state_dict()
    for name, weight in expected.items():
        assert torch.equal(weight, found[name]), name


def test_from_random_weights_where_nothing_is_continued(start: Any, tmp_path: Path) -> None:
    expected = save_checkpoint(tmp_path / "old", LETTERS)
    assert not torch.equal(start(LETTERS, "").state_dict()[EMBEDDINGS], expected[EMBEDDINGS])


def test_encoder_without_heads_and_prefix(start: Any, tmp_path: Path) -> None:
    weights = save_checkpoint(tmp_path / "old", LETTERS)
    AutoModel.from_pretrained(tmp_path / "old").save_pretrained(tmp_path / "old")
    assert "embeddings.word_embeddings.weight" in load_file(tmp_path / "old/model.safetensors")
    found = start(LETTERS).state_dict()
    assert torch.equal(found[EMBEDDINGS], weights[EMBEDDINGS])
    assert torch.equal(found["cls.predictions.decoder.weight"], weights[EMBEDDINGS])
    assert torch.equal(found["cls.predictions.bias"], torch.zeros(len(LETTERS)))


def test_what_it_divides_by_and_pads_with_is_carried_over(start: Any, tmp_path: Path) -> None:
    vocab = [LETTERS[1], LETTERS[0], *LETTERS[2:]]
    save_checkpoint(tmp_path / "old", vocab, layer_norm_eps=1e-5, pad_token_id=1)
    model = start(vocab)
    assert model.config.layer_norm_eps == 1e-5
    assert model.config.pad_token_id == 1
    norms = [part.eps for part in model.modules() if isinstance(part, torch.nn.LayerNorm)]
    assert norms == [1e-5] * len(norms)
    assert norms


def test_a_tokenizer_that_transformers_5_has_saved(start: Any, tmp_path: Path) -> None:
    """It writes two files; older versions and we write four."""
    save_checkpoint(tmp_path / "old", LETTERS)
    start(LETTERS)
    for name in ("vocab.txt", "special_tokens_map.json"):
        (tmp_path / "vocab" / name).unlink()
    assert len(read_pieces(tmp_path / "vocab").is_special) == len(LETTERS)


def test_next_sentence_head_is_kept(start: Any, tmp_path: Path) -> None:
    weights = save_checkpoint(tmp_path / "old", LETTERS, BertForPreTraining)
    found = start(LETTERS, next_sentence=True).state_dict()
    for name in ("cls.seq_relationship.weight", "bert.pooler.dense.weight"):
        assert torch.equal(found[name], weights[name])


def test_new_pieces_start_from_the_old_ones(start: Any, tmp_path: Path) -> None:
    weights = save_checkpoint(tmp_path / "old", LETTERS)
    torch.manual_seed(1)
    new = [*LETTERS[:5], "abc", "##de", "d", "##d", "xyz"]
    model = start(new)
    old = {piece: weights[EMBEDDINGS][i] for i, piece in enumerate(LETTERS)}
    found = dict(zip(new, model.state_dict()[EMBEDDINGS], strict=True))
    assert torch.equal(found["[MASK]"], old["[MASK]"])
    torch.testing.assert_close(found["abc"], (old["a"] + old["##b"] + old["##c"]) / 3)
    torch.testing.assert_close(found["##de"], (old["##d"] + old["##e"]) / 2)
    assert torch.equal(found["d"], old["d"])
    assert torch.equal(found["##d"], old["##d"])
    # No old piece has these letters: as the run's own seed draws it.
    random = start(new, "").state_dict()[EMBEDDINGS]
    assert torch.equal(found["xyz"], random[-1])
    # The output embeddings are the same weights still.
    assert model.cls.predictions.decoder.weight is model.bert.embeddings.word_embeddings.weight
    layer = "bert.encoder.layer.0.attention.self.query.weight"
    assert torch.equal(model.state_dict()[layer], weights[layer])


def test_what_a_file_repeats_of_tied_weights_does_not_count(start: Any, tmp_path: Path) -> None:
    """With a new vocabulary of the old one's size, its rows would be those of other pieces."""
    weights = save_checkpoint(tmp_path / "old", LETTERS)
    path = tmp_path / "old" / "model.safetensors"
    decoder = {
        "cls.predictions.decoder.weight": weights[EMBEDDINGS].clone() + 1,
        "cls.predictions.decoder.bias": weights["cls.predictions.bias"].clone() + 1,
    }
    save_file({**load_file(path), **decoder}, path)
    found = start(LETTERS).state_dict()
    assert torch.equal(found[EMBEDDINGS], weights[EMBEDDINGS])
    new = [*LETTERS[:5], *reversed(LETTERS[5:])]
    found = dict(zip(new, start(new).state_dict()[EMBEDDINGS], strict=True))
    assert torch.equal(found["a"], weights[EMBEDDINGS][LETTERS.index("a")])
    smaller = start(LETTERS[:8]).state_dict()
    assert torch.equal(smaller[EMBEDDINGS], weights[EMBEDDINGS][:8])


def test_rows_behind_the_vocabulary_are_left_out(start: Any, tmp_path: Path) -> None:
    weights = save_checkpoint(tmp_path / "old", LETTERS, vocab_size=len(LETTERS) + 6)
    found = start(LETTERS).state_dict()
    assert torch.equal(found[EMBEDDINGS], weights[EMBEDDINGS][: len(LETTERS)])
    save_checkpoint(tmp_path / "old", LETTERS, vocab_size=len(LETTERS) - 1)
    with pytest.raises(BlurbError, match=r"B216.*14 rows.*15 pieces"):
        start(LETTERS)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
def test_damaged_files(start: Any, tmp_path: Path, name: str) -> None:
    save_checkpoint(tmp_path / "old", LETTERS)
    path = tmp_path / "old" / name
    for content in (path.read_bytes()[:-9], b"version https://git-lfs.github.com/spec/v1\n"):
        path.write_bytes(content)
        with pytest.raises(BlurbError, match="B217" if name == "tokenizer.json" else "B216"):
            start(LETTERS)


def test_another_shape(start: Any, tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "old", LETTERS, intermediate_size=16, num_hidden_layers=2)
    with pytest.raises(BlurbError, match=r"B242.*n_layers = 2, model.intermediate_width = 16"):
        start(LETTERS)


def test_no_checkpoint(start: Any, tmp_path: Path) -> None:
    with pytest.raises(BlurbError, match=r"B240.*start_from"):
        start(LETTERS)


@pytest.mark.parametrize(
    "change",
    [
        {"model_type": "roberta"},
        {"hidden_act": "relu"},
        {"position_embedding_type": "relative_key"},
    ],
)
def test_another_type(start: Any, tmp_path: Path, change: dict[str, str]) -> None:
    save_checkpoint(tmp_path / "old", LETTERS)
    path = tmp_path / "old" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(BlurbError, match="B241"):
        start(LETTERS)


@pytest.mark.parametrize("n_segments", [1, 4])
def test_another_number_of_segments(start: Any, tmp_path: Path, n_segments: int) -> None:
    """One row would be copied for both segments."""
    save_checkpoint(tmp_path / "old", LETTERS)
    path = tmp_path / "old" / "model.safetensors"
    weights = load_file(path)
    (name,) = [name for name in weights if name.endswith("token_type_embeddings.weight")]
    save_file({**weights, name: weights[name][:1].repeat(n_segments, 1)}, path)
    with pytest.raises(BlurbError, match=rf"B249.*token_type.*\({n_segments}, "):
        start(LETTERS)


def test_weights_that_lack_a_layer(start: Any, tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "old", LETTERS)
    path = tmp_path / "old" / "model.safetensors"
    weights = load_file(path)
    del weights["bert.encoder.layer.0.output.dense.weight"]
    save_file(weights, path)
    with pytest.raises(BlurbError, match=r"B243.*layer\.0\.output"):
        start(LETTERS)
