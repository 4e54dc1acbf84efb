"""Server-sent events: a message a commit, whose id is the cursor behind it. Ends by itself; the client comes again with `Last-Event-ID`."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from eventstore.events import Cut

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from eventstore.api.callers import Caller
    from eventstore.api.feed.asking import Asked
    from eventstore.api.feed.following import Follower, Turns
    from eventstore.api.feed.ring import Entry

MEDIA_TYPE: Final = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Pace:
    """heartbeat_s: a comment at least so often. longest_s: then the stream ends. retry_ms: how long the client waits until it comes again."""

    heartbeat_s: float = 15.0
    longest_s: float = 300.0
    retry_ms: int = 1_000


class Shows(Protocol):
    """The call that a stream is the answer of."""

    @property
    def turn(self) -> Turns:
        """Its share of the database."""

    @property
    def caller(self) -> Caller:
        """Who calls, as it was looked at last."""

    def look_again(self, entries: Sequence[Entry]) -> None:
        """At the token, before these are shown. Raises if the token was ended, or may see something else."""

    def show(self, entries: Sequence[Entry]) -> list[bytes]:
        """Of each its events, once it is recorded who sees them."""

    def problem(self, error: Exception) -> bytes:
        """An error as problem details."""


class Stream:
    """What a `StreamingHttpResponse` goes through, and closes."""

    def __init__(
        self, view: Shows, asked: Asked, follower: Follower, pace: Pace
    ) -> None:
        self._view, self._asked, self._follower = view, asked, follower
        self._pace = pace
        self.held = ExitStack()
        self._clock = follower.clock
        self._until = self._clock.monotonic() + pace.longest_s
        self._first = b""
        self._has_begun = False
        self._messages = self._all()

    def __iter__(self) -> Generator[bytes]:
        return self._messages

    def close(self) -> None:
        """The client is gone, or the end was reached: place and seat are free."""
        self._messages.close()
        self.held.close()

    def begin(self) -> None:
        """The first look. Raises what keeps it from being shown."""
        self._first = f"retry: {self._pace.retry_ms}\n\n".encode() + self._next(0.0)

    def _all(self) -> Generator[bytes]:
        yield self._first
        self._first = b""
        while (left := self._until - self._clock.monotonic()) > 0:
            if self._follower.ends:
                return
            try:
                found = self._next(min(left, self._pace.heartbeat_s))
            except Exception as error:  # noqa: BLE001  (said in the stream; what nobody expected is logged by the handler)
                yield b"event: problem\ndata: " + self._view.problem(error) + b"\n\n"
                return
            finally:
                self._view.turn.give_back()
            yield found

    def _next(self, timeout_s: float) -> bytes:
        """Messages, or a comment that says no more than that it is still there; with the cursor, if that has moved."""
        before = self._follower.after
        entries = self._follower.next(self._view.caller.reach, timeout_s)
        if entries and self._has_begun:
            self._view.look_again(entries)
        self._has_begun = True
        if entries:
            parts = self._view.show(entries)
            return b"".join(self._messages_of(before, entries, parts))
        moved = self._follower.after != before
        return b": \n" + (self._id(self._follower.after) if moved else b"") + b"\n"

    def _messages_of(
        self, before: Cut, entries: Sequence[Entry], parts: Sequence[bytes]
    ) -> Iterator[bytes]:
        offsets = dict(before.offsets)
        for entry, events in zip(entries, parts, strict=True):
            offsets[entry.place] = entry.offset + 1
            yield (
                self._id(Cut(offsets))
                + b'event: commit\ndata: {"events":['
                + events
                + b"]}\n\n"
            )

    def _id(self, cut: Cut) -> bytes:
        return f"id: {self._asked.cursor(cut, self._view.caller)}\n".encode()
