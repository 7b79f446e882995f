"""Layer-wise decay of the learning rate, and top layers that start anew."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from spacy.language import Language
from thinc.api import SGD, Adam, fix_random_seed

from spacy_blurb.encoder.optimizer import decayed_rates, take_step
from spacy_blurb.errors import BlurbError


def make(encoder: Path, **settings: Any) -> Language:
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy_blurb.Encoder.v1", "name": str(encoder), **settings}
    nlp.add_pipe("transformer", config={"model": model})
    fix_random_seed(0)
    nlp.initialize()
    return nlp


def weights(nlp: Language) -> dict[str, np.ndarray]:
    network = shim(nlp).network
    return {name: weight.detach().numpy().copy() for name, weight in network.named_parameters()}


def shim(nlp: Language) -> Any:
    encoder: Any = nlp.get_pipe("transformer")
    return encoder.model.shims[0]


def test_rates_by_hand() -> None:
    names = ["embeddings.norm.weight", "layers.0.qkv.bias", "layers.1.output.weight", "other"]
    assert list(decayed_rates(names, 2, 0.5).values()) == [0.25, 0.5, 1.0, 1.0]
    assert decayed_rates(["layers.10.qkv.bias", "layers.1.qkv.bias"], 12, 0.5) == {
        "layers.10.qkv.bias": 0.5,
        "layers.1.qkv.bias": 0.5**10,
    }


@pytest.mark.parametrize("sgd", [Adam(0.01, L2=0.1, L2_is_weight_decay=True), SGD(0.01)])
def test_a_rate_is_as_a_smaller_learning_rate(sgd: Any) -> None:
    slow = type(sgd)(0.001, L2=sgd.L2, L2_is_weight_decay=True, beta1=sgd.b1, beta2=sgd.b2)
    values = []
    for optimizer, rates in ((sgd, {"w": 0.1}), (slow, None)):
        weight = torch.nn.Parameter(torch.arange(6.0).view(2, 3))
        for _ in range(3):
            weight.grad = torch.full((2, 3), 0.1)
            take_step(optimizer, 1, [("w", weight)], rates)
        values.append(weight.detach().numpy())
    np.testing.assert_allclose(values[0], values[1], atol=1e-6)
    assert np.abs(values[0] - np.arange(6.0).reshape(2, 3)).max() > 1e-4


@pytest.mark.parametrize("decay", [1.0, 0.5])
def test_lower_layers_learn_slower(tiny_encoder: Path, decay: float) -> None:
    nlp = make(tiny_encoder, layer_decay=decay)
    before = weights(nlp)
    for weight in shim(nlp).network.parameters():
        weight.grad = torch.full_like(weight, 1e-3)
    # The first step of Adam is the learning rate, whatever the gradient.
    shim(nlp).finish_update(Adam(0.01, eps=1e-12))
    after = weights(nlp)
    expected = {"embeddings": decay**2, "layers.0": decay, "layers.1": 1.0}
    for name, weight in after.items():
        owner = name[:8] if name.startswith("layers") else "embeddings"
        step = np.abs(weight - before[name])
        np.testing.assert_allclose(step, 0.01 * expected[owner], rtol=1e-3, err_msg=name)


def test_top_layers_are_drawn_anew(tiny_encoder: Path) -> None:
    stored = weights(make(tiny_encoder))
    drawn = weights(make(tiny_encoder, reinit_layers=1))
    for name, weight in drawn.items():
        is_new = name.startswith("layers.1.") and weight.ndim == 2
        assert np.array_equal(weight, stored[name]) != is_new, name
        if is_new:
            assert weight.std() == pytest.approx(0.02, rel=0.1)
    assert not drawn["layers.1.qkv.bias"].any()
    assert (drawn["layers.1.output_norm.weight"] == 1).all()
    # By the seed, and all layers where there are not as many.
    again = weights(make(tiny_encoder, reinit_layers=1))
    assert all(np.array_equal(weight, drawn[name]) for name, weight in again.items())
    every = weights(make(tiny_encoder, reinit_layers=9))
    assert not np.array_equal(every["layers.0.qkv.weight"], stored["layers.0.qkv.weight"])


def test_a_saved_encoder_keeps_its_weights(tiny_encoder: Path, tmp_path: Path) -> None:
    nlp = make(tiny_encoder, reinit_layers=1, layer_decay=0.5)
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    for name, weight in weights(loaded).items():
        np.testing.assert_array_equal(weight, weights(nlp)[name])
    assert shim(loaded).settings["layer_decay"] == 0.5


@pytest.mark.parametrize("settings", [{"layer_decay": 0.0}, {"layer_decay": 1.5},
                                      {"reinit_layers": -1}])  # fmt: skip
def test_values_out_of_range(settings: dict[str, Any]) -> None:
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy_blurb.Encoder.v1", "name": "x", **settings}
    with pytest.raises(BlurbError, match="B430"):
        nlp.add_pipe("transformer", config={"model": model})
