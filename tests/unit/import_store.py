"""A store for the importer's tests: accepts, replays and refuses like the real one, when the test lets it."""

from __future__ import annotations

import json
from collections import deque
from concurrent.futures import Future
from datetime import UTC, datetime
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from eventstore.errors import (
    CommitIdReused,
    EventIdReused,
    InvalidEvent,
    WrongExpectedVersion,
)
from eventstore.events import AppendResult, NewEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_IDS = UUID("00000000-0000-4000-8000-000000000000")


class ImportStore:
    """Answers in an order of its own: the newest first, once `patience` commits are on their way.

    troubles: what to answer instead, in turn, None for nothing special.
    """

    def __init__(self, patience: int = 1) -> None:
        self.streams: dict[str, list[NewEvent]] = {}
        self.commits: dict[tuple[str, UUID], AppendResult] = {}
        self.ids: dict[tuple[str, UUID], list[UUID | None]] = {}
        self.troubles: deque[BaseException | None] = deque()
        self.most_in_flight = 0
        self.on_submit: Callable[[], None] = lambda: None
        self._patience = patience
        self._waiting: list[Callable[[], None]] = []
        self._on_their_way: list[str] = []

    def submit_past(
        self,
        stream_id: str,
        events: Sequence[NewEvent],
        *,
        commit_id: UUID,
        first_version: int | None = None,
    ) -> Future[AppendResult]:
        """See the real one. Two commits of one stream at once are what no importer may do."""
        assert stream_id not in self._on_their_way
        for index, event in enumerate(events):
            if event.type == "Unknown":
                msg = "the type is not known"
                raise InvalidEvent(msg, index=index)
        self.on_submit()
        future: Future[AppendResult] = Future()
        self._on_their_way.append(stream_id)
        self.most_in_flight = max(self.most_in_flight, len(self._on_their_way))
        kept, commit, first = list(events), commit_id, first_version
        self._waiting.append(
            lambda: self._decide(future, stream_id, kept, commit, first)
        )
        if len(self._waiting) >= self._patience:
            self.answer()
        return future

    def answer(self) -> None:
        """Decide whatever is on its way."""
        while self._waiting:
            self._waiting.pop()()

    def _decide(
        self,
        future: Future[AppendResult],
        stream_id: str,
        events: list[NewEvent],
        commit: UUID,
        first: int | None,
    ) -> None:
        self._on_their_way.remove(stream_id)
        trouble = self.troubles.popleft() if self.troubles else None
        try:
            result = (
                self._accept(stream_id, events, commit, first)
                if trouble is None
                else trouble
            )
        except (CommitIdReused, EventIdReused, WrongExpectedVersion) as error:
            result = error
        if isinstance(result, AppendResult):
            future.set_result(result)
        else:
            future.set_exception(result)

    def _accept(
        self,
        stream_id: str,
        events: list[NewEvent],
        commit: UUID,
        said: int | None,
    ) -> AppendResult:
        ids = [event.event_id for event in events]
        if known := self.commits.get((stream_id, commit)):
            if self.ids[stream_id, commit] != ids:
                raise CommitIdReused(str(commit), stream_id, differs="event_id")
            return known
        there = self.streams.setdefault(stream_id, [])
        if said is not None and said != len(there) + 1:
            raise WrongExpectedVersion(
                stream_id, expected=said - 1, current_version=len(there)
            )
        if {e.event_id for e in there} & set(ids):
            raise EventIdReused(stream_id)
        first, last = len(there) + 1, len(there) + len(events)
        there += events
        now = datetime(2026, 1, 1, tzinfo=UTC)
        self.ids[stream_id, commit] = ids
        self.commits[stream_id, commit] = AppendResult(
            commit, stream_id, first, last, [], now, replayed=True
        )
        return AppendResult(commit, stream_id, first, last, [], now)

    def numbers(self, stream_id: str) -> list[int]:
        """What the stream's events say in `n`."""
        return [event.data["n"] for event in self.streams.get(stream_id, [])]


class BusyStore(ImportStore):
    """Answers from a thread of its own, the newest first, whenever it gets to it."""

    def __init__(self) -> None:
        super().__init__(patience=10**9)
        self._bell: SimpleQueue[bool] = SimpleQueue()
        self._thread = Thread(target=self._live, daemon=True)

    def __enter__(self) -> BusyStore:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bell.put(False)  # noqa: FBT003
        self._thread.join()

    def submit_past(self, *args: Any, **kwargs: Any) -> Future[AppendResult]:
        """See above."""
        future = super().submit_past(*args, **kwargs)
        self._bell.put(True)  # noqa: FBT003
        return future

    def _live(self) -> None:
        while self._bell.get():
            self.answer()


class FakeClock:
    """Time passes by `step` seconds at each look, and only then."""

    def __init__(self, step: float = 0.0) -> None:
        self._now, self._step = 0.0, step

    def monotonic(self) -> float:
        """See the port."""
        self._now += self._step
        return self._now

    def now(self) -> datetime:
        """See the port."""
        return datetime(2026, 1, 1, tzinfo=UTC)


def uid(name: object) -> str:
    """A UUID for a name."""
    return str(uuid5(_IDS, str(name)))


def a_line(stream: str, n: int, commit: object = None, **changes: Any) -> bytes:
    """A line of a stream that says n, of the named commit."""
    fields = {
        "specversion": "1.0",
        "id": uid(f"{stream} {n}"),
        "source": "/shop",
        "type": "Happened",
        "subject": f"order.{stream}",
        "time": "2018-05-02T19:38:15Z",
        "commitid": None if commit is None else uid(commit),
        "data": {"n": n},
    }
    return json.dumps(fields | changes).encode() + b"\n"
