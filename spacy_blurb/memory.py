"""How does a long training keep its memory? Freed arrays go back to the system."""

import ctypes
import platform

_M_MMAP_THRESHOLD = -3
_THRESHOLD_BYTES = 4 << 20


def return_freed_memory() -> None:
    """Make glibc map arrays above 4 MB apart, so that freeing them gives the memory back.

    By default glibc learns to take arrays of up to 32 MB from its heap, which then grows where
    their sizes change from step to step: with the number of masked pieces in pretraining, with the
    lengths of texts in fine-tuning. Does nothing where the C library is another one.
    """
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _THRESHOLD_BYTES)
