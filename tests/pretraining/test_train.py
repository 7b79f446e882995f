import dataclasses
import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from transformers import AutoModel, AutoTokenizer, BertForMaskedLM, pipeline

from spacy_blurb.errors import BlurbError
from spacy_blurb.pretraining.config import ModelConfig, ObjectiveConfig, PretrainingConfig
from spacy_blurb.pretraining.measure import unigram_loss
from spacy_blurb.pretraining.model import build_model, to_plain
from spacy_blurb.pretraining.train import pretrain
from spacy_blurb.pretraining.trainer import BatchMaker
from spacy_blurb.pretraining.vocab import Pieces

Configure = Callable[..., PretrainingConfig]
# Trainer warns where checkpoints follow one another within a second, as in tests.
pytestmark = pytest.mark.filterwarnings("ignore:mtime may not be reliable:UserWarning")
TINY = ModelConfig(
    n_layers=2, hidden_width=32, n_heads=2, intermediate_width=64, dropout=0.1, max_positions=32
)


def ignore(line: str) -> None:
    pass


def read_weights(folder: Path) -> dict[str, torch.Tensor]:
    weights: dict[str, torch.Tensor] = BertForMaskedLM.from_pretrained(folder).state_dict()
    return weights


def assert_same_weights(one: Path, other: Path) -> None:
    expected, found = read_weights(one), read_weights(other)
    assert expected.keys() == found.keys()
    for name, weight in expected.items():
        assert torch.equal(weight, found[name]), name


def test_loss_is_that_of_bert_for_masked_lm() -> None:
    model = build_model(TINY, 50, seed=0).eval()
    generator = torch.Generator().manual_seed(0)
    piece_ids = torch.randint(0, 50, (3, 16), generator=generator)
    labels = torch.randint(0, 50, (3, 16), generator=generator)
    labels[torch.rand((3, 16), generator=generator) > 0.3] = -100
    positions = (labels.flatten() != -100).nonzero().flatten()
    ours = model(piece_ids, positions, labels.flatten()[positions])["loss"]
    theirs = to_plain(model)(input_ids=piece_ids, labels=labels).loss
    torch.testing.assert_close(ours, theirs)
    none = torch.empty(0, dtype=torch.int64)
    assert model(piece_ids, none, none)["loss"] == 0


def test_seed_decides_the_first_weights() -> None:
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    one, same, other = (build_model(TINY, 50, seed).state_dict() for seed in (0, 0, 1))
    assert torch.equal(before, torch.random.get_rng_state())
    name = "bert.embeddings.word_embeddings.weight"
    assert torch.equal(one[name], same[name])
    assert not torch.equal(one[name], other[name])


