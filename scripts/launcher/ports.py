"""Loopback ports: is one free, and which could we take."""

from __future__ import annotations

import random
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Below the range from which the system takes the ports of outgoing connections (Linux:
# 32768 upwards), or one of those could sit on a broker's port while it restarts.
OURS = range(20000, 32000)
_given: set[int] = set()


LARGEST = 65535


def require_ports(first: int, *, count: int = 1, least: int = 1) -> None:
    """Raises ValueError, which says what may be given, for ports that no machine has."""
    if not least <= first <= LARGEST - count + 1:
        raise ValueError(
            f"takes a port from {least} to {LARGEST - count + 1}, not {first}"
        )


def is_ours_to_take(port: int) -> bool:
    """Whether we may listen there at all, were it free: low ones are the system's on many machines."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            return False
        except OSError:
            return True
    return True


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a port whose connections are only closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port(*, preferred: int | None = None) -> int:
    """A free port: the preferred one if it is free. No other is given twice: whoever was given one may not listen there yet."""
    if preferred is not None and is_free(preferred):
        port = preferred
    else:
        left = [port for port in OURS if port not in _given] or list(OURS)
        shuffled = random.SystemRandom().sample(left, len(left))
        port = next(port for port in shuffled if is_free(port))
    keep([port])
    return port


def keep(ports: Iterable[int]) -> None:
    """Give none of these to anybody: somebody will listen there."""
    _given.update(ports)
