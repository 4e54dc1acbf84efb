"""A feed without a thread and without a database: a test says when the hub reads, and what is accepted when."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from eventstore.api.feed.following import Follower, Limits
from eventstore.api.feed.hub import Hub
from eventstore.clock import SystemClock
from eventstore.events import Cut, Expected, NewEvent
from eventstore.registry import Registry
from eventstore.testing.memory import MemoryEventStore
from eventstore.testing.shop import OrderChanged

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from eventstore.api.feed.hub import Seat
    from eventstore.api.feed.ring import Entry

TYPES = ("apple", "berry", "cherry")


def fruits() -> Registry:
    """Three stream types."""
    registry = Registry()
    for number, name in enumerate(TYPES, 1):
        registry.stream_type(name, number=number)
        registry.event_type(
            OrderChanged,
            stream_type=name,
            subject=None,
            name=f"{name.capitalize()}Changed",
            retention=name,
        )
    return registry


def a_store(partitions: int = 2) -> MemoryEventStore:
    """Empty."""
    return MemoryEventStore(fruits(), partitions=partitions)


def grow(store: MemoryEventStore, name: str, own: str, events: int = 1) -> None:
    """A commit of so many events in a stream of this type."""
    new = [
        NewEvent({"quantity": n}, type=f"{name.capitalize()}Changed")
        for n in range(events)
    ]
    store.append(f"{name}.{own}", new, Expected.ANY)


class StillHub(Hub):
    """Reads when it is told to."""

    def __init__(self, store: MemoryEventStore, size: int) -> None:
        unconnected: Any = None
        super().__init__(store, unconnected, SystemClock(), size=size, page=3)

    def turn(self) -> None:
        """One look."""
        self._turn()

    def _started(self) -> threading.Thread:
        return threading.current_thread()  # any that need not be started

    def _ends(self, topics: Sequence[str]) -> Cut:
        store: Any = self.store
        return Cut(
            store.catch_up(
                [place for place in store.topics.places if place.topic in topics],
                timeout_s=0,
            ).offsets
        )


class Everybody:
    """A reach without an edge."""

    sees_all = True
    hides: frozenset[str] = frozenset()

    def covers(self, stream_ids: Collection[str]) -> frozenset[str]:
        """All."""
        return frozenset(stream_ids)

    def knows(self, persons: Collection[str]) -> frozenset[str]:
        """All."""
        return frozenset(persons)

    def streams(self) -> Sequence[str]:
        """Nobody asks."""
        raise NotImplementedError

    def refuses(self, *_: object) -> str | None:
        """Nothing."""
        return None

    def known_before(self) -> datetime | None:
        """Everything."""
        return None


class Bound(Everybody):
    """Covers what begins with a word, as far as it is known."""

    sees_all = False

    def __init__(self, own: str, before: datetime | None = None) -> None:
        self._own = own
        self.before = before

    def covers(self, stream_ids: Collection[str]) -> frozenset[str]:
        """See above."""
        return frozenset(s for s in stream_ids if s.partition(".")[2] == self._own)

    def knows(self, persons: Collection[str]) -> frozenset[str]:
        """The one of this name."""
        return frozenset({self._own} & set(persons))

    def known_before(self) -> datetime | None:
        """See above."""
        return self.before


def ask(
    hub: Hub,
    after: Cut,
    types: Collection[str] = TYPES,
    *,
    limits: Limits | None = None,
    reach: Everybody | None = None,
) -> tuple[list[Entry], Cut]:
    """What a follower gets that does not wait, and its cursor behind it."""
    with hub.seat(types) as seat:
        follower = a_follower(hub, seat, after, limits)
        found = follower.next(reach or Everybody(), 0.0)
        return list(found), follower.after


def a_follower(
    hub: Hub, seat: Seat, after: Cut, limits: Limits | None = None
) -> Follower:
    """One that need not wait for its turn."""
    return Follower(hub, seat, after, Always(), limits or Limits())


class Always:
    """A turn that is always there."""

    def take(self) -> None:
        """At once."""

    def give_back(self) -> None:
        """Nothing is held."""
