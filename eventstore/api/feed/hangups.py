"""Clients that hang up while they wait. The server's loop sees it, and whoever waits for such a client's sake leaves at once."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SOCKET: Final = "gunicorn.socket"  # in a request's environment; another server has none


class Hangups:
    """By socket, who is to be told. For use from many threads."""

    def __init__(self) -> None:
        self._leaving: dict[Any, Callable[[], None]] = {}

    @contextmanager
    def told(self, client: Any, leave: Callable[[], None]) -> Iterator[None]:
        """Have this called if the client hangs up meanwhile, or has done so already. None: a server that says nothing of it."""
        if client is None:
            yield
            return
        self._leaving[client] = leave
        try:
            if has_hung_up(client):
                leave()
            yield
        finally:
            del self._leaving[client]

    def tell(self, client: Any) -> None:
        """It has hung up. Waits for nothing."""
        leave = self._leaving.get(client)
        if leave is not None:
            leave()


def has_hung_up(client: Any) -> bool:
    """Whether nothing will come any more. What has come stays there to be read."""
    try:
        return not client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True


hangups: Final = Hangups()
"""Those of this process: a fork shares no socket's thread."""
