"""Snapshots are built where they are due, once, within bounds; a stream that cannot be read holds up no other."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, connections
from structlog.testing import capture_logs

from eventstore.clock import SystemClock
from eventstore.database import connect
from eventstore.errors import InvalidStreamId
from eventstore.metrics import SNAPSHOT_FAILURES
from eventstore.models import SnapshotFailure
from eventstore.snapshots.builder import run, statements
from eventstore.snapshots.builder.batch import Bounds
from tests.support.snapshotting import World
from tests.support.worlds import WITHOUT_TRIGGERS

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

    from eventstore.store import EventStore


@pytest.fixture
def world(embedded_store: EventStore) -> World:
    """On the embedded log."""
    return World(embedded_store)


# ---- what is due


def test_snapshots_are_due_at_every_frequency_and_are_built_once(world: World) -> None:
    stream = world.stream("a", 25)
    short = world.stream("b", 9)

    first = world.snapshotter().build_due()
    again = world.snapshotter().build_due()

    assert world.versions(stream) == [10, 20]
    assert world.versions(short) == []
    assert (first.snapshots, again.snapshots, again.events) == (2, 0, 0)
    assert len(world.in_topic()) == 2


def test_what_comes_later_is_built_from_the_newest_snapshot(world: World) -> None:
    stream = world.stream("a", 25)
    world.snapshotter().build_due()

    world.stream("a", 5)
    built = world.snapshotter().build_due()

    assert world.versions(stream) == [10, 20, 30]
    assert built.events == 10


def test_the_state_of_a_snapshot_is_that_of_a_replay(world: World) -> None:
    stream = world.stream("a", 20)
    world.snapshotter().build_due()

    found = world.snapshots.newest(stream)

    assert found is not None
    order = world.snapshots.aggregate_of(found)
    assert (order.version, order.stream_id) == (20, stream)
    assert order.state.changes == 19
    assert order._domain_events == []


def test_an_aggregate_may_have_a_frequency_of_its_own(world: World) -> None:
    stream = world.stream("a", 12)
    often = type("Order", (world.order,), {"snapshot_frequency": 4})

    with world.builder(often) as builder:
        for partition in builder.lagging():
            builder.build(partition)

    assert world.versions(stream) == [4, 8, 12]


def test_a_higher_frequency_has_what_is_missing_built(
    world: World, settings: Settings
) -> None:
    stream = world.stream("a", 20)
    world.snapshotter().build_due()

    settings.EVENTSTORE = {**settings.EVENTSTORE, "SNAPSHOT_FREQUENCY": 5}
    built = world.snapshotter().build_due()

    assert world.versions(stream) == [5, 10, 15, 20]
    assert built.snapshots == 2


def test_a_partition_that_is_done_is_not_looked_at_again(world: World) -> None:
    world.stream("a", 9)
    world.snapshotter().build_due()

    with world.builder() as builder:
        assert builder.lagging() == []
        world.stream("a", 1)
        assert len(builder.lagging()) == 1


def test_after_start_again_everything_is_looked_through_and_only_what_is_missing_made(
    world: World,
) -> None:
    stream = world.stream("a", 20)
    world.snapshotter().build_due()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM eventstore_snapshot WHERE version = 10")
    assert world.snapshotter().build_due().snapshots == 0

    world.snapshotter().start_again()
    built = world.snapshotter().build_due()

    assert built.snapshots == 1
    assert world.versions(stream) == [10, 20]


# ---- bounds


@pytest.mark.parametrize(
    "bounds", [{"snapshots": 3}, {"scan": 7}, {"size": 1}, {"seconds": 0.0}], ids=str
)
def test_a_batch_is_bounded_and_the_next_ones_build_the_rest_once(
    world: World, bounds: dict[str, Any]
) -> None:
    streams = [world.stream(name, 25) for name in "abcd"]
    more = [world.stream(name, 10) for name in "dcba"]

    with world.builder(**bounds) as builder:
        first = [builder.build(partition) for partition in builder.lagging()]
    world.snapshotter(bounds=Bounds(**bounds)).build_due()

    assert any(built is not None and built.more for built in first)
    assert sum(built.snapshots for built in first if built) < 12
    assert set(streams) == set(more)
    assert [world.versions(stream) for stream in streams] == [[10, 20, 30]] * 4
    assert len(world.in_topic()) == 12


def test_a_call_with_little_time_leaves_the_rest_and_says_so(world: World) -> None:
    stream = world.stream("a", 10)

    built = world.snapshotter().build_due(seconds=0)

    assert built.more
    assert world.versions(stream) == []


# ---- two builders


def test_a_partition_that_another_builder_has_is_left_to_it(world: World) -> None:
    stream = world.stream("a", 10)
    with world.builder() as builder, connect() as other:
        (partition,) = builder.lagging()
        key = builder._key | {"partition": partition}
        other.execute(statements.REGISTER, key)
        with other.transaction():
            other.execute(statements.TAKE, key)
            assert builder.build(partition) is None

        built = builder.build(partition)

    assert built is not None
    assert world.versions(stream) == [10]


@pytest.mark.django_db(transaction=True)
def test_a_builder_that_is_frozen_loses_its_partition_to_the_others() -> None:
    limits = (
        "idle_in_transaction_session_timeout",
        "transaction_timeout",
        "lock_timeout",
    )

    with run._patient() as connection:
        found = connection.execute(
            "SELECT current_setting(name) FROM unnest(%s::text[]) name", [list(limits)]
        ).fetchall()

    assert found == [("1min",), ("2min",), ("30s",)]


def test_builders_at_work_at_once_build_everything_once(world: World) -> None:
    streams = [world.stream(str(n), 30) for n in range(20)]

    def work(seed: int) -> None:
        try:
            world.snapshotter(seed=seed, bounds=Bounds(snapshots=5)).build_due()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    world.snapshotter().build_due()

    assert [world.versions(stream) for stream in streams] == [[10, 20, 30]] * 20
    assert len(world.in_topic()) == 60


# ---- streams that cannot be read, states that cannot be kept


def poisoned(world: World) -> str:
    """A stream that cannot be read from version 15 on."""
    stream = world.stream("poison", 14)
    world.strange_event(stream)
    world.stream("poison", 20)
    return stream


def failures() -> list[tuple[str, int, str, int]]:
    """Stream, version, error and attempts of each failure."""
    rows = SnapshotFailure.objects.order_by("stream_id")
    return [(row.stream_id, row.version, row.error, row.attempts) for row in rows]


class Later:
    """A clock that is ahead."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> datetime:
        """See `Clock`."""
        return SystemClock().now() + self._by

    def monotonic(self) -> float:
        """See `Clock`."""
        return SystemClock().monotonic()


