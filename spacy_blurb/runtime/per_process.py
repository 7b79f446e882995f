"""What each process has to make for itself."""

import ctypes
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class PerProcess:
    """A value with threads of its own, made where it is asked for.

    A forked process has its parent's memory and none of its threads. What the parent made is not
    used there, and never taken apart either: its destructor would wait for those threads. Nor is
    its lock, which a thread that does not exist there may hold.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._process = 0
        self._values: list[Any] = []
        self._locks: dict[int, threading.Lock] = {}
        _known.add(self)

    def get(self) -> Any:
        """Return this process's value; for one that several threads can use at once."""
        with self.hold() as value:
            return value

    @contextmanager
    def hold(self) -> Iterator[Any]:
        """Give this process's value to one thread at a time."""
        process = os.getpid()
        with self._locks.setdefault(process, threading.Lock()):
            if self._process != process:
                self._values.append(self._make())
                self._process = process
            yield self._values[-1]

    def keep_inherited(self) -> None:
        """Hold what the parent made until the process has ended, when nobody is left to count."""
        for value in self._values:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(value))


_known: "weakref.WeakSet[PerProcess]" = weakref.WeakSet()


def _keep_all_inherited() -> None:
    for shared in list(_known):
        shared.keep_inherited()


# A child that ends by `sys.exit` takes apart all that it has, also what it never used.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_keep_all_inherited)
