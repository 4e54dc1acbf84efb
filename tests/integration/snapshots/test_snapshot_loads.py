"""With snapshots a load replays at most as many events as lie between two of them, at any version, past or present."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from eventstore.repository import AggregateRepository
from tests.support.snapshotting import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventstore.ports import Opener
    from eventstore.registry import Event
    from eventstore.store import EventStore


class Counting:
    """A store that counts what is read of it."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self.events = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def history(
        self,
        stream_id: str,
        from_version: int = 1,
        to_version: int | None = None,
        *,
        opener: Opener | None = None,
    ) -> Iterator[Event]:
        """See `EventStore`."""
        found = self._store.history(stream_id, from_version, to_version, opener=opener)
        for event in found:
            self.events += 1
            yield event


@pytest.fixture
def world(embedded_store: EventStore) -> World:
    """On the embedded log."""
    return World(embedded_store)


def test_any_version_of_a_long_stream_is_at_most_ten_events_away(world: World) -> None:
    stream = world.stream("long", 1_000)
    world.snapshotter().build_due()
    counting = Counting(world.store)
    orders = AggregateRepository(
        world.order, counting, snapshots=world.snapshots, cache=0
    )
    aggregate_id = stream.partition(".")[2]

    for version in (1, 9, 10, 11, 500, 509, 999, 1_000, None):
        counting.events = 0
        order = orders.load(aggregate_id, version=version)

        assert order.version == (version or 1_000)
        assert order.state.changes == order.version - 1
        assert counting.events == order.version % 10


def test_without_snapshots_all_of_them_are_replayed(world: World) -> None:
    """So that the bound is one that could be broken."""
    stream = world.stream("a", 25)
    world.snapshotter().build_due()
    counting = Counting(world.store)
    orders = AggregateRepository(world.order, counting, cache=0)

    orders.load(stream.partition(".")[2])

    assert counting.events == 25


def test_a_load_with_snapshots_says_what_a_load_without_says(world: World) -> None:
    stream = world.stream("a", 37)
    world.snapshotter().build_due()
    aggregate_id = stream.partition(".")[2]
    with_them = AggregateRepository(
        world.order, world.store, snapshots=world.snapshots, cache=0
    )
    without = AggregateRepository(world.order, world.store, cache=0)

    for version in range(1, 38):
        loaded = with_them.load(aggregate_id, version=version)
        assert loaded.state == without.load(aggregate_id, version=version).state


def test_what_is_saved_after_a_load_from_a_snapshot_goes_on_from_there(
    world: World,
) -> None:
    stream = world.stream("a", 20)
    world.snapshotter().build_due()
    orders = AggregateRepository(
        world.order, world.store, snapshots=world.snapshots, cache=0
    )
    order = orders.load(stream.partition(".")[2])

    order.change(7)
    result = orders.save(order)

    assert result is not None
    assert result.last_version == 21
    assert orders.load(order.aggregate_id).state.quantity == 7