def test_a_stream_that_cannot_be_read_is_recorded_counted_told_and_passed(
    world: World,
) -> None:
    stream, other = poisoned(world), world.stream("other", 30)
    counted = SNAPSHOT_FAILURES.labels(world.order.stream_type, "unreadable-event")
    before = counted._value.get()

    with capture_logs() as said:
        built = world.snapshotter().build_due()

    assert world.versions(other) == [10, 20, 30]
    assert world.versions(stream) == [10]
    assert failures() == [(stream, 15, "unreadable-event", 1)]
    assert [problem.stream_id for problem in built.problems] == [stream]
    assert counted._value.get() == before + 1
    (line,) = [line for line in said if line["log_level"] == "error"]
    assert (line["stream"], line["version"]) == (stream, 15)


def test_a_stream_whose_records_are_missing_holds_up_no_other(world: World) -> None:
    stream, other = world.stream("a", 20), world.stream("b", 20)
    with connection.cursor() as cursor:
        cursor.execute(
            f"{WITHOUT_TRIGGERS}DELETE FROM eventstore_record WHERE stream_id = %s",  # noqa: S608
            [stream],
        )

    built = world.snapshotter().build_due(seconds=30)

    assert not built.more
    assert (world.versions(stream), world.versions(other)) == ([], [10, 20])
    assert failures() == [(stream, 1, "mirror-has-a-gap", 1)]


def test_the_rest_of_a_stream_that_cannot_be_read_is_passed_at_once(
    world: World,
) -> None:
    poisoned(world)

    with world.builder() as builder:
        (partition,) = builder.lagging()
        built = builder.build(partition)

        assert built is not None
        assert not built.more
        assert builder.lagging() == []