def test_every_row_comes_once_per_epoch_in_a_new_order() -> None:
    all_special = np.ones(7, dtype=bool)  # so that nothing is masked and rows can be told apart
    pieces = Pieces(Tokenizer(WordPiece()), 0, 1, 2, all_special, ~all_special)
    rows = np.repeat(np.arange(7, dtype=np.uint16)[:, None], 5, axis=1)
    objective = ObjectiveConfig(seq_len=5)
    make_batch = BatchMaker(rows, pieces, objective, seed=0)
    order = [int(make_batch([place])["piece_ids"][0, 0]) for place in range(21)]
    epochs = [order[:7], order[7:14], order[14:]]
    assert all(sorted(epoch) == list(range(7)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]
    across = BatchMaker(rows, pieces, objective, seed=0)(range(5, 9))["piece_ids"][:, 0]
    assert across.tolist() == order[5:9]
    assert (
        BatchMaker(rows, pieces, objective, seed=1)([0, 1, 2, 3])["piece_ids"][:, 0].tolist()
        != order[:4]
    )


def test_folder_loads_everywhere(shared: Configure, tmp_path: Path) -> None:
    config = shared(tmp_path)
    lines: list[str] = []
    record = pretrain(config, lines.append)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    assert tokenizer.model_max_length == 512
    with torch.no_grad():
        hidden = AutoModel.from_pretrained(tmp_path)(**tokenizer("aspirin", return_tensors="pt"))[0]
    assert hidden.shape[-1] == 32
    fill = pipeline("fill-mask", model=str(tmp_path), device="cpu")
    assert len(fill("aspirin [MASK] aspirin .")) == 5
    assert json.loads((tmp_path / "config.json").read_text())["architectures"] == [
        "BertForMaskedLM"
    ]
    assert json.loads((tmp_path / "run.json").read_text()) == record
    assert record["steps"] == 6
    assert record["pieces"] == 6 * 4 * 24
    assert record["rows"]["train"]["rows"] == len(np.load(tmp_path / "rows-train.npy"))
    assert [entry["step"] for entry in record["held_out"]] == [3, 6]
    assert [entry["step"] for entry in record["losses"]] == [1, 3, 6]
    assert not list(tmp_path.glob(".final-*"))
    assert any(line.startswith("step 6/6") and "pieces/s" in line for line in lines)


def test_finished_run_is_left_alone(shared: Configure, tmp_path: Path) -> None:
    record = pretrain(shared(tmp_path), ignore)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.safetensors")}
    lines: list[str] = []
    assert pretrain(shared(tmp_path), lines.append) == record
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.safetensors")} == before
    assert len(lines) == 1
    with pytest.raises(BlurbError, match=r"B208.*training\.learning_rate, training\.seed"):
        pretrain(shared(tmp_path, seed=2, learning_rate=0.5), ignore)
    assert pretrain(shared(tmp_path, log_every=1), ignore) == record


def test_edited_text_of_the_same_size_is_another_run(shared: Configure, tmp_path: Path) -> None:
    config = shared(tmp_path / "out")
    text = tmp_path / "text.txt"
    text.write_bytes(b"".join(Path(name).read_bytes() for name in config.text.files))
    copied = dataclasses.replace(config, text=dataclasses.replace(config.text, files=(str(text),)))
    pretrain(copied, ignore)
    text.write_bytes(text.read_bytes().replace(b"e", b"a", 1))
    with pytest.raises(BlurbError, match=r"B208.*text\.files"):
        pretrain(copied, ignore)


def test_foreign_model_is_not_overwritten(shared: Configure, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"somebody's")
    with pytest.raises(BlurbError, match=r"B212.*would overwrite"):
        pretrain(shared(tmp_path), ignore)
    assert (tmp_path / "model.safetensors").read_bytes() == b"somebody's"


def test_overwrite_starts_a_run_with_other_settings_again(
    shared: Configure, tmp_path: Path
) -> None:
    first = pretrain(shared(tmp_path), ignore)
    second = pretrain(shared(tmp_path, seed=2), ignore, overwrite=True)
    assert second["seed"] == 2
    assert second["losses"][0]["loss"] != first["losses"][0]["loss"]
    alone = pretrain(shared(tmp_path / "alone", seed=2), ignore)
    assert [row["loss"] for row in second["losses"]] == [row["loss"] for row in alone["losses"]]
    assert pretrain(shared(tmp_path, seed=2), ignore, overwrite=True) == second


@pytest.mark.parametrize("accumulate", [1, 2])
def test_resumed_run_equals_an_uninterrupted_one(
    shared: Configure, tmp_path: Path, accumulate: int
) -> None:
    settings: dict[str, Any] = {"accumulate": accumulate, "log_every": 1, "max_steps": 8}
    whole = pretrain(shared(tmp_path / "whole", **settings), ignore)

    def stop(line: str) -> None:
        if line.startswith("step 5/8  loss"):
            raise KeyboardInterrupt

    config = shared(tmp_path / "resumed", **settings)
    with pytest.raises(KeyboardInterrupt):
        pretrain(config, stop)
    assert not (tmp_path / "resumed" / "model.safetensors").exists()
    # A kill while saving leaves a checkpoint without its last file; it is passed over.
    broken = tmp_path / "resumed" / "checkpoint-4"
    shutil.copytree(tmp_path / "resumed" / "checkpoint-3", broken)
    (broken / "trainer_state.json").write_text("{")
    lines: list[str] = []
    resumed = pretrain(config, lines.append)
    assert any(line.endswith("checkpoint-3") for line in lines)
    for key in ("losses", "held_out"):
        assert [(e["step"], e["loss"]) for e in whole[key]] == [
            (e["step"], e["loss"]) for e in resumed[key]
        ]
    assert_same_weights(tmp_path / "whole", tmp_path / "resumed")


def test_killed_between_last_step_and_saving(shared: Configure, tmp_path: Path) -> None:
    pretrain(shared(tmp_path), ignore)
    (tmp_path / "model.safetensors").rename(tmp_path / "kept")
    (tmp_path / "run.json").unlink()
    record = pretrain(shared(tmp_path), ignore)
    assert (tmp_path / "model.safetensors").read_bytes() == (tmp_path / "kept").read_bytes()
    assert [entry["step"] for entry in record["held_out"]] == [3, 6]


def test_learns_more_than_frequencies(shared: Configure, tmp_path: Path) -> None:
    config = shared(
        tmp_path,
        model={"n_layers": 2, "hidden_width": 64, "dropout": 0.0},
        max_steps=250,
        batch_rows=16,
        learning_rate=0.005,
        eval_every=250,
        save_every=250,
    )
    record = pretrain(config, ignore)
    last = record["held_out"][-1]
    assert last["loss"] < 0.8 * last["unigram_loss"]


def test_unigram_loss_by_hand() -> None:
    is_special = np.arange(7) < 5
    pieces = Pieces(Tokenizer(WordPiece()), 2, 3, 4, is_special, np.zeros(7, dtype=bool))
    train = np.array([[2, 5, 5, 5, 3]])  # with add-one: piece 5 4/5, piece 6 1/5
    held_out = np.array([[2, 5, 6, 6, 3]])
    always = ObjectiveConfig(seq_len=5, mask_rate=1 - 1e-9)
    expected = -(math.log(4 / 5) + 2 * math.log(1 / 5)) / 3
    assert unigram_loss(train, held_out, pieces, always) == pytest.approx(expected)


def test_bfloat16_is_close(shared: Configure, tmp_path: Path) -> None:
    exact = pretrain(shared(tmp_path / "fp32"), ignore)
    rough = pretrain(shared(tmp_path / "bf16", precision="bf16"), ignore)
    assert (exact["precision"], rough["precision"]) == ("fp32", "bf16")
    one, other = (record["held_out"][-1]["loss"] for record in (exact, rough))
    assert one != other
    assert one == pytest.approx(other, rel=0.02)


def test_missing_vocabulary(shared: Configure, tmp_path: Path) -> None:
    config = shared(tmp_path)
    config = dataclasses.replace(
        config, vocab=dataclasses.replace(config.vocab, folder=str(tmp_path / "none"))
    )
    with pytest.raises(BlurbError, match=r"B206.*blurb vocab"):
        pretrain(config, ignore)
