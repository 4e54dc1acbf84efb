"""What the tests of subscriptions have in common: a table for handlers to write to, and followers."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import connection

from eventstore.clock import SystemClock
from eventstore.events import Expected, NewEvent
from eventstore.subscriptions import Subscription
from eventstore.subscriptions.follower import Follower
from eventstore.subscriptions.registering import register
from eventstore.testing.shop import OrderChanged, OrderPlaced
from tests.support.places import names_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from eventstore.bus import Published
    from eventstore.events import AppendResult
    from eventstore.ports import Clock
    from eventstore.store import EventStore

MAKE = """
CREATE TABLE IF NOT EXISTS follow_seen (
    n bigserial PRIMARY KEY, subscription text, stream_id text, version int, live bool)
"""


def with_table() -> Iterator[None]:
    """A table for handlers; a fixture wraps it."""
    with connection.cursor() as cursor:
        cursor.execute(MAKE)
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE follow_seen")


def write(name: str, event: Published) -> None:
    """What a handler does: one row an event."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO follow_seen (subscription, stream_id, version, live) VALUES (%s, %s, %s, %s)",
            [name, event.stream_id, event.version, event.live],
        )


def seen(name: str = "totals") -> dict[str, list[int]]:
    """The versions that were handled, in that order, by the stream's own name."""
    found: dict[str, list[int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT stream_id, version FROM follow_seen WHERE subscription = %s ORDER BY n",
            [name],
        )
        for stream_id, version in cursor.fetchall():
            found.setdefault(stream_id.partition(".")[2], []).append(version)
    return found


@dataclass
class Totals:
    """A handler that writes, and fails of what it is told to fail of."""

    name: str = "totals"
    poison: dict[tuple[str, int], Exception] = field(default_factory=dict)
    handed: list[Published] = field(default_factory=list)

    def __call__(self, event: Published) -> None:
        """Handle one."""
        self.handed.append(event)
        write(self.name, event)
        own = event.stream_id.partition(".")[2]
        if error := self.poison.get((own, event.version)):
            raise error


@dataclass
class Orders:
    """Writes orders to a store."""

    store: EventStore

    @property
    def stream_type(self) -> str:
        """The one that the test has to itself."""
        return next(iter(self.store.topics.numbers)).removeprefix("eventstore.")

    def stream(self, name: str) -> str:
        """Its id."""
        return f"{self.stream_type}.{name}"

    def names(self, partition: int, stem: str = "s") -> Iterator[str]:
        """Names of streams that live in this partition; they begin with the stem."""
        return names_in(partition, self.stream_type, self.store.topics.partitions, stem)

    def place(self, name: str, events: int = 1) -> AppendResult:
        """Begin an order with so many events."""
        changes = [NewEvent(OrderChanged(quantity=n)) for n in range(events - 1)]
        placed = NewEvent(OrderPlaced(customer_id="customer-1"))
        return self.store.append(
            self.stream(name), [placed, *changes], Expected.NO_STREAM
        )

    def change(self, name: str, quantity: int = 1) -> AppendResult:
        """One event more."""
        change = NewEvent(OrderChanged(quantity=quantity))
        return self.store.append(self.stream(name), [change], Expected.STREAM_EXISTS)

    def change_often(self, name: str, events: int) -> AppendResult:
        """So many events more, in one commit."""
        changes = [NewEvent(OrderChanged(quantity=n)) for n in range(events)]
        return self.store.append(self.stream(name), changes, Expected.STREAM_EXISTS)


def subscription(
    handler: Callable[[Published], Any] | None, **given: Any
) -> Subscription:
    """One of the name that these tests use."""
    return Subscription(**{"name": "totals", "handler": handler, **given})


def follower(made: Subscription, clock: Clock | None = None, seed: int = 1) -> Follower:
    """A registered follower."""
    clock = clock or SystemClock()
    register(made, clock)
    return Follower(made, clock, random.Random(seed))  # noqa: S311  (repeatable)


def follow(one: Follower, rounds: int = 50) -> None:
    """Until there is nothing to do."""
    for _ in range(rounds):
        if not one.round():
            return
    msg = "it never comes to an end"
    raise AssertionError(msg)


def versions(events: Sequence[Published]) -> list[int]:
    """Of what was handed over."""
    return [event.version for event in events]
