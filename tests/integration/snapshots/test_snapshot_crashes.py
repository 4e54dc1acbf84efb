"""What a crash, a lost answer, another code or another history leave of snapshots: nothing that is wrong."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.db import connection

from eventstore.clock import SystemClock
from eventstore.errors import SnapshotNotWritten
from eventstore.snapshots import snapshot_store
from eventstore.testing.faulty_log import ANSWER_LOST, REFUSED, TWICE, Network
from eventstore.upkeep.rebuild import reset
from tests.support.processes import a_process
from tests.support.snapshotting import World

if TYPE_CHECKING:
    from datetime import datetime

    from eventstore.store import EventStore


class Killed(BaseException):
    """Stands for kill -9: nothing catches it."""


def die() -> None:
    """Be killed."""
    raise Killed


@pytest.fixture
def world(embedded_store: EventStore) -> World:
    """On the embedded log."""
    return World(embedded_store)


# ---- crashes and lost answers


def test_a_topic_that_does_not_answer_has_the_snapshots_built_later(
    world: World,
) -> None:
    stream, network = world.stream("a", 20), Network()
    network.then(REFUSED)
    with pytest.raises(SnapshotNotWritten):
        world.snapshotter(network).build_due()
    assert world.versions(stream) == []

    world.snapshotter(network).build_due()

    assert world.versions(stream) == [10, 20]


def test_an_answer_that_got_lost_leaves_a_second_copy_in_the_topic_at_the_worst(
    world: World,
) -> None:
    stream, network = world.stream("a", 20), Network()
    network.then(ANSWER_LOST, TWICE)
    with pytest.raises(SnapshotNotWritten):
        world.snapshotter(network).build_due()

    world.snapshotter(network).build_due()
    world.filler().once()

    assert world.versions(stream) == [10, 20]
    assert len(world.in_topic()) == 5


def died_behind_the_topic(world: World) -> str:
    """A stream whose builder was killed when its snapshots stood in the topic and not in the table."""
    stream = world.stream("a", 20)
    with pytest.raises(Killed):
        world.snapshotter(Network(after_write=die)).build_due()
    assert (world.versions(stream), len(world.in_topic())) == ([], 2)
    return stream


def test_what_a_killed_builder_left_in_the_topic_is_put_into_the_table_by_the_filler(
    world: World,
) -> None:
    stream = died_behind_the_topic(world)

    filled = world.filler().once()
    built = world.snapshotter().build_due()

    assert (filled, built.snapshots) == (2, 0)
    assert world.versions(stream) == [10, 20]
    assert world.snapshots.newest(stream) is not None


def test_what_a_killed_builder_left_in_the_topic_is_built_again_by_the_next(
    world: World,
) -> None:
    stream = died_behind_the_topic(world)

    built = world.snapshotter().build_due()
    filled = world.filler().once()

    assert (built.snapshots, filled) == (2, 0)
    assert world.versions(stream) == [10, 20]
    assert len(world.in_topic()) == 4  # twice in the topic, once in the table


def test_a_builder_whose_connection_is_cut_before_its_commit_leaves_the_cursor(
    world: World,
) -> None:
    stream = world.stream("a", 20)

    def cut() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND state = 'idle in transaction'"
            )

    with pytest.raises(psycopg.OperationalError):
        world.snapshotter(Network(after_write=cut)).build_due()
    assert world.versions(stream) == []

    world.snapshotter().build_due()

    assert world.versions(stream) == [10, 20]


def test_processes_that_are_killed_at_their_work_leave_it_to_the_next(
    world: World,
) -> None:
    streams = [world.stream(str(n), 40) for n in range(12)]
    killed = 0
    for writes in (1, 2, 3, 4):
        with a_process("build_until_killed", writes=writes) as process:
            killed += process.wait(timeout=120) == -signal.SIGKILL
    built_before = sum(len(world.versions(stream)) for stream in streams)

    world.snapshotter().build_due()

    assert killed == 4
    assert 0 < built_before < 48
    assert [world.versions(stream) for stream in streams] == [[10, 20, 30, 40]] * 12
    assert world.snapshotter().sample(100).drifted == []
    assert world.filler().once() == 0


def test_rows_that_are_written_twice_are_there_once(world: World) -> None:
    stream = world.stream("a", 10)
    world.snapshotter().build_due()
    found = world.snapshots.newest(stream)
    assert found is not None

    world.snapshots.write([found, found])

    assert world.versions(stream) == [10]
    assert world.snapshots.newest(stream) == found


# ---- another code


def other_code(world: World) -> type[Any]:
    """The same class as a later version of the code would have it."""
    return type("Order", (world.order,), {"state_schema": 2})


def test_snapshots_of_another_code_are_ignored_and_built_anew(world: World) -> None:
    stream = world.stream("a", 20)
    world.snapshotter().build_due()
    later = snapshot_store(other_code(world))
    assert later.newest(stream) is None

    with world.builder(later.aggregate) as builder:
        built = [builder.build(partition) for partition in builder.lagging()]

    assert sum(b.snapshots for b in built if b) == 2
    assert later.newest(stream) is not None
    assert world.versions(stream) == [10, 10, 20, 20]  # the old ones are kept


def test_old_and_new_code_at_work_at_once_do_not_set_each_other_back(
    world: World,
) -> None:
    stream = world.stream("a", 20)
    later = other_code(world)
    with world.builder() as old, world.builder(later) as new:
        (partition,) = old.lagging()
        old.build(partition)
        new.build(partition)
        assert (old.lagging(), new.lagging()) == ([], [])

        world.stream("a", 10)
        new.build(partition)
        again = old.build(partition)

    assert again is not None
    assert (again.snapshots, again.events) == (1, 10)
    newest = [snapshot_store(cls).newest(stream) for cls in (world.order, later)]
    assert [s.stamp.state_schema for s in newest if s] == [1, 2]


# ---- the index made anew, or another history


def test_after_a_rebuild_the_snapshots_are_true_and_none_is_made_again(
    world: World,
) -> None:
    stream = world.stream("a", 20)
    world.snapshotter().build_due()

    world.rebuild()
    built = world.snapshotter().build_due()

    assert built.snapshots == 0
    assert world.snapshots.newest(stream) is not None


def lose_the_log(world: World) -> None:
    """The log lost its events, and an operator has begun anew with what was left: nothing. Snapshots are still there."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE eventstore_logrecord DISABLE TRIGGER USER")
        cursor.execute(
            "DELETE FROM eventstore_logrecord USING eventstore_logtopic t"
            " WHERE topic = t.id AND t.name LIKE 'eventstore.%'"
        )
        cursor.execute("ALTER TABLE eventstore_logrecord ENABLE TRIGGER USER")
        cursor.execute(
            "UPDATE eventstore_logtail SET next_offset = 0 FROM eventstore_logtopic t"
            " WHERE topic = t.id AND t.name LIKE 'eventstore.%'"
        )
    world.rebuild()


