"""How forked processes use the encoder: with one thread each, and never waiting for lost ones."""

import os
from functools import cache


@cache
def make_forks_safe() -> None:
    """Let every process that is forked from now on compute with one thread.

    A fork copies memory but no threads. Where torch has computed with several, the copy of its
    thread pool waits for threads that are not there: `nlp.pipe(n_process=2)` would hang after a
    first call in the parent. torch's own data loaders set one thread in their workers for the same
    reason. `nlp.pipe` starts a process per core anyway.
    """
    if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
        os.register_at_fork(after_in_child=_use_one_thread)


def _use_one_thread() -> None:
    import torch

    torch.set_num_threads(1)
