"""Loopback ports: is one free, and which could we take."""

from __future__ import annotations

import random
import socket

# Below the range from which the system takes the ports of outgoing connections (Linux:
# 32768 upwards), or one of those could sit on a broker's port while it restarts.
OURS = range(20000, 32000)


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
    """A free port: the preferred one if it is free."""
    if preferred is not None and is_free(preferred):
        return preferred
    candidates = random.SystemRandom().sample(OURS, 200)
    return next(port for port in candidates if is_free(port))
