"""Any BERT folder is read, and what is not one is refused with a reason."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from spacy.language import Language
from transformers import BertConfig, BertForMaskedLM, BertTokenizerFast

from spacy_blurb.encoder.network import build_network, weights_from_bytes, weights_to_bytes
from spacy_blurb.encoder.weights import read_source, read_tokenizer, to_hugging_face
from spacy_blurb.errors import BlurbError

Make = Callable[..., Language]


@pytest.fixture
def folder(uneven_encoder: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    return shutil.copytree(uneven_encoder, tmp_path / "copy")


def change_config(folder: Path, **values: Any) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**config, **values}), "utf-8")


def assert_same_weights(one: dict[str, Any], other: dict[str, Any]) -> None:
    encoder = [name for name in one if not name.startswith("pooler.")]
    assert encoder
    for name in encoder:
        torch.testing.assert_close(other[name], one[name], rtol=0, atol=0)


def test_names_are_hugging_faces_both_ways(uneven_encoder: Path) -> None:
    source = read_source(str(uneven_encoder))
    network = build_network(source.config, source.tensors)
    written = to_hugging_face(network.state_dict(), 3)
    assert_same_weights(source.tensors, written)
    assert set(written) == set(source.tensors)
    read = weights_from_bytes(weights_to_bytes(network, torch.float32))
    assert_same_weights(written, read)
    half = weights_from_bytes(weights_to_bytes(network, torch.float16))
    assert {tensor.dtype for tensor in half.values()} == {torch.float16}


def test_a_checkpoint_with_a_head_and_without_pooler(folder: Path) -> None:
    """As `pretrain` writes it: names begin with "bert.", and there is a head."""
    bare = load_file(folder / "model.safetensors")
    model = BertForMaskedLM(BertConfig.from_pretrained(folder))
    model.save_pretrained(folder)
    saved = load_file(folder / "model.safetensors")
    assert any(name.startswith("bert.") for name in saved)
    source = read_source(str(folder))
    assert not any("pooler" in name or "cls." in name for name in source.tensors)
    assert_same_weights({n: model.bert.state_dict()[n] for n in source.tensors}, source.tensors)
    assert set(source.tensors) == {n for n in bare if not n.startswith("pooler.")}


def test_pickled_weights_with_old_names(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    old = {
        f"bert.{name}".replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): tensor
        for name, tensor in tensors.items()
    }
    torch.save(old, folder / "pytorch_model.bin")
    assert_same_weights(tensors, read_source(str(folder)).tensors)


def test_code_in_pickled_weights_is_not_run(folder: Path, tmp_path: Path) -> None:
    class Malicious:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "touched",)

    (folder / "model.safetensors").unlink()
    torch.save({"bert.embeddings.x": Malicious()}, folder / "pytorch_model.bin")
    with pytest.raises(BlurbError, match="B302"):
        read_source(str(folder))
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize("lower", [True, False])
def test_a_vocabulary_makes_the_same_tokenizer_as_transformers(folder: Path, lower: bool) -> None:
    (folder / "tokenizer.json").unlink()
    settings = {"do_lower_case": lower, "strip_accents": None}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), "utf-8")
    oracle = BertTokenizerFast(str(folder / "vocab.txt"), do_lower_case=lower)
    tokenizer, cls_id, sep_id = read_tokenizer(folder)
    assert (cls_id, sep_id) == (oracle.cls_token_id, oracle.sep_token_id)
    text = "Fever in RATS é 中文 [SEP] [MASK] a\u0301 x\x00y 12.5 " + "q" * 200
    found = tokenizer.encode(text, add_special_tokens=False)
    expected = oracle(text, add_special_tokens=False, return_offsets_mapping=True)
    assert found.ids == expected["input_ids"]
    assert found.offsets == expected["offset_mapping"]
    assert (found.ids[0] == oracle.unk_token_id) is not lower


def test_a_cased_vocabulary_without_settings_is_warned_of(folder: Path) -> None:
    """Lower case is the default of BERT's first release; BioBERT's files do not say otherwise."""
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").write_text("{}", "utf-8")
    read_tokenizer(folder)
    with (folder / "vocab.txt").open("a", encoding="utf-8") as file:
        file.write("Rats\n##NA\n")
    with pytest.warns(UserWarning, match=r"B319.*vocab\.txt.*'Rats' is one of 1\).*do_lower_case"):
        read_tokenizer(folder)
    for lower in (True, False):
        settings = {"do_lower_case": lower}
        (folder / "tokenizer_config.json").write_text(json.dumps(settings), "utf-8")
        read_tokenizer(folder)


def test_special_pieces_of_another_name(folder: Path) -> None:
    vocab = (folder / "vocab.txt").read_text("utf-8").replace("[CLS]", "<s>")
    (folder / "vocab.txt").write_text(vocab, "utf-8")
    (folder / "tokenizer.json").unlink()
    settings = {"cls_token": {"content": "<s>"}}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), "utf-8")
    assert read_tokenizer(folder)[1] == vocab.split().index("<s>")


# What is refused ---------------------------------------------------------------------------------


def remove(*names: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return change


def damage(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[: len(data) // 2])

    return change


def drop_weight(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    del tensors["encoder.layer.1.output.dense.bias"]
    save_file(tensors, folder / "model.safetensors")


def rename_special(folder: Path) -> None:
    (folder / "tokenizer_config.json").write_text('{"cls_token": "<none>"}', "utf-8")


REFUSED: dict[str, tuple[str, Callable[[Path], None]]] = {
    "no config": ("B300", remove("config.json")),
    "another type": ("B301", lambda folder: change_config(folder, model_type="roberta")),
    "half a config": ("B302", damage("config.json")),
    "half the weights": ("B302", damage("model.safetensors")),
    "half a tokenizer": ("B302", damage("tokenizer.json")),
    "no weights": ("B303", remove("model.safetensors")),
    "a weight missing": ("B303.*output.dense.bias", drop_weight),
    "no tokenizer": ("B304", remove("tokenizer.json", "vocab.txt")),
    "no [CLS]": ("B305.*<none>", rename_special),
    "activation": ("B307.*swish", lambda folder: change_config(folder, hidden_act="swish")),
    "positions": (
        "B307.*relative",
        lambda folder: change_config(folder, position_embedding_type="relative_key"),
    ),
    "shape": ("B302.*size mismatch", lambda folder: change_config(folder, vocab_size=7)),
}


@pytest.mark.parametrize(("message", "change"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(
    make_encoder: Make, folder: Path, message: str, change: Callable[[Path], None]
) -> None:
    change(folder)
    with pytest.raises(BlurbError, match=message):
        make_encoder(folder)


def test_a_config_without_a_size(make_encoder: Make, folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text("utf-8"))
    del config["hidden_size"]
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    with pytest.raises(BlurbError, match=r"B302.*hidden_size"):
        make_encoder(folder)


@pytest.mark.parametrize("name", ["no/such-model-anywhere", "no-folder/with/parts", "bad name!"])
def test_a_name_that_is_nowhere(make_encoder: Make, name: str) -> None:
    """Nothing is downloaded in the tests, see conftest.py."""
    with pytest.raises(BlurbError, match="B300"):
        make_encoder(Path(name))
