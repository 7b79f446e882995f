"""Which Ray cluster annotates? Found, joined and left; the only module that imports Ray."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

from ..errors import BlurbError, Errors, first_line

LOCAL = "local"
"""In place of an address: processes that Ray starts on this machine, and ends with this one."""

_SECONDS = 10.0
"""To wait for an answer of the head, if only the first one: Ray itself would wait for minutes."""


@contextmanager
def joined_cluster(address: str, n_local: int) -> Iterator[Any]:
    """Join a cluster, give the module `ray`, and leave with all that was started there.

    address (str): "HOST:PORT" of the head, "auto" for the cluster of this machine, or `LOCAL`.
    n_local (int): Of `LOCAL`, how many processes there may be.
    RAISES (BlurbError): B703 Ray is not installed, B766 there is no such cluster, or it runs
        other versions of Ray or Python.
    """
    ray = _import_ray()
    # Ray prints on stdout what it hears of nodes; there is the summary's place.
    with redirect_stdout(sys.stderr):
        _join(ray, address, n_local)
        try:
            yield ray
        finally:
            ray.shutdown()


def _import_ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise BlurbError(Errors.B703.format(package="ray", extra="ray")) from error
    return ray


def _join(ray: Any, address: str, n_local: int) -> None:
    settings: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address == LOCAL:
        # A cluster that Ray starts would report its use over the network.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        settings.update(num_cpus=n_local, include_dashboard=False)
    try:
        _knock(address)
        ray.init(address=address, **settings)
    except (OSError, ValueError, RuntimeError) as error:
        message = Errors.B766.format(address=address, reason=first_line(error))
        raise BlurbError(message) from error


def _knock(address: str) -> None:
    host, colon, port = address.rpartition(":")
    if colon and port.isdecimal():
        socket.create_connection((host, int(port)), timeout=_SECONDS).close()
