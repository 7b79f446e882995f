"""Freed arrays go back to the system: seen in what the C library says of itself."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

# A freed 16 MB array teaches glibc to take the next 8 MB from its heap; mallinfo2's fifth field
# counts the areas that are mapped apart.
PROGRAM = """
import ctypes, sys
from spacy_blurb.encoder.memory import return_freed_memory
class Info(ctypes.Structure):
    _fields_ = [(str(i), ctypes.c_size_t) for i in range(10)]
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes, libc.mallinfo2.restype = [ctypes.c_void_p], Info
if sys.argv[1] == "with":
    return_freed_memory(None)
libc.free(libc.malloc(16 << 20))
before = getattr(libc.mallinfo2(), "3")
array = libc.malloc(8 << 20)
print(getattr(libc.mallinfo2(), "3") - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps freed arrays")
@pytest.mark.parametrize(("call", "mapped"), [("without", "0"), ("with", "1")])
def test_large_arrays_are_mapped_apart(call: str, mapped: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, call], capture_output=True, text=True, check=False
    )
    assert run.stdout.strip() == mapped, run.stderr


FAULTS = """
import resource, sys
import torch
from spacy_blurb.encoder.memory import return_freed_memory
if sys.argv[1] == "with":
    return_freed_memory(None)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
torch.zeros(16 << 20).add_(1)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")


@pytest.mark.skipif(
    not PAGES.exists() or "[madvise]" not in PAGES.read_text(),
    reason="the system gives large pages to all or to nobody",
)
def test_arrays_of_torch_lie_in_large_pages() -> None:
    """64 MB are 16,384 pages of 4 kB, and 32 of 2 MB."""
    environment = {k: v for k, v in os.environ.items() if k != "THP_MEM_ALLOC_ENABLE"}
    faults = {}
    for call in ("without", "with"):
        command = [sys.executable, "-c", FAULTS, call]
        run = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        faults[call] = int(run.stdout)
    assert faults["with"] < faults["without"] / 4
