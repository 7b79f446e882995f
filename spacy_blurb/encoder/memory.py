"""How training keeps its memory: freed arrays go back to the system, in large pages."""

import ctypes
import os
import platform
from collections.abc import Callable

from spacy.language import Language

_M_MMAP_THRESHOLD = -3
_THRESHOLD_BYTES = 4 << 20


def make_return_freed_memory_v1() -> Callable[[Language], Language]:
    """Build `spacy_blurb.return_freed_memory.v1`, a callback for `initialize.before_init`."""
    return return_freed_memory


def return_freed_memory(nlp: Language) -> Language:
    """Make glibc map arrays above 4 MB apart, so that freeing them gives the memory back.

    spaCy's optimiser makes new arrays for every weight and step. By default glibc learns to take
    arrays of up to 32 MB from its heap, which then grows by megabytes a step for some shapes of
    encoder (seen with 4 x 256 and 16,000 pieces). Does nothing where the C library is another one.

    An array that is mapped anew costs a fault for every page that is written to. torch asks Linux
    for pages of 2 MB in place of 4 kB if THP_MEM_ALLOC_ENABLE is set before it makes its first
    tensor; what the user has set stays.
    """
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _THRESHOLD_BYTES)
    return nlp
