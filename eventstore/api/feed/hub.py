"""One reader a process, for all who follow: it reads each new event once and wakes those for whom something came.

A follower takes a seat, takes what there is behind its cursor, and waits. The hub's thread is told by PostgreSQL of each
fold (`Waker`), passes over those of streams that nobody follows, reads the others by pages, and keeps what it read in a
ring. It begins with the first seat and ends when there has been none for a while.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

import structlog
from django.db import connections

from eventstore.api.feed.ring import BYTES, Ring, entries_of
from eventstore.clock import BackOff
from eventstore.database import kind_of
from eventstore.errors import EventStoreError
from eventstore.protocol.positions import type_number_of
from eventstore.queries.feed import cut_of, marks
from eventstore.subscriptions.waker import Waker

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from eventstore.api.feed.ring import Taken
    from eventstore.database import Connect
    from eventstore.events import Cut, Place, RecordedEvent
    from eventstore.log.topics import Topics
    from eventstore.ports import Clock

logger = structlog.get_logger(__name__)

GAP: Final = 0.025  # seconds between two reads: what comes meanwhile is read together
PAGE: Final = 1_000  # events of one read
KEEP: Final = 60.0  # seconds that a stream type is read on when nobody follows it
_SLOWLY: Final = 1.0  # seconds between two looks when nobody tells of anything
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 5.0
_PATIENCE: Final = 20.0  # seconds for the thread to end


class Source(Protocol):
    """A store, as far as a hub needs it."""

    @property
    def topics(self) -> Topics: ...

    def read_all(
        self, after: Cut | None = None, *, types: Sequence[str], limit: int
    ) -> tuple[Sequence[RecordedEvent], Cut]:
        """See `EventStore`."""


class Seat:
    """A follower's, at the hub. types: of the streams that it follows."""

    def __init__(self, hub: Hub, types: frozenset[str]) -> None:
        self._hub = hub
        self.types = types
        self._came = threading.Event()
        self.is_left = False

    def leave(self) -> None:
        """The follower is gone: whoever waits here for its sake comes to an end. Waits for nothing."""
        self.is_left = True
        self._came.set()

    def take(self, after: Cut, limit: int) -> Taken:
        """What there is; from here on `wait` ends when more has come. Raises `Behind`, `Ahead`, and what keeps the hub from reading."""
        self._came.clear()
        return self._hub.take(after, self.types, limit)

    def wait(self, timeout_s: float) -> bool:
        """Until something has come since the last `take`, the hub ends, or the follower is gone; False: nothing has in this time."""
        return self.is_left or self._came.wait(timeout_s)

    def wake(self) -> None:
        """Something came."""
        self._came.set()


