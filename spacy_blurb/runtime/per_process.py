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
    its lock, which a thread that does not exist there may hold. A process forks between two uses:
    what a library's threads are in the middle of would stay so in the child.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._process = 0
        self._values: list[Any] = []
        self._locks: dict[int, threading.RLock] = {}
        _known.add(self)

    def get(self) -> Any:
        """Return this process's value; for one that several threads can use at once."""
        with self.hold() as value:
            return value

    @contextmanager
    def hold(self) -> Iterator[Any]:
        """Give this process's value to one thread at a time."""
        process = os.getpid()
        with self._locks.setdefault(process, threading.RLock()):
            if self._process != process:
                self._values.append(self._make())
                self._process = process
            yield self._values[-1]

    def pause(self) -> Callable[[], None]:
        """Wait until no other thread uses this process's value; RETURNS what lets them go on."""
        # One that forks while it holds the lock itself does not wait for itself.
        lock = self._locks.setdefault(os.getpid(), threading.RLock())
        lock.acquire()
        return lock.release

    def keep_inherited(self) -> None:
        """Hold what the parent made until the process has ended, when nobody is left to count."""
        for value in self._values:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(value))


_known: "weakref.WeakSet[PerProcess]" = weakref.WeakSet()


def _keep_all_inherited() -> None:
    for shared in list(_known):
        shared.keep_inherited()


class _Pauses(threading.local):
    """What this thread has to let go on behind its fork."""

    def __init__(self) -> None:
        self.resume: list[Callable[[], None]] = []


_pauses = _Pauses()


def _pause_all() -> None:
    # In one order, as two threads may fork.
    _pauses.resume += [shared.pause() for shared in sorted(_known, key=id)]


def _resume_all() -> None:
    while _pauses.resume:
        _pauses.resume.pop()()


# A child that ends by `sys.exit` takes apart all that it has, also what it never used.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_pause_all, after_in_parent=_resume_all, after_in_child=_resume_all)
    os.register_at_fork(after_in_child=_keep_all_inherited)
