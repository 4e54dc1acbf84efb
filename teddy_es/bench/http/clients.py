"""Clients of a measurement, in a process of their own: who appends, and who follows."""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from teddy_es.bench.crews import Threads
from teddy_es.bench.domain import texts
from teddy_es.bench.http.lines import Line

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from teddy_es.bench.contestants import Append
    from teddy_es.bench.http.lines import Address

CREATED = 201
_PIECE = 64_000  # bytes
_PATIENCE_S = 30.0  # for what was accepted to come to each


def append_at_will(address: Address, streams: list[str], pipe: Connection) -> None:
    """A client for each stream. Told seconds, they append for so long, and say how long each append took; told a path, they POST there instead."""
    with suppress(EOFError, BrokenPipeError):
        pipe.send("ready")
        while True:
            seconds, path = pipe.recv()
            jobs = [_appender(address, stream, path) for stream in streams]
            pipe.send(Threads(jobs).work(seconds))


def _appender(address: Address, stream: str, path: str | None) -> Append:
    """Expects any version: it is alone on its stream, and a turn begins where the one before ended."""
    line, text = Line(address), texts(stream)
    to = path or f"/api/v1/streams/{stream}/events"

    def append() -> None:
        event = {"type": "Happened", "data": {"text": text()}}
        answer = line.post(to, {"expected_version": "any", "events": [event]})
        if answer.status != CREATED:
            msg = f"{to} answered {answer.status}: {answer.body[:300]!r}"
            raise RuntimeError(msg)

    return append


def follow(address: Address, count: int, types: str, pipe: Connection) -> None:
    """So many followers, every other one by long polls, the others by server-sent events. Asked for so many events of each, say when each came."""
    came: list[list[float]] = [[] for _ in range(count)]
    ready = threading.Barrier(count + 1)
    for n, times in enumerate(came):
        task: Callable[..., None] = _poll if n % 2 else _stream
        threading.Thread(
            target=task, args=(address, types, times, ready), daemon=True
        ).start()
    ready.wait()
    with suppress(EOFError, BrokenPipeError):
        pipe.send("ready")
        while True:
            wanted: int = pipe.recv()
            until = time.monotonic() + _PATIENCE_S
            while any(len(times) < wanted for times in came):
                if time.monotonic() > until:
                    got = sorted({len(times) for times in came})
                    msg = f"of {wanted} events some followers got {got}"
                    raise RuntimeError(msg)
                time.sleep(0.01)
            pipe.send([times[:wanted] for times in came])
            for times in came:
                del times[:wanted]


def _poll(
    address: Address, types: str, times: list[float], ready: threading.Barrier
) -> None:
    line, feed = Line(address), f"/api/v1/feed?types={types}"
    page: dict[str, Any] = json.loads(_read(line, f"{feed}&after=now"))
    ready.wait()
    while True:
        page = json.loads(_read(line, f"{feed}&wait=20&after={page['next']}"))
        times += [time.monotonic()] * len(page["events"])


def _read(line: Line, path: str) -> bytes:
    answer = line.get(path)
    while answer.status == 503:  # a worker that has no place; the other may have one
        line.close()
        time.sleep(0.2)
        answer = line.get(path)
    return answer.body


def _stream(
    address: Address, types: str, times: list[float], ready: threading.Barrier
) -> None:
    made = _begun(Line(address), f"/api/v1/feed?types={types}&after=now")
    rest = b""
    ready.wait()
    while came := made.recv(_PIECE):
        rest += came
        found = rest.count(b"event: commit\n")
        times += [time.monotonic()] * found
        if found:
            rest = b""


def _begun(line: Line, path: str) -> socket.socket:
    """A stream of events that has begun: a worker that has no place says so, and the other may have one. Raises ConnectionError where it is hung up."""
    came = b""
    made = line.opened(path, "Accept: text/event-stream\r\n")
    while b"retry: " not in came:
        piece = made.recv(_PIECE)
        if not piece and not came.startswith(b"HTTP/1.1 503"):
            msg = f"a stream of events did not begin: {came[:300]!r}"
            raise ConnectionError(msg)
        came += piece
        if came.startswith(b"HTTP/1.1 503"):
            line.close()
            time.sleep(0.2)
            made, came = line.opened(path, "Accept: text/event-stream\r\n"), b""
    made.settimeout(None)
    return made
