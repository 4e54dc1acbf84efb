"""The least that speaks HTTP/1.1 over a kept connection: what is measured is the server."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from typing import Any, Final, NamedTuple

_PIECE: Final = 256_000  # bytes
_PATIENCE: Final = 60.0  # seconds


class Address(NamedTuple):
    """Where the server is, and whose token is sent."""

    port: int
    token: str


class Answer(NamedTuple):
    """What came."""

    status: int
    body: bytes


class Line:
    """A connection, made when it is needed and kept. Raises OSError where it breaks: then nobody knows what became of the request."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._socket: socket.socket | None = None

    def get(self, path: str) -> Answer:
        """A GET; again on a new connection where the server has let go of the kept one meanwhile."""
        was_kept = self._socket is not None
        try:
            return self._ask(f"GET {path}", b"", "")
        except ConnectionError:
            if not was_kept:
                raise
            return self._ask(f"GET {path}", b"", "")

    def post(self, path: str, body: Any, headers: str = "") -> Answer:
        """A POST of JSON. headers: more of them, each with its line's end."""
        return self._ask(f"POST {path}", json.dumps(body).encode(), headers)

    def opened(self, path: str, headers: str) -> socket.socket:
        """A GET whose answer has no end; what comes is read from the socket."""
        made = self._connected()
        made.sendall(self._head(f"GET {path}", headers) + b"\r\n")
        return made

    def close(self) -> None:
        """The next request makes another."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def hang_up(self) -> None:
        """For another thread: whoever reads from it finds that it has ended."""
        if (made := self._socket) is not None:
            with suppress(OSError):  # it has ended by itself
                made.shutdown(socket.SHUT_RDWR)

    def _connected(self) -> socket.socket:
        if self._socket is None:
            place = "127.0.0.1", self._address.port
            self._socket = socket.create_connection(place, _PATIENCE)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    def _head(self, what: str, headers: str) -> bytes:
        return (
            f"{what} HTTP/1.1\r\nHost: testserver\r\nAuthorization: Token {self._address.token}\r\n"
            f"{headers}"
        ).encode()

    def _ask(self, what: str, body: bytes, headers: str) -> Answer:
        if body:
            headers += (
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            )
        try:
            made = self._connected()
            made.sendall(self._head(what, headers) + b"\r\n" + body)
            return self._answer(made)
        except BaseException:
            self.close()
            raise

    def _answer(self, made: socket.socket) -> Answer:
        came = b""
        while (end := came.find(b"\r\n\r\n")) < 0:
            came += _more(made)
        head = came[:end].lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0] or 0)
        body = [came[end + 4 :]]
        left = length - len(body[0])
        while left > 0:
            body.append(_more(made))
            left -= len(body[-1])
        if b"connection: close" in head:
            self.close()
        return Answer(int(head[9:12]), b"".join(body))


def _more(made: socket.socket) -> bytes:
    came = made.recv(_PIECE)
    if not came:
        msg = "the server has hung up"
        raise ConnectionError(msg)
    return came
