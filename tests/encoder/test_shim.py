"""Encoders travel: bytes, disk, pickle, copies; always without the folder they came from."""

import copy
import gc
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from spacy.language import Language
from thinc.api import Adam

from spacy_blurb.encoder.precision import choose_device, wants_bf16

Make = Callable[..., Language]
TEXT = "fever in rats 12.5"


def states(nlp: Language, text: str = TEXT) -> np.ndarray:
    return nlp(text)._.trf_data.model_output["last_hidden_state"]


def get_shim(nlp: Language) -> Any:
    return nlp.get_pipe("transformer").model.shims[0]


@pytest.fixture
def vanishing(make_encoder: Make, uneven_encoder: Path, tmp_path: Path) -> Language:
    """A pipeline whose encoder folder is gone."""
    folder = shutil.copytree(uneven_encoder, tmp_path / "folder")
    nlp = make_encoder(folder, window=16, overlap=4)
    shutil.rmtree(folder)
    return nlp


def test_disk(vanishing: Language, tmp_path: Path) -> None:
    vanishing.to_disk(tmp_path / "saved")
    loaded = spacy.load(tmp_path / "saved")
    np.testing.assert_array_equal(states(loaded), states(vanishing))
    assert get_shim(loaded).reader.window == 16
    assert loaded.get_pipe("transformer").model.get_dim("nO") == 24
    # What is saved is the same every time.
    assert loaded.get_pipe("transformer").to_bytes() == vanishing.get_pipe("transformer").to_bytes()


def test_bytes(vanishing: Language) -> None:
    other = spacy.blank("en").from_config(vanishing.config)
    other.from_bytes(vanishing.to_bytes())
    np.testing.assert_array_equal(states(other), states(vanishing))


def test_settings_are_the_configs_not_the_saved_ones(vanishing: Language, tmp_path: Path) -> None:
    vanishing.to_disk(tmp_path / "saved")
    change = {"components.transformer.model.precision": "bf16"}
    loaded = spacy.load(tmp_path / "saved", config=change)
    assert 0 < np.abs(states(loaded) - states(vanishing)).max() < 0.1


def test_half_precision_takes_half_the_room(
    make_encoder: Make, uneven_encoder: Path, tmp_path: Path
) -> None:
    sizes, vectors = [], []
    for storage in ("fp32", "fp16"):
        nlp = make_encoder(uneven_encoder, storage=storage)
        sizes.append(len(get_shim(nlp).to_bytes()))
        nlp.to_disk(tmp_path / storage)
        vectors.append(states(spacy.load(tmp_path / storage)))
    n_weights = sum(w.numel() for w in get_shim(nlp).network.parameters())
    assert sizes[0] - sizes[1] == pytest.approx(2 * n_weights, rel=0.01)
    assert 0 < np.abs(vectors[0] - vectors[1]).max() < 0.01


def test_an_encoder_without_weights_travels_too(make_encoder: Make, uneven_encoder: Path) -> None:
    empty = make_encoder(uneven_encoder, initialize=False)
    full = make_encoder(uneven_encoder)
    get_shim(full).from_bytes(get_shim(empty).to_bytes())
    assert not get_shim(full).is_loaded


def test_pickle_and_copies_are_whole_and_apart(make_encoder: Make, uneven_encoder: Path) -> None:
    """Pickles keep all digits, also of an encoder that is saved in half precision."""
    nlp = make_encoder(uneven_encoder, storage="fp16")
    shim = get_shim(nlp)
    for other in (pickle.loads(pickle.dumps(shim)), copy.deepcopy(shim), shim.copy()):
        assert other.settings == shim.settings
        for name, weight in shim.network.state_dict().items():
            assert torch.equal(other.network.state_dict()[name], weight)
        with torch.no_grad():
            other.network.embeddings.norm.bias += 1
        assert not torch.equal(
            other.network.embeddings.norm.bias, shim.network.embeddings.norm.bias
        )
    # Two encoders in one pipeline are two for the optimiser.
    assert shim.copy().id != shim.id


