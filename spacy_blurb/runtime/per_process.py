"""What each process has to make for itself."""

import os
from collections.abc import Callable
from typing import Any


class PerProcess:
    """A value with threads of its own, made where it is asked for.

    A forked process has its parent's memory and none of its threads. What the parent made is not
    used there, and never taken apart either: its destructor would wait for those threads.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._process = 0
        self._values: list[Any] = []

    def get(self) -> Any:
        """Return this process's value."""
        if self._process != os.getpid():
            self._values.append(self._make())
            self._process = os.getpid()
        return self._values[-1]
