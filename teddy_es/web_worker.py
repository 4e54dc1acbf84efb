"""gunicorn's threads, each given a request when it is there: whoever sends half of one holds a socket and no thread.

gunicorn's own worker gives a thread to a connection as soon as anything has come, and waits for the rest without end: as
many half-sent headers as there are threads stop it. Here the worker's loop, which waits for all sockets at once, gathers
what comes until headers and a small body are whole; who is not done by then is closed.
"""

from __future__ import annotations

import re
import socket
import struct
import time
from functools import partial
from typing import Any, Final

from gunicorn import http
from gunicorn.workers.gthread import TConn, ThreadWorker

REQUEST_S: Final = 10.0  # for headers and a small body to be there
_HEADERS: Final = 65_536  # gunicorn refuses what is longer than its own limits
_BODY: Final = 65_536  # what is larger is read by its thread, with the time-outs below
_READ_S: Final = 10
_SEND_S: Final = 30
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,15})[ \t]*\r\n", re.I)
_EXPECTS: Final = re.compile(rb"\r\nexpect:", re.I)  # it sends its body when told so


def is_whole(received: bytes) -> bool:
    """Whether a thread can go on without waiting for the client; also for what never will be whole."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return len(received) > _HEADERS
    head = received[: end + 2]
    length = _LENGTH.search(head)
    if length is None or _EXPECTS.search(head):
        return True
    return len(received) >= end + 4 + min(int(length[1]), _BODY)


class GatheringWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    """See above. Speaks HTTP/1.1 in the clear: TLS ends in the proxy."""

    request_s: float = REQUEST_S

    def accept(self, listener: Any) -> None:
        """Take a connection, and wait for its request."""
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        self.nr_conns += 1
        for option, seconds in (
            (socket.SO_RCVTIMEO, _READ_S),
            (socket.SO_SNDTIMEO, _SEND_S),
        ):
            # the kernel's, for gunicorn sets Python's to none whenever a thread begins
            client.setsockopt(socket.SOL_SOCKET, option, struct.pack("@ll", seconds, 0))
        self._gather(TConn(self.cfg, client, address, listener.getsockname()))

    def on_client_socket_readable(self, conn: Any, client: Any) -> None:
        """The next request on a connection that was kept."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._gather(conn)

    def _gather(self, conn: Any) -> None:
        conn.received = b""
        conn.timeout = time.monotonic() + self.request_s
        self.pending_conns.append(conn)  # gunicorn closes these at their time-out
        self.poller.register(conn.sock, 1, partial(self._more, conn))  # EVENT_READ

    def _more(self, conn: Any, client: Any) -> None:
        try:
            came = client.recv(_HEADERS)
        except BlockingIOError:
            return
        except OSError:
            came = b""
        conn.received += came
        if came and not is_whole(conn.received):
            return
        self.poller.unregister(client)
        self.pending_conns.remove(conn)
        if conn.received:
            self._hand_over(conn)
        else:
            self.nr_conns -= 1
            conn.close()

    def _hand_over(self, conn: Any) -> None:
        if conn.parser is None:
            conn.parser = http.get_parser(self.cfg, conn.sock, conn.client)
        conn.parser.unreader.unread(conn.received)
        conn.received = b""
        conn.initialized = conn.data_ready = True
        self.enqueue_req(conn)
