"""The filler puts into the table what only the topics have, whatever stands in them and whoever is at it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.db import connection, connections
from structlog.testing import capture_logs

from eventstore.errors import LogUnanswered, LogUnreadable
from eventstore.models import SnapshotPartition
from eventstore.ports import Batch, Proposal
from eventstore.snapshots.topics import snapshot_topics
from tests.support.snapshotting import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventstore.events import Place
    from eventstore.store import EventStore


@pytest.fixture
def world(embedded_store: EventStore) -> World:
    """On the embedded log."""
    return World(embedded_store)


def test_a_table_that_was_lost_is_filled_from_the_topic_by_whoever_says_so(
    world: World,
) -> None:
    streams = [world.stream(name, 30) for name in "abc"]
    world.snapshotter().build_due()
    assert world.filler().once() == 0
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE eventstore_snapshot")

    world.snapshotter().start_again()
    filled = world.filler().once()

    assert filled == 9
    assert [world.versions(stream) for stream in streams] == [[10, 20, 30]] * 3
    assert world.snapshotter().build_due().snapshots == 0


def test_a_topic_that_was_made_anew_is_read_from_its_beginning(world: World) -> None:
    stream = world.stream("a", 30)
    world.snapshotter().build_due()
    world.filler().once()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE eventstore_snapshot")
        cursor.execute(
            "UPDATE eventstore_logtopic SET topic_id = gen_random_uuid()"
            " WHERE name LIKE 'snapshots.%'"
        )

    assert world.filler().once() == 3
    assert world.versions(stream) == [10, 20, 30]


def test_a_topic_that_lost_its_end_is_read_anew(world: World) -> None:
    stream = world.stream("a", 30)
    world.snapshotter().build_due()
    world.filler().once()
    SnapshotPartition.objects.filter(cursor=3).update(cursor=1_000)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE eventstore_snapshot")

    assert world.filler().once() == 3
    assert world.versions(stream) == [10, 20, 30]


class Slow:
    """A log by which a filler reads only the first record, and is overtaken by another filler behind it."""

    def __init__(self, log: Any, overtaken: Callable[[], object]) -> None:
        self._log = log
        self._overtaken = overtaken
        self.reads = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def read(self, place: Place, offset: int) -> Batch:
        """See `Log`."""
        self.reads += 1
        first, *_ = self._log.read(place, offset).records
        self._overtaken()
        return Batch([first], offset + 1)


def test_a_filler_that_was_overtaken_does_not_set_the_cursor_back(world: World) -> None:
    world.stream("a", 30)
    world.snapshotter().build_due()
    slow = Slow(world.store.make_log(), world.filler().once)

    world.filler(lambda: slow).once()

    assert slow.reads == 1
    assert SnapshotPartition.objects.filter(cursor=3).count() == 1


class Damaged:
    """A log of which one partition cannot be unpacked."""

    def __init__(self, log: Any, place: Place) -> None:
        self._log = log
        self._place = place

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def read(self, place: Place, offset: int) -> Any:
        """See `Log`."""
        if place == self._place:
            raise LogUnreadable(place.topic, place.partition, offset)
        return self._log.read(place, offset)


def test_a_partition_that_cannot_be_unpacked_is_told_once_and_holds_up_no_other(
    world: World,
) -> None:
    streams = world.streams_everywhere(3, 10)
    world.snapshotter().build_due()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE eventstore_snapshot")
    broken = snapshot_topics().places[0]
    filler = world.filler(lambda: Damaged(world.store.make_log(), broken))

    with capture_logs() as said:
        filled = filler.once()
        filler.once()

    there = sum(len(world.versions(stream)) for stream in streams)
    assert filled == there == 6
    errors = [line for line in said if line["log_level"] == "error"]
    assert [line["place"] for line in errors] == [str(broken)]


def test_a_partition_that_fails_again_is_told_again(world: World) -> None:
    world.streams_everywhere(1, 10)
    world.snapshotter().build_due()
    (broken, *_) = snapshot_topics().places
    heals: list[bool] = [True, False, True]

    def make_log() -> Any:
        log = world.store.make_log()
        return Damaged(log, broken) if heals.pop() else log

    filler = world.filler(make_log)
    with capture_logs() as said:
        for _ in range(3):
            SnapshotPartition.objects.all().delete()
            filler.once()

    errors = [line for line in said if line["log_level"] == "error"]
    assert [line["place"] for line in errors] == [str(broken)] * 2


class Ended:
    """Set once a filler has waited three times."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def is_set(self) -> bool:
        """See `threading.Event`."""
        return len(self.waits) >= 3

    def wait(self, timeout: float) -> None:
        """See `threading.Event`."""
        self.waits.append(timeout)


def test_a_filler_goes_on_when_what_did_not_answer_is_back(world: World) -> None:
    stream = world.stream("a", 20)
    world.snapshotter().build_due()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE eventstore_snapshot")
    troubles: list[Exception] = [
        psycopg.errors.UndefinedTable("secret"),
        LogUnanswered("gone"),
    ]

    def make_log() -> Any:
        if troubles:
            raise troubles.pop()
        return world.store.make_log()

    ended = Ended()
    with capture_logs() as said:
        world.filler(make_log, ended).run()

    assert ended.waits == [0.5, 1.0, 2.0]  # twice for trouble, then for more
    assert world.versions(stream) == [10, 20]
    told = [line["cause"] for line in said if line["log_level"] == "warning"]
    assert told[0] == "gone"
    assert "secret" not in told[1]


def test_a_fault_that_nobody_foresaw_does_not_end_the_filling(world: World) -> None:
    stream = world.stream("a", 20)
    world.snapshotter().build_due()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE eventstore_snapshot")
    faults = [KeyError("place")]

    def make_log() -> Any:
        if faults:
            raise faults.pop()
        return world.store.make_log()

    with capture_logs() as said:
        world.filler(make_log, Ended()).run()

    assert world.versions(stream) == [10, 20]
    (line,) = [line for line in said if line["log_level"] == "error"]
    assert line["code"] == "KeyError"
    assert line["exc_info"]


def test_garbage_in_the_topic_is_counted_and_passed(world: World) -> None:
    stream = world.stream("a", 10)
    (place, *_) = snapshot_topics().places
    log = world.store.make_log()
    log.append(
        [Proposal(p, b"x", b"garbage") for p in snapshot_topics().places], timeout_s=120
    )
    log.close()
    world.snapshotter().build_due()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE eventstore_snapshot")

    assert world.filler().once() == 1
    assert world.versions(stream) == [10]
    assert place.topic.startswith("snapshots.")


def test_fillers_and_builders_at_work_at_once_end_with_everything_once(
    world: World,
) -> None:
    streams = [world.stream(str(n), 30) for n in range(10)]

    def work(job: Any) -> None:
        try:
            job()
        finally:
            connections.close_all()

    jobs = [
        world.snapshotter(seed=1).build_due,
        *[world.filler().once for _ in range(3)],
    ]
    threads = [threading.Thread(target=work, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    world.filler().once()

    assert [world.versions(stream) for stream in streams] == [[10, 20, 30]] * 10
