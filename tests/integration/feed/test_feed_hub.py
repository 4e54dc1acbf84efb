"""The hub on a real database: its connections are ended, it is begun anew, its ring is tiny; whoever follows gets each event once."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, connections

from eventstore.api.feed.following import Follower, Limits
from eventstore.api.feed.hub import Hub
from eventstore.api.feed.ring import Behind
from eventstore.clock import SystemClock
from eventstore.database import connect
from eventstore.errors import DatabaseUnanswered
from eventstore.events import Cut, Expected, NewEvent
from eventstore.testing.shop import OrderChanged
from tests.acceptance.launched import becomes_true
from tests.support.feeding import Always, Everybody

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventstore.store import EventStore

COMMITS = 60
_END = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
 WHERE datname = current_database() AND application_name = 'eventstore waker' AND pid <> pg_backend_pid()
"""


@contextmanager
def a_hub(store: EventStore, **sizes: Any) -> Iterator[Hub]:
    """Ended with the block."""
    hub = Hub(store, connect, SystemClock(), **sizes)
    try:
        yield hub
    finally:
        assert hub.close()


class Reader(threading.Thread):
    """Follows until it has so many events, over hubs that come and go."""

    def __init__(self, types: list[str], wanted: int, seed: int) -> None:
        super().__init__(daemon=True)
        self.types, self.wanted = types, wanted
        self.random = Random(seed)  # noqa: S311
        self.hub: Hub
        self.seen: list[tuple[str, int]] = []
        self.start_at = Cut()

    def run(self) -> None:
        """See above. A hub that has ended gives nothing more; the next one goes on at the cursor."""
        after = self.start_at
        while len(self.seen) < self.wanted:
            hub = self.hub
            with hub.seat(self.types) as seat:
                limits = Limits(self.random.randint(1, 5))
                one = Follower(hub, seat, after, Always(), limits)
                entries = one.next(Everybody(), self.random.choice([0.0, 0.1, 5.0]))
                after = one.after
            self.seen += [
                (event.metadata.stream_id, event.metadata.version)
                for entry in entries
                for event in entry.events
            ]
        connections.close_all()

    def by_stream(self, streams: list[str]) -> dict[str, list[int]]:
        """The versions that it saw of each, as they came."""
        return {one: [n for of, n in self.seen if of == one] for one in streams}


def give(hub: Hub, readers: list[Reader]) -> None:
    """From now on they follow here."""
    for reader in readers:
        reader.hub = hub


def grow(store: EventStore, stream: str) -> None:
    store.append(stream, [NewEvent(OrderChanged(quantity=1))], Expected.ANY)


def end_listening() -> int:
    """How many connections were ended."""
    with connection.cursor() as cursor:
        cursor.execute(_END)
        [ended] = cursor.fetchone()
    return int(ended)


@pytest.mark.parametrize("size", [1, 900, 1_500, 8_000_000])
def test_whatever_is_ended_each_follower_gets_each_event_once(
    embedded_store: EventStore, size: int
) -> None:
    [name] = [topic.partition(".")[2] for topic in embedded_store.topics.numbers]
    chance = Random(size)  # noqa: S311
    streams = [f"{name}.s-{n}" for n in range(5)]
    readers = [Reader([name], COMMITS, n) for n in range(4)]
    hubs = [Hub(embedded_store, connect, SystemClock(), size=size, page=3)]
    give(hubs[-1], readers)
    for reader in readers:
        reader.start()
    for n in range(COMMITS):
        grow(embedded_store, chance.choice(streams))
        if n % 20 == 10:
            end_listening()
        if n % 25 == 24:
            hubs.append(Hub(embedded_store, connect, SystemClock(), size=size, page=3))
            give(hubs[-1], readers)
            assert hubs[-2].close()
    for reader in readers:
        reader.join(120)
    assert hubs[-1].close()

    accepted = {
        stream: [event.metadata.version for event in embedded_store.read(stream)]
        for stream in streams
    }
    for reader in readers:
        assert reader.by_stream(streams) == accepted


def test_who_waits_is_woken_though_the_listening_connection_was_lost(
    embedded_store: EventStore,
) -> None:
    [name] = [topic.partition(".")[2] for topic in embedded_store.topics.numbers]
    reader = Reader([name], 1, 1)
    with a_hub(embedded_store) as reader.hub:
        reader.start()
        assert becomes_true(lambda: end_listening() > 0)
        grow(embedded_store, f"{name}.s")
        reader.join(120)

    assert reader.seen == [(f"{name}.s", 1)]


def test_a_hub_that_nobody_follows_ends_and_begins_anew_with_the_next(
    embedded_store: EventStore,
) -> None:
    [name] = [topic.partition(".")[2] for topic in embedded_store.topics.numbers]
    with a_hub(embedded_store, keep_s=0.0) as hub:
        with hub.seat([name]):
            assert hub._thread is not None
        assert becomes_true(lambda: hub._thread is None)
        reader = Reader([name], 1, 1)
        reader.hub = hub
        reader.start()
        grow(embedded_store, f"{name}.s")
        reader.join(120)

    assert reader.seen == [(f"{name}.s", 1)]


def test_a_database_that_is_gone_is_told_to_who_follows_and_what_came_meanwhile_comes_later(
    embedded_store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    [name] = [topic.partition(".")[2] for topic in embedded_store.topics.numbers]

    def gone(*_: object, **__: object) -> Any:
        msg = "gone"
        raise DatabaseUnanswered(msg)

    with a_hub(embedded_store) as hub, hub.seat([name]) as seat:
        one = Follower(hub, seat, Cut(), Always(), Limits())
        assert one.next(Everybody(), 0.0) == []
        with monkeypatch.context() as lost:
            lost.setattr(embedded_store, "read_all", gone)
            assert becomes_true(lambda: _refused(one))
        grow(embedded_store, f"{name}.s")
        assert becomes_true(lambda: not _refused(one))
        entries = one.next(Everybody(), 60.0)

    assert [entry.stream_id for entry in entries] == [f"{name}.s"]


def _refused(one: Follower) -> bool:
    try:
        one._seat.take(one.after, 1)
    except DatabaseUnanswered:
        return True
    except Behind:  # the hub has not begun yet
        return False
    return False
