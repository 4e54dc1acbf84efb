"""The filler at its borders: when it looks at the topics again, which cursor it moves, and what it counts."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from structlog.testing import capture_logs

from eventstore.database import connect
from eventstore.errors import LogUnanswered
from eventstore.metrics import SNAPSHOT_GARBAGE, SNAPSHOTS_FILLED
from eventstore.models import SnapshotPartition
from eventstore.ports import Batch, Proposal
from eventstore.snapshots import filling
from eventstore.snapshots.filling import Filler
from eventstore.snapshots.topics import snapshot_topics
from tests.support.snapshotting import World

if TYPE_CHECKING:
    from datetime import datetime

    from eventstore.events import Place
    from eventstore.store import EventStore


@pytest.fixture
def world(embedded_store: EventStore) -> World:
    """On the embedded log."""
    return World(embedded_store)


class Minutes:
    """A clock on which a minute has passed at each look."""

    def __init__(self) -> None:
        self._at = 0.0

    def now(self) -> datetime:
        """See `Clock`."""
        raise AssertionError

    def monotonic(self) -> float:
        """See `Clock`."""
        self._at += 60
        return self._at


class Soon:
    """Set at the fourth look."""

    def __init__(self) -> None:
        self._looks = 0

    def is_set(self) -> bool:
        """See `threading.Event`."""
        self._looks += 1
        return self._looks > 3

    def wait(self, timeout: float) -> None:
        """See `threading.Event`."""
        raise AssertionError(timeout)


class Asked:
    """A log that counts who asks for its extents."""

    def __init__(self, log: Any, asked: list[str]) -> None:
        self._log = log
        self._asked = asked

    def __getattr__(self, name: str) -> Any:
        self._asked.append(name)
        return getattr(self._log, name)


def test_after_a_minute_to_the_moment_the_topics_are_looked_at_again(
    world: World,
) -> None:
    asked: list[str] = []
    filler = Filler(
        snapshot_topics(),
        lambda: Asked(world.store.make_log(), asked),
        connect,
        Minutes(),
        Soon(),  # type: ignore[arg-type]
    )

    filler.run()

    assert "topics" in asked
    assert "extents" not in asked


class Twice:
    """Set once somebody has waited twice."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def is_set(self) -> bool:
        """See `threading.Event`."""
        return len(self.waits) > 1

    def wait(self, timeout: float) -> None:
        """See `threading.Event`."""
        self.waits.append(timeout)


def test_after_it_went_well_the_pauses_begin_anew(world: World) -> None:
    fails = [True, False, True]

    def make_log() -> Any:
        if fails.pop():
            why = "gone"
            raise LogUnanswered(why)
        return world.store.make_log()

    stop: Any = Twice()
    Filler(snapshot_topics(), make_log, connect, Minutes(), stop).run()

    assert stop.waits == [0.5, 0.5]


@pytest.mark.usefixtures("transactional_db")
@pytest.mark.parametrize(
    "other", [{"id": 8}, {"topic_id": "another"}, {"cursor": 4}], ids=str
)
def test_a_cursor_is_moved_only_as_it_was_seen(other: dict[str, Any]) -> None:
    row = {"id": 7, "topic": "t", "topic_id": "this", "cursor": 3} | other
    SnapshotPartition.objects.create(**row)
    given = {"id": 7, "topic_id": "this", "seen": 3, "next": 5}

    with connect() as own:
        assert own.execute(filling._MOVE, given).fetchone() is None
        found = own.execute(filling._CURSOR, given).fetchone()

    assert found == ((4,) if "cursor" in other else None)
    assert SnapshotPartition.objects.get().cursor == row["cursor"]


@pytest.mark.usefixtures("transactional_db")
def test_a_cursor_begins_at_the_beginning_of_each_topic() -> None:
    given = {"id": 7, "topic": "t", "topic_id": "this", "seen": 0, "next": 5}
    register, move, cursor = filling._REGISTER, filling._MOVE, filling._CURSOR

    with connect() as own:
        assert own.execute(register, given).fetchone() == (0,)
        assert own.execute(move, given).fetchone() == (7,)
        assert own.execute(register, given).fetchone() is None  # it is this one's
        assert own.execute(cursor, given).fetchone() == (5,)

        anew = given | {"topic": "u", "topic_id": "another"}
        assert own.execute(register, anew).fetchone() == (0,)
        assert own.execute(cursor, anew).fetchone() == (0,)

    row = SnapshotPartition.objects.get()
    assert (row.topic, row.topic_id) == ("u", "another")


def test_what_is_no_snapshot_is_counted_and_told_and_adds_no_row(world: World) -> None:
    (place, *_) = snapshot_topics().places
    log = world.store.make_log()
    log.append([Proposal(place, b"x", b"garbage")] * 3, timeout_s=120)
    log.close()
    counted = SNAPSHOT_GARBAGE.labels("not_a_snapshot")._value
    before = counted.get()

    with capture_logs() as said:
        assert world.filler().once() == 0

    assert counted.get() - before == 3
    (line,) = [line for line in said if line["action"] == "snapshot-records-passed"]
    assert (line["records"], line["first_offset"]) == (3, 0)
    assert (line["place"], line["reason"]) == (str(place), "not_a_snapshot")
    assert SnapshotPartition.objects.filter(cursor=3).count() == 1


class Holed:
    """A log that has nothing more to show; who asks twice would ask for ever."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self.asked: list[Place] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def read(self, place: Place, offset: int) -> Batch:
        """See the port."""
        assert place not in self.asked, "asked twice"
        self.asked.append(place)
        return Batch([], offset)


def test_where_the_log_has_nothing_to_show_the_round_is_over(world: World) -> None:
    world.stream("a", 10)
    world.snapshotter().build_due()
    log = Holed(world.store.make_log())

    assert world.filler(lambda: log).once() == 0

    assert len(log.asked) == 1
    assert not SnapshotPartition.objects.exclude(cursor=0).exists()


def test_who_is_stopped_reads_no_further(world: World) -> None:
    world.stream("a", 10)
    world.snapshotter().build_due()
    asked: list[str] = []
    stop = threading.Event()
    stop.set()

    filler = world.filler(lambda: Asked(world.store.make_log(), asked), stop)

    assert filler.once() == 0
    assert "extents" in asked
    assert "read" not in asked


def test_rows_that_were_filled_in_are_counted(world: World) -> None:
    world.stream("a", 30)
    world.snapshotter().build_due()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM eventstore_snapshot WHERE version < 30")
    counted = SNAPSHOTS_FILLED.labels(world.order.stream_type)._value
    before = counted.get()

    assert world.filler().once() == 2

    assert counted.get() - before == 2
