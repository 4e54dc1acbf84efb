"""A builder at its borders: where it begins and goes on, what it counts, and what it leaves to the next call."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.db import connection
from structlog.testing import capture_logs

from eventstore.clock import SystemClock
from eventstore.database import connect
from eventstore.errors import IndexRebuilt
from eventstore.metrics import SNAPSHOT_AGE_SECONDS, SNAPSHOTS_BUILT
from eventstore.models import Snapshot as Row
from eventstore.models import SnapshotFailure
from eventstore.snapshots import snapshot_store
from eventstore.snapshots.builder import statements
from eventstore.snapshots.builder.batch import Bounds
from eventstore.snapshots.builder.building import Builder
from eventstore.snapshots.builder.replaying import Replay
from eventstore.snapshots.writing import SnapshotWriter
from eventstore.upkeep.rebuild import reset
from tests.support.places import names_in
from tests.support.snapshotting import World
from tests.support.worlds import WITHOUT_TRIGGERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eventstore.store import EventStore


@pytest.fixture
def world(embedded_store: EventStore) -> World:
    """On the embedded log."""
    return World(embedded_store)


def often(world: World, frequency: int = 1, **more: Any) -> type[Any]:
    """The class with a frequency of its own."""
    return type("Order", (world.order,), {"snapshot_frequency": frequency, **more})


def hoarding(world: World, until: int, frequency: int) -> type[Any]:
    """Its state is too large below a version, and small again from there on."""

    def apply(self: Any, event: Any) -> None:
        world.order.apply(self, event)
        large = self.version + 1 < until
        self.state.customer_id = "x" * (70_000 if large else 1)

    return often(world, frequency, apply=apply)


def failures() -> list[tuple[str, int, str, int]]:
    """Stream, version, error and attempts of each failure."""
    rows = SnapshotFailure.objects.order_by("stream_id")
    return [(row.stream_id, row.version, row.error, row.attempts) for row in rows]


def forget(stream: str, version: int) -> None:
    """A row is lost."""
    assert Row.objects.filter(stream_id=stream, version=version).delete()[0] == 1


def hole(stream: str, version: int = 1) -> None:
    """The mirror lacks the records of a stream, from a version on."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"{WITHOUT_TRIGGERS}DELETE FROM eventstore_record r USING eventstore_event e"  # noqa: S608
            " WHERE r.position >> 10 = e.position >> 10 AND e.stream_id = %s AND e.version >= %s",
            [stream, version],
        )


# ---- one stream


def test_the_first_version_is_due_where_all_are(world: World) -> None:
    stream = world.stream("a", 3)

    with world.builder(often(world)) as builder:
        built = builder.build_stream(stream)

    assert world.versions(stream) == [1, 2, 3]
    assert (built.snapshots, built.events, built.more) == (3, 3, False)
    assert len(world.in_topic()) == 3


def test_what_is_missing_between_two_is_built_from_the_one_before(world: World) -> None:
    stream = world.stream("a", 4)
    with world.builder(often(world)) as builder:
        builder.build_stream(stream)
        forget(stream, 3)

        built = builder.build_stream(stream)

    assert (built.snapshots, built.events) == (1, 1)
    assert world.versions(stream) == [1, 2, 3, 4]


@pytest.mark.parametrize("bounds", [{"size": 1}, {"snapshots": 1}], ids=str)
def test_batch_by_batch_each_version_is_built_once(
    world: World, bounds: dict[str, Any]
) -> None:
    stream = world.stream("a", 45)

    with world.builder(**bounds) as builder:
        built = builder.build_stream(stream)

    assert world.versions(stream) == [10, 20, 30, 40]
    assert (built.snapshots, built.events) == (4, 40)
    assert len(world.in_topic()) == 4


def test_a_version_that_cannot_be_kept_is_tried_once_a_call(world: World) -> None:
    stream = world.stream("a", 3)

    with world.builder(hoarding(world, 3, frequency=1), seconds=0.0) as builder:
        built = builder.build_stream(stream)

    assert [problem.version for problem in built.problems] == [1, 2]
    assert world.versions(stream) == [3]


def test_of_a_stream_its_first_problem_is_noted(world: World) -> None:
    stream = world.stream("a", 45)

    with world.builder(hoarding(world, 35, frequency=10), snapshots=1) as builder:
        builder.build_stream(stream)

    assert failures() == [(stream, 10, "state-not-storable", 1)]
    assert world.versions(stream) == [40]


def test_what_the_mirror_lacks_ends_the_stream(world: World) -> None:
    stream = world.stream("a", 45)
    hole(stream)

    with world.builder(snapshots=2) as builder:
        by_name = builder.build_stream(stream)
        SnapshotFailure.objects.all().delete()
        (partition,) = builder.lagging()
        in_turn = builder.build(partition)

        assert in_turn is not None
        for built in (by_name, in_turn):
            assert [(one.version, one.error) for one in built.problems] == [
                (1, "mirror-has-a-gap")
            ]


class When:
    """A connection on which something happens before a statement is done for the first time."""

    def __init__(self, inner: Any, statement: str, happens: Callable[[], None]) -> None:
        self._inner, self._statement = inner, statement
        self._happens = [happens]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def execute(self, statement: str, *given: Any) -> Any:
        """See psycopg."""
        if statement == self._statement and self._happens:
            self._happens.pop()()
        return self._inner.execute(statement, *given)


