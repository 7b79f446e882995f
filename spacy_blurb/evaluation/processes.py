"""Programs that a grid starts: their log, their time, and their end when the grid is stopped."""

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import BlurbError, Errors


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process took.

    seconds (float): From its start to its end.
    cpu_seconds (float | None): Of all its threads, children not included; None where the system
        does not tell (Windows).
    """

    seconds: float
    cpu_seconds: float | None


class Processes:
    """Runs programs, from several threads if need be, and can stop all of them."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def run(self, command: Sequence[str], *, log: Path, env: Mapping[str, str]) -> Usage:
        """Run a program to its end; what it prints goes behind what the log holds.

        env (Mapping[str, str]): Over the variables of this process.
        RAISES (BlurbError): B626 it failed or was stopped; the message has its last line.
        """
        start = time.perf_counter()
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as stream:
            stream.write(f"$ {' '.join(command)}\n".encode())
            stream.flush()
            begin = stream.tell()
            with self._lock:
                if self._stopped:
                    raise KeyboardInterrupt
                process = subprocess.Popen(
                    command,
                    stdout=stream,
                    stderr=subprocess.STDOUT,
                    # Otherwise what Python prints comes behind the message of its end.
                    env={**os.environ, "PYTHONUNBUFFERED": "1", **env},
                )
                self._running.add(process)
        try:
            cpu_seconds = _wait(process)
        finally:
            with self._lock:
                self._running.discard(process)
        if process.returncode != 0:
            lines = log.read_bytes()[begin:].decode(errors="replace").strip().splitlines()
            raise BlurbError(
                Errors.B626.format(
                    program=" ".join(command[2:5]),
                    code=process.returncode,
                    reason=lines[-1].strip() if lines else "it printed nothing",
                    log=log,
                )
            )
        return Usage(time.perf_counter() - start, cpu_seconds)

    @property
    def stopped(self) -> bool:
        """Tell whether `stop` was called: a program that failed after it did not fail by itself."""
        return self._stopped

    def stop(self) -> None:
        """End all programs, and start none any more."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                process.terminate()


def _wait(process: "subprocess.Popen[bytes]") -> float | None:
    """Wait for the end, and return the CPU seconds of this process alone."""
    if not hasattr(os, "wait4"):
        process.wait()
        return None
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime
