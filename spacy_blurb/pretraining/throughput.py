"""How well is the device used? Operations of the model beside what the device can do."""

import time

import torch

from .config import ModelConfig, ObjectiveConfig

_SIDE = 8192  # of the matrices whose product gives the peak on a GPU
_SIDE_CPU = 2048


def operations_per_piece(
    model: ModelConfig, n_pieces: int, seq_len: int, objective: ObjectiveConfig
) -> float:
    """Count the floating-point operations that one piece needs, forward and backward.

    Products alone are counted, a multiplication and an addition as two, and the backward pass as
    twice the forward one: the usual "model FLOPs", without what is computed only once more.

    model (ModelConfig): Shape of the encoder.
    n_pieces (int): Size of the vocabulary.
    seq_len (int): Pieces in a row.
    objective (ObjectiveConfig): Uses the share of pieces that the head judges.
    RETURNS (float): Operations.
    """
    width = model.hidden_width
    products = 2 * width * (4 * width + 2 * model.intermediate_width)
    attention = 4 * seq_len * width
    head = objective.mask_rate * 2 * width * (width + n_pieces)
    return 3.0 * (model.n_layers * (products + attention) + head)


def measure_peak(device: torch.device, dtype: torch.dtype) -> float:
    """Measure how many operations per second large matrix products reach.

    device (torch.device): Where.
    dtype (torch.dtype): Of the matrices.
    RETURNS (float): Operations per second, best of 5.
    """
    side = _SIDE if device.type == "cuda" else _SIDE_CPU
    one = torch.randn(side, side, device=device).to(dtype)
    seconds = []
    for _ in range(6):
        _wait(device)
        begun = time.perf_counter()
        one @ one
        _wait(device)
        seconds.append(time.perf_counter() - begun)
    return 2.0 * side**3 / min(seconds[1:])


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