def test_a_stream_that_has_become_another_has_its_snapshots_ignored_and_built_anew(
    world: World,
) -> None:
    stream = world.stream("a", 20)
    world.snapshotter().build_due()
    old = world.snapshots.newest(stream)
    lose_the_log(world)

    world.stream("a", 12)
    assert world.snapshots.newest(stream) is None
    world.snapshotter().build_due()

    new = world.snapshots.newest(stream)
    assert old is not None
    assert new is not None
    assert (new.version, world.versions(stream)) == (10, [10, 10, 20])
    assert new.event_id != old.event_id
    assert world.snapshots.aggregate_of(new).state.changes == 9


class Meanwhile:
    """A clock by which something happens when a batch looks at it first: what is due is then known."""

    def __init__(self, happens: Any) -> None:
        self._happens = [happens]

    def now(self) -> datetime:
        """See `Clock`."""
        return SystemClock().now()

    def monotonic(self) -> float:
        """See `Clock`."""
        if self._happens:
            self._happens.pop()()
        return SystemClock().monotonic()


def test_an_index_that_is_made_anew_under_a_builder_has_all_built_all_the_same(
    world: World,
) -> None:
    stream = world.stream("a", 20)

    def empty_the_index() -> None:
        with world.store.indexer() as indexer:
            reset(indexer.connection())

    built = world.snapshotter(clock=Meanwhile(empty_the_index)).build_due()
    assert built.snapshots == 0

    world.rebuild()
    world.snapshotter().build_due()

    assert world.versions(stream) == [10, 20]


def test_a_filler_that_is_faster_than_the_builder_disturbs_nobody(world: World) -> None:
    stream = died_behind_the_topic(world)
    filler = world.filler()

    built = world.snapshotter(clock=Meanwhile(filler.once)).build_due()

    assert built.snapshots == 2
    assert world.versions(stream) == [10, 20]
    with world.builder() as builder:
        assert builder.lagging() == []
