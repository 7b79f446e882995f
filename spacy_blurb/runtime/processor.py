"""What the processor multiplies in hardware, and how many threads may use it."""

import math
import multiprocessing
import os
import platform
from pathlib import Path

_CPU_INFO = Path("/proc/cpuinfo")
_GROUPS, _OWN_GROUP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
_LIMITS = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")
"""The variables by which oneDNN, which OpenVINO computes with, is told to use less."""
_WITHOUT_VNNI = {"SSE41", "AVX", "AVX2", "AVX512_CORE"}
_WITHOUT_AMX = _WITHOUT_VNNI | {"AVX2_VNNI", "AVX2_VNNI_2", "AVX512_CORE_VNNI"}
_WITHOUT_AMX |= {"AVX512_CORE_BF16", "AVX512_CORE_FP16", "AVX10_1_512"}
_X86 = {"x86_64", "AMD64"}
_VNNI_FLAGS = {"avx512_vnni", "avx_vnni", "amx_int8", "asimddp"}


def name_processor() -> str:
    """Name the processor; Linux tells it in a file only."""
    try:
        lines = _CPU_INFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def read_flags() -> set[str] | None:
    """Return what the processor can, in Linux's names ("avx2", "amx_bf16"); None where unknown."""
    if not _CPU_INFO.is_file():
        return None
    return set(_CPU_INFO.read_text(encoding="utf-8").split())


def has_fast_bf16() -> bool:
    """Tell whether bfloat16 may be multiplied faster than float32: on x86, where known, with AMX.

    AVX-512's instruction for it takes longer than float32 on the Xeon that was measured
    (docs/results.md). What other processors can is OpenVINO's to know.
    """
    if _limit() in _WITHOUT_AMX:
        return False
    flags = read_flags()
    return flags is None or platform.machine() not in _X86 or "amx_bf16" in flags


def has_vnni() -> bool:
    """Tell whether 8-bit numbers are multiplied in hardware; true where that cannot be known."""
    if _limit() in _WITHOUT_VNNI:
        return False
    flags = read_flags()
    return flags is None or bool(_VNNI_FLAGS & flags)


def _limit() -> str:
    return next((os.environ[name].upper() for name in _LIMITS if os.environ.get(name)), "")


def count_threads(wanted: int | None) -> int:
    """Return how many threads to compute with.

    wanted (int | None): The setting. None for one in a process of `nlp.pipe(n_process=…)`, which
        starts as many as there are to be, and else OMP_NUM_THREADS, or all processors that the
        process may use.
    """
    if wanted is not None:
        return wanted
    if multiprocessing.parent_process() is not None:
        return 1
    # OpenMP takes a list too, of which the first is for the outermost level.
    variable = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    if variable.isdecimal() and int(variable) > 0:
        return int(variable)
    affinity = getattr(os, "sched_getaffinity", None)
    found = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    return min(found, _quota() or found)


def _quota() -> int:
    """Return how many processors a container or service may use, rounded up; 0 for all.

    That is `docker --cpus`, or `CPUQuota` of systemd: the least of the process's control group
    (version 2) and those that it is in.
    """
    try:
        lines = _OWN_GROUP.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        lines = []
    names = next((line[3:] for line in lines if line.startswith("0::")), "/").strip("/")
    group = _GROUPS / names
    parents = [group, *group.parents[: len(group.parts) - len(_GROUPS.parts)]]
    return min(filter(None, map(_quota_of, parents)), default=0)


def _quota_of(group: Path) -> int:
    try:
        quota, period = (group / "cpu.max").read_text(encoding="utf-8").split()
        return math.ceil(int(quota) / int(period))
    except (OSError, ValueError):  # "max 100000" where there is no limit
        return 0
