"""What is known of a stream's newest snapshot without a look at its state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection

from eventstore.snapshots.newest import newest_known
from tests.support.snapshotting import World

if TYPE_CHECKING:
    from eventstore.store import EventStore


@pytest.fixture
def world(embedded_store: EventStore) -> World:
    """On the embedded log."""
    return World(embedded_store)


def test_version_and_time_are_those_of_the_newest_that_this_store_has_signed(
    world: World,
) -> None:
    stream, short = world.stream("a", 25), world.stream("b", 9)
    world.snapshotter().build_due()
    [last] = world.store.read(stream, 20, 20)

    known = [newest_known(world.order, one) for one in (stream, short)]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE eventstore_snapshot SET mac = '' WHERE version = 20")

    assert known == [(20, last.recorded_at), None]
    assert newest_known(world.order, stream) is None  # though there is one below
