"""The encoder of a trained pipeline as the start of another training."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language

from spacy_blurb.encoder.trained_source import find_encoder, is_pipeline
from spacy_blurb.errors import BlurbError

Make = Callable[..., Language]


def states(nlp: Language) -> np.ndarray:
    return nlp("fever in rats 12.5")._.trf_data.model_output["last_hidden_state"]


def move_weights(nlp: Language) -> None:
    network: Any = nlp.get_pipe("transformer").model.shims[0].network
    network.layers[0].inner.weight.data += 0.1


def test_a_pipeline_gives_its_weights_and_not_its_settings(
    make_encoder: Make, uneven_encoder: Path, tmp_path: Path
) -> None:
    nlp = make_encoder(uneven_encoder, window=16, overlap=2)
    before = states(nlp)
    move_weights(nlp)
    nlp.to_disk(tmp_path / "trained")
    assert is_pipeline(str(tmp_path / "trained"))
    assert not is_pipeline(str(uneven_encoder))
    other = make_encoder(tmp_path / "trained", window=32, overlap=4)
    np.testing.assert_array_equal(states(other), states(nlp))
    assert not np.array_equal(states(other), before)
    assert other.get_pipe("transformer").model.shims[0].reader.window == 32
    # Saved, it needs neither of the two.
    other.to_disk(tmp_path / "other")
    shutil.rmtree(tmp_path / "trained")
    np.testing.assert_array_equal(states(spacy.load(tmp_path / "other")), states(nlp))


def test_a_pipeline_without_one_encoder_is_refused(
    make_encoder: Make, tiny_encoder: Path, tmp_path: Path
) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.to_disk(tmp_path / "none")
    with pytest.raises(BlurbError, match=r"B491.*none.*in: none"):
        find_encoder(tmp_path / "none")
    nlp = make_encoder(tiny_encoder)
    nlp.add_pipe(
        "transformer", name="second", config={"model": nlp.get_pipe_config("transformer")["model"]}
    )
    nlp.initialize()
    nlp.to_disk(tmp_path / "two")
    with pytest.raises(BlurbError, match=r"B491.*in: transformer, second"):
        make_encoder(tmp_path / "two")


def test_a_damaged_pipeline_is_said(make_encoder: Make, tiny_encoder: Path, tmp_path: Path) -> None:
    make_encoder(tiny_encoder).to_disk(tmp_path / "trained")
    path = tmp_path / "trained" / "transformer" / "model"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(BlurbError, match=r"B302.*model"):
        make_encoder(tmp_path / "trained")
