"""The newest accepted commits, in memory, by partition: what followers at the live end are answered from. Pure.

Of each partition it holds everything between where it begins and where it ends, without a gap. Whoever stands before that
beginning is not answered from here; what is dropped for want of room moves the beginning.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from itertools import groupby, islice
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from eventstore.api.rendering import rendered
from eventstore.events import Cut, Place

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from eventstore.events import RecordedEvent

BYTES: Final = 8_000_000  # of rendered events
Offsets = Mapping[Place, int]


class Entry:
    """One commit as the feed gives it: never torn apart. closed: its events as JSON, nothing opened, one after the other."""

    __slots__ = (
        "closed",
        "events",
        "offset",
        "place",
        "read_at",
        "recorded_at",
        "size",
    )

    def __init__(self, events: Sequence[RecordedEvent], read_at: float = 0.0) -> None:
        """read_at: by the clock's `monotonic`: whatever was looked at since, was looked at after this was accepted."""
        self.read_at: Final = read_at
        first = events[0]
        self.place: Final = Place(first.position.topic, first.position.partition)
        self.offset: Final = first.position.offset
        self.recorded_at: Final[datetime] = first.recorded_at
        self.events: Final = events
        self.closed: Final = b",".join(map(rendered, events))
        self.size: Final = len(self.closed)

    @property
    def stream_id(self) -> str:
        """The stream that all of it belongs to."""
        return self.events[0].metadata.stream_id

    @property
    def order(self) -> tuple[datetime, Place, int]:
        """As a read of everything orders them: by time, and within a partition as the log does."""
        return self.recorded_at, self.place, self.offset


class Taken(NamedTuple):
    """Some commits, and up to where nothing is missing behind them."""

    entries: Sequence[Entry]
    upto: Cut


class Behind(Exception):  # noqa: N818  (no trouble: a read of the database answers instead)
    """What lies behind the cursor is not in the ring."""


class Ahead(Behind):
    """The cursor lies beyond what the ring has seen."""


def entries_of(events: Iterable[RecordedEvent], read_at: float = 0.0) -> list[Entry]:
    """Commit by commit: those of one record stand side by side. read_at: as of `Entry`."""
    return [Entry(list(group), read_at) for _, group in groupby(events, _record)]


def _record(event: RecordedEvent) -> tuple[str, int, int]:
    position = event.position
    return position.topic, position.partition, position.offset


class _Kept:
    """Of one partition: the commits from `start` on, all that were accepted before `end`."""

    __slots__ = ("end", "entries", "start")

    def __init__(self, start: int) -> None:
        self.start = self.end = start
        self.entries: deque[Entry] = deque()

    def since(self, offset: int) -> list[Entry]:
        """Those at or behind an offset. (The newest are wanted as a rule, so it looks from that end.)"""
        found = 0
        for entry in reversed(self.entries):
            if entry.offset < offset:
                break
            found += 1
        return list(islice(self.entries, len(self.entries) - found, None))


class Ring:
    """See above. For one thread at a time. size: bytes of events that are kept; the newest commit is kept whatever its size."""

    def __init__(self, size: int = BYTES) -> None:
        self._most = size
        self._size = 0
        self._arrived: deque[Entry] = deque()
        self._kept: dict[Place, _Kept] = {}

    def begin(self, offsets: Offsets) -> None:
        """Hold what comes in these partitions, from these offsets on."""
        for place, offset in offsets.items():
            self._kept.setdefault(place, _Kept(offset))

    def end(self, places: Collection[Place]) -> None:
        """Hold nothing of these partitions any more."""
        for place in places:
            if self._kept.pop(place, None) is not None:
                gone = [one for one in self._arrived if one.place == place]
                self._size -= sum(one.size for one in gone)
        self._arrived = deque(one for one in self._arrived if one.place in self._kept)

    @property
    def reached(self) -> Cut:
        """Up to where everything has come in."""
        return Cut({place: kept.end for place, kept in self._kept.items() if kept.end})

    def add(self, entries: Iterable[Entry], upto: Cut) -> None:
        """What was read behind `reached`, and the cut behind it."""
        for entry in entries:
            self._kept[entry.place].entries.append(entry)
            self._arrived.append(entry)
            self._size += entry.size
        for place, offset in upto.offsets.items():
            if kept := self._kept.get(place):
                kept.end = offset
        while self._size > self._most and len(self._arrived) > 1:
            oldest = self._arrived.popleft()
            self._size -= oldest.size
            kept = self._kept[oldest.place]
            kept.entries.popleft()
            kept.start = oldest.offset + 1

    def take(self, after: Cut, places: Collection[Place], limit: int) -> Taken:
        """Up to `limit` events of these partitions behind a cut, whole commits and at least one. Raises `Behind`, `Ahead`."""
        found: list[Entry] = []
        upto = dict(after.offsets)
        for place in places:
            kept, start = self._kept.get(place), after.offsets.get(place, 0)
            if kept is None or start < kept.start:
                raise Behind
            if start > kept.end:
                raise Ahead
            if start < kept.end:
                found += kept.since(start)
                upto[place] = kept.end
        found.sort(key=attrgetter("order"))
        taken = _first(found, limit)
        for entry in reversed(found[len(taken) :]):
            upto[entry.place] = entry.offset  # what was left is still to come
        return Taken(taken, Cut({at: offset for at, offset in upto.items() if offset}))


def _first(entries: Sequence[Entry], limit: int) -> Sequence[Entry]:
    count = 0
    for n, entry in enumerate(entries):
        count += len(entry.events)
        if n and count > limit:
            return entries[:n]
    return entries