def test_a_stream_that_failed_is_passed_in_silence_until_it_is_time_to_try_again(
    world: World,
) -> None:
    stream = poisoned(world)
    world.snapshotter().build_due()
    world.stream("poison", 10)

    soon = world.snapshotter().build_due()
    with capture_logs() as said:
        later = world.snapshotter(clock=Later(timedelta(hours=2))).build_due()

    assert (soon.problems, soon.events) == ([], 0)
    assert [problem.version for problem in later.problems] == [15]
    assert failures() == [(stream, 15, "unreadable-event", 2)]
    assert [line for line in said if line["log_level"] == "error"] == []


class Fussy:
    """Aggregates whose `apply` raises at the third change, with a person's words in the message."""

    def __init__(self) -> None:
        self.broken = True


def fussy(world: World, switch: Fussy) -> type[Any]:
    """A class whose `apply` has an error, which can be repaired."""

    def apply(self: Any, event: Any) -> None:
        if switch.broken and self.version == 12:
            msg = "secret words"
            raise KeyError(msg)
        world.order.apply(self, event)

    return type("Order", (world.order,), {"apply": apply})


def test_an_apply_that_raises_is_a_problem_of_its_stream_and_quotes_nothing(
    world: World,
) -> None:
    stream, short = world.stream("a", 25), world.stream("b", 11)

    with world.builder(fussy(world, Fussy())) as builder, capture_logs() as said:
        for partition in builder.lagging():
            builder.build(partition)

    assert (world.versions(stream), world.versions(short)) == ([10], [10])
    assert failures() == [(stream, 13, "apply-failed", 1)]
    assert "secret" not in str(said) + SnapshotFailure.objects.get().detail


def test_a_stream_that_can_be_read_again_gets_all_it_lacks(world: World) -> None:
    stream, switch = world.stream("a", 45), Fussy()
    with world.builder(fussy(world, switch), snapshots=2) as builder:
        for partition in builder.lagging():
            builder.build(partition)
        switch.broken = False

        assert builder.retry(timedelta(0)).problems == []

    assert world.versions(stream) == [10, 20, 30, 40]
    assert failures() == []


def test_a_stream_that_cannot_be_read_is_not_tried_at_each_of_its_versions(
    world: World,
) -> None:
    stream = world.stream("a", 45)

    with world.builder(fussy(world, Fussy()), snapshots=1) as builder:
        built = builder.build_stream(stream)

    assert (built.events, built.snapshots) == (12, 1)


def hoarding(world: World, until: int) -> type[Any]:
    """A class whose state is too large below a version, and small again from there on."""

    def apply(self: Any, event: Any) -> None:
        world.order.apply(self, event)
        large = self.version + 1 < until
        self.state.customer_id = "x" * (70_000 if large else 1)

    return type("Order", (world.order,), {"apply": apply})


def test_a_state_that_is_too_large_is_refused_with_its_field_and_the_rest_is_built(
    world: World,
) -> None:
    stream, other = world.stream("a", 45), world.stream("b", 5)

    with world.builder(hoarding(world, until=20)) as builder:
        built = builder.build_stream(stream)

    assert other is not None
    assert world.versions(stream) == [20, 30, 40]
    assert failures() == [(stream, 10, "state-not-storable", 1)]
    assert "$.customer_id" in built.problems[0].detail


def test_one_stream_is_built_by_name_also_if_it_failed(world: World) -> None:
    stream, other = world.stream("a", 30), world.stream("b", 30)

    built = world.snapshotter().build_stream(stream)

    assert built.snapshots == 3
    assert (world.versions(stream), world.versions(other)) == ([10, 20, 30], [])
    assert world.snapshotter().build_due().snapshots == 3


def test_a_stream_without_a_class_is_refused_by_name(
    world: World, settings: Settings
) -> None:
    stream = world.stream("a", 1)
    settings.EVENTSTORE = {**settings.EVENTSTORE, "AGGREGATES": []}

    with pytest.raises(InvalidStreamId):
        world.snapshotter().build_stream(stream)