@contextmanager
def builder_when(
    world: World, statement: str, happens: Callable[[], None]
) -> Iterator[Builder[Any]]:
    """One with such a connection."""
    made = When(connect(), statement, happens)
    writer = SnapshotWriter(world.store.make_log(), lambda: made)  # type: ignore[arg-type,return-value]
    store = snapshot_store(world.order)
    try:
        yield Builder(store, world.store, writer, SystemClock(), bounds=Bounds())
    finally:
        writer.close()


def test_what_others_pass_while_the_stream_counts_as_failing_is_built_too(
    world: World,
) -> None:
    stream = world.stream("a", 20)

    def more_and_passed() -> None:
        """Another builder comes by: the stream has failed, so it goes on behind it."""
        world.stream("a", 10)
        assert world.snapshotter().build_due().snapshots == 0

    with builder_when(world, statements.WORKED, more_and_passed) as builder:
        failed = {"stream": stream, "partition": 1, "version": 10, "error": "e"}
        failed |= {"detail": "d", "now": SystemClock().now()}
        with connect() as other:
            other.execute(statements.FAILED, builder._key | failed)
        built = builder.build_stream(stream)

    assert world.versions(stream) == [10, 20, 30]
    assert (built.snapshots, built.events) == (3, 30)
    assert failures() == []


# ---- a partition


def test_a_builder_goes_on_where_the_last_one_ended(world: World) -> None:
    stream = world.stream("a", 20)
    world.snapshotter().build_due()
    forget(stream, 10)

    world.stream("a", 10)
    built = world.snapshotter().build_due()

    assert (built.snapshots, built.events) == (1, 10)
    assert world.versions(stream) == [20, 30]


def test_a_builder_keeps_to_its_partition(world: World) -> None:
    streams = world.streams_everywhere(1, 10)

    with world.builder() as builder:
        built = [builder.build(partition) for partition in builder.lagging()]

    assert [one.snapshots for one in built if one] == [1] * len(streams)


class Meanwhile:
    """A clock by which something happens at a batch's second look: its first version is dealt with then."""

    def __init__(self, happens: Callable[[], None]) -> None:
        self._happens: list[Callable[[], object]] = [happens, lambda: None]

    def now(self) -> datetime:
        """See `Clock`."""
        return SystemClock().now()

    def monotonic(self) -> float:
        """See `Clock`."""
        if self._happens:
            self._happens.pop()()
        return SystemClock().monotonic()


def test_no_stream_is_said_to_have_a_gap_because_the_index_is_made_anew(
    world: World,
) -> None:
    """Not even where another stream of the batch has a problem of its own."""
    neighbours = names_in(0, world.order.stream_type, world.store.topics.partitions)
    large, empty = (world.stream(name, 10) for name in islice(neighbours, 2))

    def made_anew() -> None:
        with world.store.indexer() as indexer:
            reset(indexer.connection())

    fails = hoarding(world, 11, frequency=10)
    with world.builder(fails, clock=Meanwhile(made_anew)) as builder:
        (partition,) = builder.lagging()
        with pytest.raises(IndexRebuilt):
            builder.build(partition)

    assert failures() == []
    assert (world.versions(large), world.versions(empty)) == ([], [])


# ---- what is told


class Shifted:
    """A clock that is off."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> datetime:
        """See `Clock`."""
        return SystemClock().now() + self._by

    def monotonic(self) -> float:
        """See `Clock`."""
        return SystemClock().monotonic()


@pytest.mark.parametrize(
    ("by", "least", "most"),
    [(timedelta(hours=1), 3_600, 7_200), (-timedelta(hours=1), 0, 0)],
    ids=["late", "a clock that is behind"],
)
def test_each_snapshot_is_counted_with_its_age(
    world: World, by: timedelta, least: float, most: float
) -> None:
    world.stream("a", 25)
    kind = world.order.stream_type
    built, age = SNAPSHOTS_BUILT.labels(kind), SNAPSHOT_AGE_SECONDS.labels(kind)
    before = built._value.get(), age._sum.get()

    world.snapshotter(clock=Shifted(by)).build_due()

    assert built._value.get() - before[0] == 2
    assert 2 * least <= age._sum.get() - before[1] <= 2 * most


# ---- a replay


def replay(world: World, cls: type[Any] | None = None) -> Replay[Any]:
    """Of the class."""
    return Replay(world.store, snapshot_store(cls or world.order))


def test_a_replay_goes_on_with_what_was_replayed_before(world: World) -> None:
    stream = world.stream("a", 30)
    whole = replay(world)
    (at_10,) = whole.through(stream, [10])

    (at_25,) = whole.through(stream, [25], at_10)

    assert (at_25.version, at_25.state.changes, whole.events) == (25, 24, 25)


def test_of_no_version_nothing_is_replayed(world: World) -> None:
    stream = world.stream("a", 3)
    whole = replay(world)

    assert list(whole.through(stream, [])) == []
    assert whole.events == 0


def test_trouble_with_the_database_is_not_the_streams_fault(world: World) -> None:
    """An `apply` that asks one must not, but its stream is not written off for it."""

    def apply(_self: Any, _event: Any) -> None:
        raise psycopg.OperationalError

    world.stream("a", 10)

    with world.builder(often(world, 10, apply=apply)) as builder, capture_logs():
        (partition,) = builder.lagging()
        with pytest.raises(psycopg.OperationalError):
            builder.build(partition)

    assert failures() == []
