"""Who is at work while the server just runs: each goes on under the next token when the one before has ended."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from teddy_es.bench.domain import texts
from teddy_es.bench.http.lines import Address, Line

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Sequence

    from teddy_es.bench.http.lines import Answer

_AGAIN_S: Final = 0.1
_PATIENCE_S: Final = 30.0  # until a token that has ended is followed by another


def _counted(unit: str) -> Any:
    return field(default=0, metadata={"unit": unit})


@dataclass(slots=True)
class Counts:
    """What happened. missed, repeated: by followers, of what each should have had once; deferred: refused for a moment (429, 503); broken: connections."""

    missed: int = _counted("events")
    repeated: int = _counted("events")
    appended: int = _counted("commits")
    followed: int = _counted("events")
    read: int = _counted("answers")
    rotated: int = _counted("tokens")
    deferred: int = _counted("answers")
    broken: int = _counted("connections")


class Token:
    """The one that is good now."""

    def __init__(self, secret: str) -> None:
        self._now, self._changed = secret, threading.Condition()

    @property
    def now(self) -> str:
        """Its secret."""
        return self._now

    def replace(self, secret: str) -> None:
        """It has ended; this one is good."""
        with self._changed:
            self._now = secret
            self._changed.notify_all()

    def other_than(self, ended: str) -> str:
        """The one behind a token that has ended. Raises RuntimeError where none comes: that one should not have ended."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._now != ended, _PATIENCE_S):
                msg = "a token was refused that nobody has ended"
                raise RuntimeError(msg)
            return self._now


class Client:
    """Asks until it is answered. Raises RuntimeError for an answer that is neither what was asked for, nor 401, 429 or 503."""

    def __init__(self, port: int, token: Token, counts: Counts) -> None:
        self._port, self._token, self.counts = port, token, counts
        self._secret = token.now
        self.line = Line(Address(port, self._secret))

    def close(self) -> None:
        """Its connection."""
        self.line.close()

    def get(self, path: str) -> Answer:
        """Of what is there."""
        return self._ask(200, lambda: self.line.get(path))

    def post(self, path: str, body: Any, commit_id: str) -> Answer:
        """The same commit as often as it takes."""
        headers = f"Idempotency-Key: {commit_id}\r\n"
        return self._ask(201, lambda: self.line.post(path, body, headers))

    def refused(self, status: int, body: bytes, what: str) -> None:
        """Do what another answer than the one that was asked for says. Too many ended tokens from one place are 429, and no 401."""
        if status == 401 or self._secret != self._token.now:
            self.line.close()
            self._secret = self._token.other_than(self._secret)
            self.line = Line(Address(self._port, self._secret))
        elif status in (429, 503):
            self.counts.deferred += 1
            time.sleep(_AGAIN_S)
        else:
            msg = f"{what} answered {status}: {body[:300]!r}"
            raise RuntimeError(msg)

    def _ask(self, wanted: int, ask: Callable[[], Answer]) -> Answer:
        while True:
            try:
                answer = ask()
            except OSError:
                self.counts.broken += 1
                time.sleep(_AGAIN_S)
                continue
            if answer.status == wanted:
                return answer
            self.refused(answer.status, answer.body, "a call")


def write(
    client: Client,
    streams: Sequence[str],
    written: dict[str, int],
    stop: threading.Event,
    every_s: float,
) -> None:
    """One commit after another, to each stream in turn, each expecting the version that the one before gave."""
    text, number = texts("soak"), 0
    while not (number and stop.wait(every_s)):
        stream = streams[number % len(streams)]
        event = {"type": "Happened", "data": {"text": text()}}
        version = written.get(stream, 0)
        body = {"expected_version": version, "events": [event]}
        client.post(f"/api/v1/streams/{stream}/events", body, str(uuid4()))
        written[stream] = version + 1
        number += 1


def read(
    client: Client,
    streams: Sequence[str],
    types: str,
    stop: threading.Event,
    every_s: float,
) -> None:
    """Lists, and what a list names, one after another."""
    paths = [f"/api/v1/streams?type={types}&limit=20", "/api/v1/events?limit=20"]
    number = 0
    while not stop.wait(every_s):
        path = paths[number % len(paths)]
        found = json.loads(client.get(path).body)
        for one in found.get("streams", ()):
            if one["stream_id"] in streams:
                below = f"/api/v1/streams/{one['stream_id']}"
                client.get(f"{below}/events?direction=backwards&limit=50")
        client.counts.read += 1
        number += 1


class Followed:
    """Follows the feed of a type, and looks that each stream's events come each once and in their order."""

    def __init__(self, client: Client, types: str) -> None:
        self.client = client
        self._feed = f"/api/v1/feed?types={types}"
        self._heads: dict[str, int] = {}
        self._after = ""
        self.missed = self.repeated = self.events = 0

    def begin(self) -> None:
        """From now on."""
        page = json.loads(self.client.get(f"{self._feed}&after=now").body)
        self._after = page["next"]

    def hang_up(self) -> None:
        """For another thread, once it is told to stop."""
        self.client.line.hang_up()

    def missing(self, written: dict[str, int]) -> int:
        """How many of these it has not seen."""
        return sum(
            max(0, version - self._heads.get(stream, 0))
            for stream, version in written.items()
        )

    def take(self, event: dict[str, Any]) -> None:
        """Compare it with what came before."""
        stream, version = event["stream_id"], event["version"]
        head = self._heads.get(stream, 0)
        self.events += 1
        if version <= head:
            self.repeated += 1
            return
        self.missed += version - head - 1
        self._heads[stream] = version


class Polled(Followed):
    """By long polls of so many seconds."""

    def __init__(self, client: Client, types: str, wait_s: int) -> None:
        super().__init__(client, types)
        self._wait_s = wait_s

    def follow(self, stop: threading.Event) -> None:
        """Until told to stop, and the last poll has its answer."""
        while not stop.is_set():
            path = f"{self._feed}&wait={self._wait_s}&after={self._after}"
            page = json.loads(self.client.get(path).body)
            for event in page["events"]:
                self.take(event)
            self._after = page["next"]


class Streamed(Followed):
    """By server-sent events."""

    def follow(self, stop: threading.Event) -> None:
        """Until told to stop, and the next line or the end comes."""
        while not stop.is_set():
            headers = f"Accept: text/event-stream\r\nLast-Event-ID: {self._after}\r\n"
            try:
                made = self.client.line.opened(self._feed, headers)
                for message in self._messages(made, stop):
                    self._handle(message)
            except (OSError, HTTPException):
                self.client.counts.broken += not stop.is_set()
            self.client.line.close()

    def _messages(
        self, made: socket.socket, stop: threading.Event
    ) -> Iterator[dict[str, str]]:
        """Of one connection, until it ends. What is no stream is what `refused` makes of it."""
        with HTTPResponse(made, method="GET") as answer:
            answer.begin()
            if answer.status != 200:
                self.client.refused(answer.status, answer.read(), self._feed)
                return
            message: dict[str, str] = {}
            while (line := answer.readline()) and not stop.is_set():
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name:
                    message[name] = value
                    continue
                yield message
                message = {}

    def _handle(self, message: dict[str, str]) -> None:
        if message.get("event") == "problem":
            problem = json.loads(message["data"])
            self.client.refused(problem["status"], message["data"].encode(), "a stream")
            return
        for event in json.loads(message.get("data", "{}")).get("events", ()):
            self.take(event)
        self._after = message.get("id", self._after)
