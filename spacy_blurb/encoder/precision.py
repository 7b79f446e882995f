"""Which number format the encoder computes in, and where."""

from typing import Any, Literal

from ..errors import BlurbError, Errors

Precision = Literal["auto", "bf16", "fp32"]
Storage = Literal["fp32", "fp16"]


def choose_device(device: str) -> Any:
    """Return the torch device that a configured name means.

    device (str): "auto" for the one that thinc uses (the GPU of `--gpu-id`, else the CPU), or a
        name of torch's such as "cpu", "cuda" or "cuda:1", which needs no CuPy for prediction.
    RETURNS (torch.device): The device.
    RAISES (BlurbError): B309 there is no such device here.
    """
    import torch
    from thinc.api import get_torch_default_device

    if device == "auto":
        return get_torch_default_device()
    try:
        chosen = torch.device(device)
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise BlurbError(Errors.B309.format(device=device, reason=reason)) from error
    return chosen


def wants_bf16(precision: Precision, device: Any) -> bool:
    """Decide whether to compute in bfloat16.

    precision (str): "auto", "bf16" or "fp32".
    device (torch.device): Where the encoder runs.
    RETURNS (bool): For "auto", true where this device multiplies bfloat16 faster than float32: a
        GPU in hardware, a CPU with AMX. AVX-512's instruction for it takes longer than float32 on
        the Xeon that was measured (docs/results.md), and torch's emulation several times as long.
    """
    import torch

    if precision != "auto":
        return precision == "bf16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        return bool(torch.cpu._is_amx_tile_supported())
    return False