def test_initialising_again_keeps_what_was_learned(vanishing: Language) -> None:
    with torch.no_grad():
        get_shim(vanishing).network.embeddings.norm.bias += 1
    before = states(vanishing)
    vanishing.initialize()
    np.testing.assert_array_equal(states(vanishing), before)


def test_averages_take_part_for_a_while(make_encoder: Make, uneven_encoder: Path) -> None:
    nlp = make_encoder(uneven_encoder, precision="bf16")
    model = nlp.get_pipe("transformer").model
    sgd = Adam(0.1, use_averages=True)
    for _ in range(3):
        batch, backprop = model.begin_update([nlp.make_doc(TEXT)])
        rows = batch.doc_data[0].model_output.last_hidden_state
        backprop(batch.unsplit_by_doc([[np.linspace(-1, 1, rows.size).reshape(rows.shape)]]))
        model.finish_update(sgd)
    before = states(nlp)
    with model.use_params(sgd.averages):
        averaged = states(nlp)
        name = "layers.0.inner.weight"
        average = sgd.averages[get_shim(nlp).id, name]
        assert torch.equal(get_shim(nlp).network.get_parameter(name).detach(), average)
    assert np.abs(averaged - before).max() > 0.01
    np.testing.assert_array_equal(states(nlp), before)


def test_moving_to_a_device(make_encoder: Make, uneven_encoder: Path) -> None:
    """Follows thinc where the device is "auto", and stays where the config names one."""
    asked: list[str] = []

    class Recorder:
        config = None

        def to(self, device: Any) -> "Recorder":
            asked.append(str(device))
            return self

    for device in ("auto", "cpu"):
        shim = get_shim(make_encoder(uneven_encoder, device=device))
        shim._model = Recorder()
        shim.to_device("cpu", -1)
    assert asked == ["cpu"]


# Precision ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bf16", "amx", "expected"), [(True, False, False), (True, True, True), (False, False, False)]
)
def test_auto_follows_the_processor(
    monkeypatch: pytest.MonkeyPatch, bf16: bool, amx: bool, expected: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: bf16)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    cpu = choose_device("cpu")
    assert wants_bf16("auto", cpu) is expected
    assert wants_bf16("bf16", cpu) is True
    assert wants_bf16("fp32", cpu) is False
    assert wants_bf16("auto", torch.device("meta")) is False


@pytest.mark.parametrize("supported", [True, False])
def test_auto_follows_the_gpu(monkeypatch: pytest.MonkeyPatch, supported: bool) -> None:
    def is_supported(including_emulation: bool) -> bool:
        return supported or including_emulation

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", is_supported)
    assert wants_bf16("auto", torch.device("cuda:0")) is supported


# What stays behind --------------------------------------------------------------------------------


def test_docs_travel_with_their_vectors(make_encoder: Make, uneven_encoder: Path) -> None:
    nlp = make_encoder(uneven_encoder)
    doc = nlp(TEXT)
    data, back = doc._.trf_data, spacy.tokens.Doc(nlp.vocab).from_bytes(doc.to_bytes())._.trf_data
    np.testing.assert_array_equal(
        back.model_output["last_hidden_state"], data.model_output["last_hidden_state"]
    )
    np.testing.assert_array_equal(back.align.dataXd, data.align.dataXd)
    assert back.wordpieces.strings == data.wordpieces.strings


def test_a_stream_leaves_no_arrays_behind(make_encoder: Make, uneven_encoder: Path) -> None:
    nlp = make_encoder(uneven_encoder)
    nlp.add_pipe("doc_cleaner", config={"attrs": {"_.trf_data": None}})

    def run(n_texts: int) -> int:
        for doc in nlp.pipe(["fever in rats " * (n % 7) for n in range(n_texts)]):
            assert doc._.trf_data is None
        gc.collect()
        return sum(type(thing) is torch.Tensor for thing in gc.get_objects())

    assert run(40) == run(160)
