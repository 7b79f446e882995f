"""Small pipelines on `spacy_blurb.Encoder.v1`, and what tests of several components need."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from numpy.typing import NDArray
from spacy.language import Language
from spacy.training import Example
from thinc.api import Optimizer


def make_nlp(encoder: Path, *, window: int = 16, **components: dict[str, Any]) -> Language:
    """Make a pipeline, not initialised: name → settings of `blurb_NAME`.

    window (int): Of the encoder, small, so that short texts have several.
    """
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy_blurb.Encoder.v1", "name": str(encoder)}
    model |= {"window": window, "overlap": 4, "precision": "fp32"}
    nlp.add_pipe("transformer", config={"model": model})
    for name, settings in components.items():
        nlp.add_pipe(f"blurb_{name}", name=name, config=settings)
    return nlp


def encoder_weights(nlp: Language) -> dict[str, NDArray[np.floating]]:
    encoder: Any = nlp.get_pipe("transformer")
    named = encoder.model.shims[0].network.named_parameters()
    return {name: weight.detach().numpy().copy() for name, weight in named}


def encoder_gradients(nlp: Language) -> dict[str, NDArray[np.floating]]:
    encoder: Any = nlp.get_pipe("transformer")
    named = encoder.model.shims[0].network.named_parameters()
    return {name: w.grad.numpy().copy() for name, w in named if w.grad is not None}


def clear_gradients(nlp: Language) -> None:
    encoder: Any = nlp.get_pipe("transformer")
    for weight in encoder.model.shims[0].network.parameters():
        weight.grad = None


def set_head(nlp: Language, name: str) -> None:
    """Weights that let gradients of some size reach the encoder."""
    pipe: Any = nlp.get_pipe(name)
    head = pipe.model.get_ref("output_layer")
    head.set_param("W", np.random.default_rng(0).normal(size=head.get_param("W").shape).astype("f"))


def train_step(
    nlp: Language,
    examples: list[Example],
    sgd: Optimizer | None,
    frozen: Sequence[str] = (),
) -> dict[str, float]:
    """As `spacy train` does it: weights change when all components have backpropagated.

    Frozen components annotate, if the encoder that they read is one of them.

    sgd (Optimizer | None): None leaves the gradients where they are.
    """
    annotates = frozen if "transformer" in frozen else ()
    losses = nlp.update(examples, sgd=False, exclude=frozen, annotates=annotates)
    for name, component in nlp.pipeline:
        if name not in frozen and sgd is not None:
            component.finish_update(sgd)
    return losses


def run_python(code: str, *arguments: str) -> str:
    """Run code in a process of its own and return the last line that it prints."""
    command = [sys.executable, "-c", code, *arguments]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()[-1]


def count_passes(nlp: Language, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that the encoder adds to: the pieces of each of its passes."""
    encoder: Any = nlp.get_pipe("transformer")
    network, passes = encoder.model.shims[0].network, []
    forward = network.forward

    def watch(batch: Any, piece_ids: Any, type_ids: Any) -> Any:
        passes.append(len(piece_ids))
        return forward(batch, piece_ids, type_ids)

    monkeypatch.setattr(network, "forward", watch)
    return passes
