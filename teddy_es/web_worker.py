"""gunicorn's threads, each given a request when it is there: whoever sends half of one holds a socket and no thread.

gunicorn's own worker gives a thread to a connection as soon as anything has come, and waits for the rest without end: as
many half-sent headers as there are threads stop it. Here the worker's loop, which waits for all sockets at once, gathers
what comes until headers and a small body are whole; who is not done by then is closed.

Who follows the feed waits for minutes: those requests have threads of their own, so they never take one from an append.
"""

from __future__ import annotations

import re
import socket
import struct
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_to_bytes

from gunicorn import http
from gunicorn.http.errors import (
    ConfigurationProblem,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
)
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import TConn, ThreadWorker

from eventstore.api.feed.hangups import has_hung_up

if TYPE_CHECKING:
    from types import FrameType

REQUEST_S: Final = 10.0  # for headers and a small body to be there
_HEADERS: Final = 65_536  # gunicorn refuses what is longer than its own limits
_BODY: Final = 65_536  # what is larger is read by its thread, with the time-outs below
_READ_S: Final = 10
_SEND_S: Final = 30
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,15})[ \t]*\r\n", re.I)
FEED: Final = b"/api/v1/feed"
SPARE: Final = (
    8  # threads for those that are refused a place, and for pages that nobody waits for
)
_BEHIND: Final = re.compile(rb"[?#]")  # a path: gunicorn leaves a fragment out, too
NoRequest = Callable[[HTTPStatus], tuple[HTTPStatus, str, bytes]]
"""Status → the answer's, its media type, its body."""
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


def is_of_feed(received: bytes) -> bool:
    """Whether a request may be one that waits: by its address, however that is written."""
    target = received.split(b" ", 2)[1:2]
    return bool(target) and unquote_to_bytes(_BEHIND.split(target[0])[0]).endswith(FEED)


def status_of(error: BaseException) -> HTTPStatus | None:
    """What a client did wrong that has sent no request; None: it did nothing wrong."""
    if isinstance(error, LimitRequestLine):
        return HTTPStatus.REQUEST_URI_TOO_LONG
    if isinstance(error, LimitRequestHeaders):
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    if isinstance(error, ConfigurationProblem) or not isinstance(error, ParseException):
        return None
    return HTTPStatus.BAD_REQUEST


class GatheringWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    """See above. Speaks HTTP/1.1 in the clear: TLS ends in the proxy."""

    request_s: float = REQUEST_S
    _followers: ThreadPoolExecutor | None = None
    _end_followers: Callable[[], None] | None = None
    _tell_of: Callable[[Any], None] | None = None
    _no_request: NoRequest | None = None

    def serve_followers(
        self, places: int, end: Callable[[], None], gone: Callable[[Any], None]
    ) -> None:
        """Threads for so many who wait, and some. end: has them come to an end; gone: told the socket of one who hung up. Both wait for nothing."""
        self._tell_of = gone
        self._followers = ThreadPoolExecutor(places + SPARE, "follower")
        self._end_followers = end

    def answer_no_request_by(self, answer: NoRequest) -> None:
        """Who says what is answered to what is no request."""
        self._no_request = answer

    def handle_error(
        self, req: Any, client: Any, addr: Any, exc: BaseException
    ) -> None:
        """What is no request gets an answer of ours, whoever sent it: nobody knows what it asked for. Neither answer nor log repeats it."""
        status = status_of(exc)
        if status is None or self._no_request is None:
            super().handle_error(req, client, addr, exc)
            return
        self.log.warning("no request came: %s", type(exc).__name__)
        said, media_type, body = self._no_request(status)
        head = (
            f"HTTP/1.1 {said.value} {said.phrase}\r\nConnection: close\r\nCache-Control: no-store\r\n"
            f"Content-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with suppress(OSError):  # who sent it is gone
            write_nonblock(client, head.encode() + body)

    def enqueue_req(self, conn: Any) -> None:
        """Give the request to a thread, by what it asks for."""
        pool, finish = self.tpool, self.finish_request
        if self._followers and is_of_feed(conn.parser.unreader.buf.getvalue()):
            pool, finish = self._followers, self._finish_followed
            conn.is_watched = True
            self.poller.register(conn.sock, 1, partial(self._hung_up, conn))
        done = partial(self.method_queue.defer, finish, conn)
        pool.submit(self.handle, conn).add_done_callback(done)

    def _hung_up(self, conn: Any, client: Any) -> None:
        """A follower's client has, or sends its next request already; that waits until this one has its answer."""
        if self._watches_no_more(conn) and has_hung_up(client) and self._tell_of:
            self._tell_of(client)

    def _finish_followed(self, conn: Any, done: Any) -> None:
        self._watches_no_more(conn)
        self.finish_request(conn, done)

    def _watches_no_more(self, conn: Any) -> bool:
        """Whether it did."""
        was, conn.is_watched = conn.is_watched, False
        if was:
            self.poller.unregister(conn.sock)
        return bool(was)

    def run(self) -> None:
        """Until told to stop, and all that was begun has ended."""
        super().run()
        self._let_followers_go()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Told to stop: requests in flight end by themselves, followers have to be told."""
        super().handle_exit(sig, frame)
        if self._end_followers:
            self._end_followers()

    def handle_quit(self, sig: int, frame: FrameType | None) -> None:
        """Told to stop at once."""
        self._let_followers_go()
        super().handle_quit(sig, frame)

    def _let_followers_go(self) -> None:
        if self._end_followers and self._followers:
            self._end_followers()
            self._followers.shutdown(wait=False)

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
