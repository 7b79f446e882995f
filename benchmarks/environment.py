"""What benchmarks write about where they ran: the machine, versions of packages, memory."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from spacy_blurb.runtime.processor import name_processor, read_flags

ARITHMETIC = ("avx2", "avx512f", "avx_vnni", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16")
"""What decides how fast an encoder is, and whether bfloat16 or 8 bits help; names of Linux."""


def describe_machine(**more: Any) -> dict[str, Any]:
    """Describe the processor and the system.

    more: Else what the numbers depend on, for example threads.
    """
    flags = read_flags() or set()
    return {
        "processor": name_processor(),
        "cpus": os.cpu_count(),
        "arithmetic": [name for name in ARITHMETIC if name in flags],
        "system": platform.platform(),
        **more,
    }


def list_versions(*packages: str) -> dict[str, str | None]:
    """Return the versions of Python and of distributions; None for one that is not installed."""
    return {"python": platform.python_version(), **{name: _find(name) for name in packages}}


def resident_megabytes(process: int | str = "self") -> float:
    """Return the resident memory of a process, by default this one; 0 where it has just ended."""
    return _read_megabytes(process, "VmRSS")


def peak_megabytes() -> float:
    """Return the largest resident memory of this process.

    Not ru_maxrss: it keeps the size that the starting process had when it started this one.
    """
    return _read_megabytes("self", "VmHWM")


def _read_megabytes(process: int | str, name: str) -> float:
    for line in Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    return 0.0


def _find(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
