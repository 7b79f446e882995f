import dataclasses
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import BertForMaskedLM, BertForPreTraining

from spacy_blurb.pretraining import throughput
from spacy_blurb.pretraining.config import ModelConfig, ObjectiveConfig
from spacy_blurb.pretraining.model import RowModel, build_model, to_plain
from spacy_blurb.pretraining.throughput import measure_peak, operations_per_piece

TINY = ModelConfig(
    n_layers=2, hidden_width=32, n_heads=2, intermediate_width=64, dropout=0.1, max_positions=32
)
OBJECTIVE = ObjectiveConfig(seq_len=16)
N_PIECES = 50


def build(model: ModelConfig = TINY, seed: int = 0, **objective: Any) -> RowModel:
    return build_model(model, dataclasses.replace(OBJECTIVE, **objective), N_PIECES, seed)


def make_batch() -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """Inputs, and the labels that Hugging Face's classes take in their place."""
    generator = torch.Generator().manual_seed(0)
    piece_ids = torch.randint(5, N_PIECES, (3, 16), generator=generator)
    labels = torch.randint(5, N_PIECES, (3, 16), generator=generator)
    labels[torch.rand((3, 16), generator=generator) > 0.3] = -100
    positions = (labels.flatten() != -100).nonzero().flatten()
    targets = labels.flatten()[positions]
    return {"piece_ids": piece_ids, "positions": positions, "targets": targets}, labels


def without_dropout(model: RowModel) -> RowModel:
    return model.eval()


def test_loss_and_gradients_are_those_of_bert_for_masked_lm() -> None:
    model = without_dropout(build())
    batch, labels = make_batch()
    plain = to_plain(model.config, model.state_dict())
    assert type(plain) is BertForMaskedLM
    ours = model(**batch)["masked"] / len(batch["targets"])
    theirs = plain(input_ids=batch["piece_ids"], labels=labels).loss
    torch.testing.assert_close(ours, theirs)
    ours.backward()
    theirs.backward()
    expected = {name: weight.grad for name, weight in plain.named_parameters()}
    found = {name: weight.grad for name, weight in model.named_parameters()}
    assert found.keys() == expected.keys()
    for name, gradient in found.items():
        torch.testing.assert_close(gradient, expected[name], rtol=1e-4, atol=1e-6, msg=name)


def test_losses_are_those_of_bert_for_pretraining() -> None:
    model = without_dropout(build(next_sentence=True))
    batch, labels = make_batch()
    type_ids = (torch.arange(16) > 7).long().expand(3, 16)
    is_next = torch.tensor([1, 0, 1])
    plain: Any = to_plain(model.config, model.state_dict())
    assert type(plain) is BertForPreTraining
    theirs = plain(
        input_ids=batch["piece_ids"],
        token_type_ids=type_ids,
        labels=labels,
        next_sentence_label=1 - is_next,
    )
    ours = model(**batch, type_ids=type_ids, is_next=is_next)
    loss = ours["masked"] / len(batch["targets"]) + ours["next"] / 3
    torch.testing.assert_close(loss, theirs.loss)
    right = theirs.seq_relationship_logits.argmax(1) == 1 - is_next
    assert int(ours["next_right"]) == int(right.sum())


def test_no_target_costs_nothing() -> None:
    none = torch.empty(0, dtype=torch.int64)
    assert build()(make_batch()[0]["piece_ids"], none, none)["masked"] == 0


@pytest.mark.parametrize("training", [True, False])
def test_attention_stops_at_documents(training: bool) -> None:
    # With dropout both ways of computing attention are seen: our own and torch's.
    model = build().train(training)
    batch, _ = make_batch()
    document_ids = (torch.arange(16) > 7).long().expand(3, 16)
    changed = batch["piece_ids"].clone()
    changed[:, 8:] = 7

    def first_half(piece_ids: torch.Tensor, ids: torch.Tensor | None) -> torch.Tensor:
        torch.manual_seed(0)
        return model.encode(model.embed(piece_ids, None), ids)[:, :8]

    one, other = (first_half(p, document_ids) for p in (batch["piece_ids"], changed))
    torch.testing.assert_close(one, other)
    free, moved = (first_half(p, None) for p in (batch["piece_ids"], changed))
    assert not torch.allclose(free, moved, atol=1e-4)
    assert not torch.allclose(free, one, atol=1e-4)


def test_dropout_acts_in_training_alone() -> None:
    model = build(dataclasses.replace(TINY, dropout=0.5))
    batch, _ = make_batch()
    torch.manual_seed(0)
    one, other = (model.train()(**batch)["masked"] for _ in range(2))
    assert one != other
    assert model.eval()(**batch)["masked"] == model(**batch)["masked"]


def test_dropout_of_attention_keeps_the_mean() -> None:
    model = build(dataclasses.replace(TINY, dropout=0.2))
    layer: Any = model.bert.encoder.layer[0]
    hidden = torch.randn(1, 16, 32, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    with torch.no_grad():
        mean = torch.stack([layer.train()._attend(hidden, None) for _ in range(3000)]).mean(0)
        torch.testing.assert_close(mean, layer.eval()._attend(hidden, None), rtol=0, atol=0.02)


def test_adversarial_term_is_part_of_training_alone() -> None:
    batch, _ = make_batch()
    model = build(adversarial=1.0)
    assert "moved" not in build().train()(**batch)
    assert "moved" not in model.eval()(**batch)
    moved = model.train()(**batch)["moved"]
    assert moved > 0
    moved.backward()
    assert model.bert.embeddings.word_embeddings.weight.grad.abs().sum() > 0


def test_seed_decides_the_first_weights() -> None:
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    one, same, other = (build(seed=seed).state_dict() for seed in (0, 0, 1))
    assert torch.equal(before, torch.random.get_rng_state())
    name = "bert.embeddings.word_embeddings.weight"
    assert torch.equal(one[name], same[name])
    assert not torch.equal(one[name], other[name])
    deviation = float(one["bert.encoder.layer.1.intermediate.dense.weight"].std())
    assert deviation == pytest.approx(0.02, rel=0.1)


def test_operations_are_those_that_torch_counts() -> None:
    config = build().config
    config._attn_implementation = "eager"  # torch does not count its fused attention on a CPU
    model = BertForMaskedLM(config)
    piece_ids = torch.zeros(3, 16, dtype=torch.int64)
    with FlopCounterMode(display=False) as counter:
        logits = model(input_ids=piece_ids, attention_mask=torch.ones_like(piece_ids)).logits
        logits.sum().backward()
    everywhere = dataclasses.replace(OBJECTIVE, mask_rate=1.0)
    expected = operations_per_piece(TINY, N_PIECES, 16, everywhere) * piece_ids.numel()
    assert counter.get_total_flops() == expected


def test_peak_is_that_of_the_best_product_behind_the_first_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With a clock that says how long each product took."""
    took = [0.5, 4.0, 2.0, 8.0, 4.0, 4.0]
    readings = iter([reading for seconds in took for reading in (10.0, 10.0 + seconds)])
    monkeypatch.setattr(throughput, "time", SimpleNamespace(perf_counter=lambda: next(readings)))
    monkeypatch.setattr(throughput, "_SIDE_CPU", 64)
    assert measure_peak(torch.device("cpu"), torch.float32) == 2 * 64**3 / 2.0
    assert next(readings, None) is None
