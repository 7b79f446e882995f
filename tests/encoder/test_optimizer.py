"""The fused step is thinc's own, weight by weight."""

from typing import Any

import numpy as np
import pytest
import torch
from thinc.api import SGD, Adam, Optimizer, RAdam

from spacy_blurb.encoder.optimizer import take_step

SHAPES = {"a": (7, 5), "b": (3,), "c": (11, 4)}
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "decay": {"L2": 0.1, "L2_is_weight_decay": True},
    "clipped": {"grad_clip": 0.5},
    "not clipped": {"grad_clip": 0.0},
    "betas": {"beta1": 0.5, "beta2": 0.7, "eps": 0.1},
    "averages": {"use_averages": True},
    # Steps that thinc computes.
    "L2 as a loss": {"L2": 0.1, "L2_is_weight_decay": False},
}


def run_both(make: Any, n_steps: int = 6) -> tuple[dict[str, Any], dict[str, Any], Any, Any]:
    rng = np.random.default_rng(0)
    theirs = {name: rng.normal(size=shape).astype("f") for name, shape in SHAPES.items()}
    ours = {n: torch.nn.Parameter(torch.from_numpy(w.copy())) for n, w in theirs.items()}
    their_sgd, our_sgd = make(), make()
    for step in range(n_steps):
        for name, shape in SHAPES.items():
            # One weight takes part in every other step only.
            if name == "b" and step % 2:
                continue
            gradient = rng.normal(size=shape).astype("f")
            ours[name].grad = torch.from_numpy(gradient.copy())
            theirs[name], _ = their_sgd((1, name), theirs[name], gradient)
        take_step(our_sgd, 1, ours.items())
        assert all(weight.grad is None for weight in ours.values())
        for sgd in (their_sgd, our_sgd):
            sgd.step_schedules()
    return ours, theirs, our_sgd, their_sgd


def schedule() -> Any:
    while True:
        yield from (0.1, 0.05, 0.01)


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_steps_equal_thincs(settings: dict[str, Any]) -> None:
    settings = {"use_averages": False, "grad_clip": 1.0, **settings}
    ours, theirs, our_sgd, their_sgd = run_both(lambda: Adam(schedule(), **settings))
    for name, weight in ours.items():
        # The order of decay and step: learn_rate * L2 of a step of at most learn_rate each.
        tolerance = 6 * 0.1 * settings.get("L2", 0.0) * 0.1 if settings.get("L2") else 5e-6
        np.testing.assert_allclose(weight.detach().numpy(), theirs[name], atol=tolerance)
    assert our_sgd.nr_update == their_sgd.nr_update
    if settings["use_averages"]:
        for key, average in their_sgd.averages.items():
            np.testing.assert_allclose(our_sgd.averages[key].numpy(), average, atol=2e-6)


def test_decay_is_what_thinc_would_do_first() -> None:
    """Exactly, where the step is zero."""
    weight = torch.nn.Parameter(torch.full((2,), 3.0))
    weight.grad = torch.zeros(2)
    take_step(Adam(0.1, L2=0.5, use_averages=False), 1, [("w", weight)])
    assert weight.tolist() == pytest.approx([3.0 * (1 - 0.1 * 0.5)] * 2)


@pytest.mark.parametrize("make", [lambda: SGD(0.1), lambda: RAdam(0.1, L2=0.1)])
def test_other_optimisers_are_thincs(make: Any) -> None:
    ours, theirs, _, _ = run_both(make)
    for name, weight in ours.items():
        np.testing.assert_allclose(weight.detach().numpy(), theirs[name], atol=1e-6)


def test_weights_without_a_gradient_stay() -> None:
    still, moving = (torch.nn.Parameter(torch.ones(2)) for _ in range(2))
    moving.grad = torch.ones(2)
    sgd: Optimizer = Adam(0.1, L2=0.1, use_averages=False)
    take_step(sgd, 1, [("still", still), ("moving", moving)])
    assert still.tolist() == [1.0, 1.0]
    assert moving[0] < 0.95
    assert set(sgd.mom1) == {(1, "moving")}


def test_two_encoders_share_an_optimiser() -> None:
    sgd = Adam(0.1, use_averages=False)
    for shim_id in (1, 2):
        weight = torch.nn.Parameter(torch.ones(2))
        weight.grad = torch.ones(2)
        take_step(sgd, shim_id, [("w", weight)])
        # The first step of either.
        assert weight.tolist() == pytest.approx([0.9, 0.9])
