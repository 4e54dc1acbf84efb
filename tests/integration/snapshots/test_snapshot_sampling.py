"""Snapshots are held against full replays: one that says something else is told, counted, and loaded by nobody."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from structlog.testing import capture_logs

from eventstore.metrics import SNAPSHOT_GARBAGE, SNAPSHOT_SAMPLES
from eventstore.queries.connection import reading_cursor
from eventstore.queries.kept import kept
from eventstore.snapshots.signing import said_by_row, signer
from tests.support.snapshotting import World
from tests.support.worlds import WITHOUT_TRIGGERS

if TYPE_CHECKING:
    from eventstore.store import EventStore


@pytest.fixture
def world(embedded_store: EventStore) -> World:
    """On the embedded log."""
    return World(embedded_store)


def counted(world: World, result: str) -> Any:
    """Of Prometheus."""
    return SNAPSHOT_SAMPLES.labels(world.order.stream_type, result)._value.get()


def rewrite(stream: str, version: int, state: str) -> None:
    """An `apply` that is no function of its events has had this store sign another state."""
    with reading_cursor() as cursor:
        (row,) = [
            row
            for row in kept(cursor, None, stream_id=stream)
            if row.version == version
        ]
    changed = replace(row, state=state.encode())
    mac = signer().mac(said_by_row(changed, row.made))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE eventstore_snapshot SET state = %s, mac = %s WHERE stream_id = %s AND version = %s",
            [state.encode(), mac, stream, version],
        )


def test_snapshots_that_say_what_the_events_say_are_the_same(world: World) -> None:
    for name in "abc":
        world.stream(name, 30)
    world.snapshotter().build_due()

    sampled = world.snapshotter().sample(20)

    assert (sampled.looked_at, sampled.drifted, sampled.unreadable) == (20, [], [])
    assert sampled.events >= 200
    assert counted(world, "same") == 20


def test_a_snapshot_that_is_no_state_is_told_once_a_minute_and_counted_at_each_load(
    world: World,
) -> None:
    stream = world.stream("a", 20)
    world.snapshotter().build_due()
    rewrite(stream, 20, "no JSON")
    garbage = SNAPSHOT_GARBAGE.labels("bad_state")._value
    before = garbage.get()

    with capture_logs() as said:
        found = [world.snapshots.newest(stream) for _ in range(3)]

    assert [one and one.version for one in found] == [10, 10, 10]
    (line,) = [one for one in said if one["action"] == "snapshot-state-unreadable"]
    assert (line["stream"], line["version"]) == (stream, 20)
    assert garbage.get() == before + 3


@pytest.mark.parametrize(
    "state", ['{"quantity":1}', '{"quantity":"many"}', "no JSON"], ids=str
)
def test_a_snapshot_that_says_another_state_raises_an_alarm_and_is_not_loaded(
    world: World, state: str
) -> None:
    stream = world.stream("a", 20)
    world.snapshotter().build_due()
    rewrite(stream, 20, state)

    with capture_logs() as said:
        sampled = world.snapshotter().sample(10)

    assert sampled.drifted == [f"{stream} at version 20"]
    newest = world.snapshots.newest(stream)
    assert newest is not None
    assert newest.version == 10
    assert counted(world, "drifted") == 1
    (line,) = [line for line in said if line["log_level"] == "error"]
    assert (line["stream"], line["version"]) == (stream, 20)


def test_what_has_drifted_is_set_aside_for_good(world: World) -> None:
    stream = world.stream("a", 20)
    world.snapshotter().build_due()
    rewrite(stream, 20, "{}")
    world.snapshotter().sample(10)

    again = world.snapshotter().sample(10)
    world.snapshotter().start_again()
    built = world.snapshotter().build_due()

    assert (again.drifted, built.snapshots) == ([], 0)
    newest = world.snapshots.newest(stream)
    assert newest is not None
    assert newest.version == 10


def test_a_history_that_can_no_longer_be_read_is_told_too(world: World) -> None:
    stream = world.stream("a", 10)
    world.snapshotter().build_due()
    with connection.cursor() as cursor:
        cursor.execute(
            f"{WITHOUT_TRIGGERS}UPDATE eventstore_record SET value = replace(convert_from(value, 'UTF8'), 'OrderPlaced', 'OrderFramed')::bytea"  # noqa: S608
        )

    sampled = world.snapshotter().sample(1)

    assert (sampled.looked_at, sampled.unreadable) == (0, [f"{stream} at version 10"])
    assert counted(world, "unreadable") == 1


def test_where_there_are_no_snapshots_none_is_looked_at(world: World) -> None:
    world.stream("a", 9)
    assert world.snapshotter().sample(5).looked_at == 0

    world.snapshotter().build_due()

    assert world.snapshotter().sample(5).looked_at == 0


def test_where_one_has_drifted_all_of_its_stream_are_looked_at(world: World) -> None:
    """Those that were built from it have drifted, too."""
    stream, other = world.stream("a", 50), world.stream("b", 10)
    world.snapshotter().build_due()
    for version in (20, 30, 50):
        rewrite(stream, version, '{"quantity":1}')

    sampled = world.snapshotter().sample(300)  # by chance one of them is among so many

    assert sorted(sampled.drifted) == [
        f"{stream} at version {version}" for version in (20, 30, 50)
    ]
    assert counted(world, "drifted") == 3
    newest = [world.snapshots.newest(one) for one in (stream, other)]
    assert [one and one.version for one in newest] == [40, 10]