class Hub:
    """See above; for use from many threads. size: of the ring, in bytes."""

    def __init__(
        self,
        store: Source,
        connect: Connect,
        clock: Clock,
        *,
        size: int = BYTES,
        page: int = PAGE,
        gap_s: float = GAP,
        keep_s: float = KEEP,
    ) -> None:
        self.store = store
        self.clock = clock
        self._connect = connect
        self._size, self._page, self._gap_s, self._keep_s = size, page, gap_s, keep_s
        self._topics = store.topics
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self.ends = threading.Event()
        self._seats: set[Seat] = set()
        self._wanted: dict[str, float] = {}
        self._numbers: frozenset[int] = frozenset()
        self._ring = Ring(size)
        self._read: frozenset[str] = frozenset()
        self._trouble: Exception | None = None
        self._back_off = BackOff(clock, _FIRST_PAUSE, _LONGEST_PAUSE)
        self._thread: threading.Thread | None = None

    # ---- what followers ask

    @contextmanager
    def seat(self, types: Collection[str]) -> Iterator[Seat]:
        """Take a seat: from now on these types are read, if they were not."""
        seat = Seat(self, frozenset(types))
        with self._lock:
            self._seats.add(seat)
            self._want(seat.types)
        try:
            yield seat
        finally:
            with self._lock:
                self._seats.discard(seat)
                self._want(seat.types)

    def take(self, after: Cut, types: frozenset[str], limit: int) -> Taken:
        """See `Seat`."""
        with self._lock:
            if self._trouble is not None:
                raise self._trouble.with_traceback(None)
            return self._ring.take(after, self._places(types), limit)

    def look(self) -> None:
        """Have the hub read now."""
        self._wake.set()

    def end(self) -> None:
        """Every follower is to come to an end, and no other may begin. Waits for nothing, so that a signal's handler may call it."""
        self.ends.set()
        self._wake.set()

    def close(self) -> bool:
        """`end`, and wait for it; False if that took too long."""
        self.end()
        thread = self._thread
        if thread is not None:
            thread.join(_PATIENCE)
        return thread is None or not thread.is_alive()

    # ---- inside; with the lock held

    def _want(self, types: Collection[str]) -> None:
        now = self.clock.monotonic()
        new = types - self._wanted.keys()
        self._wanted |= dict.fromkeys(types, now)
        if self._thread is None and not self.ends.is_set():
            self._thread = self._started()
        if new:
            self._wake.set()

    def _started(self) -> threading.Thread:
        thread = threading.Thread(target=self._run, name="feed", daemon=True)
        thread.start()
        return thread

    def _forget(self) -> None:
        """Nobody has followed these for long enough."""
        taken = {name for seat in self._seats for name in seat.types}
        until = self.clock.monotonic() - self._keep_s
        for name, at in list(self._wanted.items()):
            if name not in taken and at < until:
                del self._wanted[name]

    def _places(self, types: Collection[str]) -> list[Place]:
        topics = {f"eventstore.{name}" for name in types}
        return [place for place in self._topics.places if place.topic in topics]

    # ---- the thread

    def _run(self) -> None:
        stop = threading.Event()
        waker = Waker(self._connect, [self._wake], self._concerns)
        waking = threading.Thread(
            target=waker.run, args=[stop], name="feed waker", daemon=True
        )
        waking.start()
        try:
            while self._goes_on():
                self._wake.wait(_SLOWLY)
                self._wake.clear()
                if not self.ends.is_set():
                    self.ends.wait(self._look())
        finally:
            stop.set()
            connections.close_all()
            waking.join()

    def _goes_on(self) -> bool:
        """Whether anybody follows; if not, the next seat begins anew."""
        with self._lock:
            self._forget()
            if self._wanted and not self.ends.is_set():
                return True
            self._thread, self._ring, self._read = None, Ring(self._size), frozenset()
            self._trouble = None
            seats = list(self._seats)
        for seat in seats:
            seat.wake()
        return False

    def _concerns(self, told: str) -> bool:
        """Whether a fold was of streams that somebody follows."""
        return not told.isdecimal() or type_number_of(int(told)) in self._numbers

    def _look(self) -> float:
        """Read all there is; seconds until the next look. What goes wrong once is tried again before anybody is told."""
        try:
            self._turn()
        except Exception as error:  # noqa: BLE001  (told and raised in each follower; the next turn begins where this one began)
            code = error.code if isinstance(error, EventStoreError) else kind_of(error)
            logger.warning(
                "the feed cannot be read; it is tried again",
                action="feed-waits",
                error=code,
            )
            pause_s = self._back_off.failed()
            if pause_s > _FIRST_PAUSE:
                self._tell(error)
            self._wake.set()
            return pause_s
        self._back_off.succeeded()
        self._trouble = None
        return self._gap_s

    def _tell(self, trouble: Exception) -> None:
        with self._lock:
            self._trouble = trouble
            seats = list(self._seats)
        for seat in seats:
            seat.wake()

    def _turn(self) -> None:
        """1. begin with what is wanted and was not read, end with what is not wanted any more   2. read by pages to the end."""
        self._change()  # 1
        if not self._read:
            return
        types = sorted(self._read)
        while not self.ends.is_set():  # 2
            events, upto = self.store.read_all(
                self._ring.reached, types=types, limit=self._page
            )
            entries = entries_of(events, self.clock.monotonic())
            with self._lock:
                self._ring.add(entries, upto)
                seats = list(self._seats)
            if not entries:
                return
            came = {entry.place.topic.removeprefix("eventstore.") for entry in entries}
            for seat in seats:
                if not came.isdisjoint(seat.types):
                    seat.wake()

    def _ends(self, topics: Sequence[str]) -> Cut:
        """How far the mirror has come."""
        return cut_of(marks(topics))

    def _change(self) -> None:
        with self._lock:
            wanted = frozenset(self._wanted)
        new, old = wanted - self._read, self._read - wanted
        if not new and not old:
            return
        numbers = self._topics.numbers
        # first listen, then look how far it has come: a fold between the two is told
        self._numbers = frozenset(numbers[f"eventstore.{name}"] for name in wanted)
        begun = self._ends([f"eventstore.{name}" for name in new]) if new else None
        with self._lock:
            self._ring.end(self._places(old))
            if begun is not None:
                places = self._places(new)
                self._ring.begin({p: begun.offsets.get(p, 0) for p in places})
            self._read = wanted
            seats: Sequence[Seat] = [s for s in self._seats if s.types & new]
        for seat in seats:
            seat.wake()
