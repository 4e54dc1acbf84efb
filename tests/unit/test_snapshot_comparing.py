"""Snapshots are held against keys and replays a part a day; one that is not ours is told once, counted always, and noted."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
import psycopg
import pytest
from structlog.testing import capture_logs

from eventstore import metrics
from eventstore.events import Place, pack
from eventstore.ports import Batch, Extent
from eventstore.queries.snapshots import Made, StoredSnapshot
from eventstore.snapshots import refusing
from eventstore.snapshots.builder import places, verifying
from eventstore.snapshots.builder.replaying import ApplyError
from eventstore.snapshots.builder.verifying import Compared, Comparer, _OfClass
from eventstore.snapshots.record import Garbage
from eventstore.snapshots.writing import SnapshotWriter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

VERIFYING = "eventstore.snapshots.builder.verifying"
AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


def comparer(**known: Any) -> Comparer:
    """One that knows this and nothing else."""
    made = object.__new__(Comparer)
    for name, value in known.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("wanted", "stream_type", "is_wanted"),
    [
        (None, "order", True),
        ({"order"}, "order", True),
        ({"order"}, "parcel", False),
        (set(), "order", False),
    ],
)
def test_streams_of_some_types_alone_are_compared(
    wanted: set[str] | None,
    stream_type: str,
    is_wanted: bool,  # noqa: FBT001
) -> None:
    assert comparer(_wanted=wanted)._is_wanted(stream_type) is is_wanted


@pytest.mark.parametrize(
    ("day", "at_most", "rows"),
    [
        (0, 3, [0, 1, 2]),
        (1, 3, [3, 4, 5]),
        (3, 3, [0, 1, 9]),  # round the end
        (7, 10, [*range(10)]),
        (7, None, [*range(10)]),
        (7, 0, []),
    ],
)
def test_each_day_has_its_turn_and_goes_on_where_the_last_one_ended(
    monkeypatch: pytest.MonkeyPatch, day: int, at_most: int | None, rows: list[int]
) -> None:
    monkeypatch.setattr(verifying, "reading_cursor", nullcontext)
    monkeypatch.setattr(f"{VERIFYING}.queries.number", lambda _cursor: 10)

    is_due = comparer(_day=day, _at_most=at_most)._turn()

    assert [number for number in range(10) if is_due(number)] == rows


def test_records_that_nobody_loads_are_counted_by_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = {1: Garbage("not_ours"), 2: "ours", 3: Garbage("unsigned"), 4: Garbage("not_ours")}  # fmt: skip
    monkeypatch.setattr(verifying, "believed", lambda _p, _n, one, _s: read[one.offset])
    records: Any = [SimpleNamespace(offset=offset) for offset in read]
    found, place = Compared(), Place("snapshots.order", 0)

    comparer(_signer=None)._records(place, 1, records, found)

    assert (found.records, found.passed) == (4, {"not_ours": 2, "unsigned": 1})
    assert (found.wrong, [which for which, _ in found.named]) == (
        2,
        [f"{place} offset 1", f"{place} offset 4"],
    )


def test_of_many_that_are_wrong_the_first_are_named_and_all_counted() -> None:
    found = Compared()

    for n in range(verifying._NAMED + 5):
        found.is_wrong(str(n), "bad")
    found.leave("other code")
    found.leave("other code", 3)

    assert found.wrong == verifying._NAMED + 5
    assert found.named == [(str(n), "bad") for n in range(verifying._NAMED)]
    assert found.not_compared == {"other code": 4}


class Replay:
    """Gives the aggregate at each version, up to one that cannot be read."""

    def __init__(self, unreadable: int) -> None:
        self.unreadable = unreadable
        self.begun: list[int | None] = []

    def through(
        self, stream_id: str, versions: Sequence[int], begin: Any
    ) -> Iterator[Any]:
        """See `builder.replaying`."""
        self.begun.append(begin and begin.version)
        for version in versions:
            if version >= self.unreadable:
                raise ApplyError(version, "ZeroDivisionError")
            yield SimpleNamespace(stream_id=stream_id, version=version)


def test_a_page_goes_on_where_the_page_before_has_ended_its_stream() -> None:
    one: Any = object.__new__(_OfClass)
    one._replay, one._last, held = Replay(unreadable=40), None, list[int]()
    one._hold = lambda row, _whole, _compared: held.append(row.version)
    found = Compared()

    for stream, versions in (
        ("order.1", [10, 20]),
        ("order.1", [30, 40, 50]),
        ("order.1", [60]),
        ("order.2", [10]),
        ("order.3", [10]),
    ):
        rows = [SimpleNamespace(stream_id=stream, version=n) for n in versions]
        one.compare(rows, found)

    assert one._replay.begun == [None, 20, None, None, None]
    assert held == [10, 20, 30, 10, 10]
    assert found.not_compared == {"not replayed": 3}


def test_the_partitions_of_a_class_are_those_of_its_topic(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(places, "topic_of", lambda _cls: "eventstore.order")
    ids = {
        Place("eventstore.order", 0): 1,
        Place("eventstore.parcel", 0): 2,
        Place("eventstore.order", 1): 3,
    }
    topics: Any = SimpleNamespace(places=[*ids], partition_id=ids.__getitem__)

    assert places.partitions_of(object, topics) == [1, 3]  # type: ignore[arg-type]


class Log:
    """A log whose reads end at these offsets, one after the other."""

    def __init__(self, place: Place, *ends: int) -> None:
        self._place, self._ends = place, list(ends)

    def topics(self, _names: object) -> set[str]:
        """See the port."""
        return {self._place.topic}

    def extents(self, places: Sequence[Place]) -> dict[Place, Extent]:
        """See the port."""
        return {place: Extent(2, 9) for place in places}

    def read(self, _place: Place, _offset: int) -> Batch:
        """See the port."""
        return Batch([], self._ends.pop(0))


@pytest.mark.parametrize(
    ("ends", "told"), [((5, 9), [3, 4]), ((5, 5), [3])], ids=["to the end", "a hole"]
)
def test_a_topic_is_read_to_its_end_or_as_far_as_it_can_be(
    monkeypatch: pytest.MonkeyPatch, ends: tuple[int, ...], told: list[int]
) -> None:
    here, other = Place("snapshots.order", 0), Place("snapshots.parcel", 0)
    nowhere = Place("snapshots.order_of_old", 0)
    topics = SimpleNamespace(
        numbers={"n": 1}, places=[other, here, nowhere], partitions=1
    )
    monkeypatch.setattr(verifying, "snapshot_topics", lambda: topics)
    log, heard = Log(here, *ends), list[int]()

    comparer(_log=log, _wanted={"order", "order_of_old"}, _signer=None)._topics(
        Compared(), heard.append
    )

    assert heard == told
    assert log._ends == []


def kept_row(**changes: Any) -> Any:
    """A row that may be compared."""
    usual = {"stream_id": "order.1", "version": 10, "made": "today", "mac": b"ours"}
    usual |= {"drifted": False, "recorded_at": AT}
    return SimpleNamespace(**(usual | changes))


@pytest.mark.parametrize(
    ("row", "why", "wrong"),
    [
        ({}, None, 0),
        ({"mac": b"foreign"}, "not ours", 1),
        ({"drifted": True}, "set aside", 0),
        ({"recorded_at": None}, "another history", 0),
        ({"made": "yesterday"}, "other code", 0),
        ({"stream_id": "parcel.1"}, "other code", 0),  # no class at all
        ({"stream_id": "secret.1"}, "sealed", 0),
    ],
    ids=str,
)
def test_why_a_row_is_not_compared(
    monkeypatch: pytest.MonkeyPatch, row: dict[str, Any], why: str | None, wrong: int
) -> None:
    monkeypatch.setattr(verifying, "said_by_row", lambda *_: b"said")
    signer = SimpleNamespace(knows=lambda _said, mac: mac == b"ours")
    known = {
        name: SimpleNamespace(made="today", may_compare=name == "order")
        for name in ("order", "secret")
    }
    made, found = comparer(_of_type=known, _signer=signer), Compared()

    for is_due in (True, False):
        may = made._is_comparable(kept_row(**row), found, is_due=is_due)
        assert may is (why is None and is_due)

    left = {why: 2} if why else {"beyond the bound": 1}
    assert (found.not_compared, found.wrong) == (left, 2 * wrong)


class Quantity(msgspec.Struct):
    """A state."""

    quantity: Any = 9


@pytest.mark.parametrize(
    ("state", "kept", "found"),
    [
        (Quantity(), b'{"quantity":9}', Compared(compared=1)),
        (Quantity(), b'{"quantity":8}', Compared(compared=1, wrong=1)),
        (Quantity(), None, Compared(not_compared={"key gone": 1})),
        (Quantity(object()), b"{}", Compared(not_compared={"not replayed": 1})),
    ],
)
def test_a_row_is_held_against_the_whole_state(
    state: Quantity, kept: bytes | None, found: Compared
) -> None:
    one: Any = object.__new__(_OfClass)
    one._cls = SimpleNamespace(__name__="Order", state_type=Quantity)
    one._snapshots = SimpleNamespace(state_in=lambda _row: kept)
    compared = Compared()

    one._hold(kept_row(), SimpleNamespace(state=state), compared)

    assert replace(compared, named=[]) == found
    assert len(compared.named) == found.wrong


# ---- one that a load has met


class Clock:
    """Stands."""

    def monotonic(self) -> float:
        """See the port."""
        return 0.0


class Table:
    """A connection that takes notes, or fails."""

    def __init__(self, trouble: Exception | None = None) -> None:
        self.trouble, self.notes, self.closed = trouble, list[Any](), 0

    def __call__(self) -> Table:
        """Connect."""
        return self

    def execute(self, _statement: str, note: object) -> None:
        """See psycopg."""
        if self.trouble:
            raise self.trouble
        self.notes.append(note)

    def close(self) -> None:
        """See there."""
        self.closed += 1


def refused() -> float:
    """How many, says Prometheus."""
    return float(metrics.SNAPSHOT_GARBAGE.labels("not_ours")._value.get())


def refuse(table: Table) -> list[str]:
    """A snapshot that is not ours; what is told."""
    position, at = pack(1, 5, 7), UUID(int=1)
    row = StoredSnapshot("order.1", 10, at, AT, b"{}", position, None, b"")
    with capture_logs() as lines:
        refusing.refuse(table, row, Made(3, b"code"))  # type: ignore[arg-type]
    return [line["action"] for line in lines]


@pytest.fixture(autouse=True)
def _nothing_was_said_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusing, "_lately", refusing.Lately(Clock()))  # type: ignore[arg-type]


def test_it_is_counted_each_time_and_told_and_noted_once() -> None:
    table, before = Table(), refused()

    assert [refuse(table), refuse(table)] == [["snapshot-refused"], []]

    assert refused() - before == 2
    [note] = table.notes
    assert {key: note[key] for key in ("stream", "partition", "version", "schema", "code")} == {
        "stream": "order.1",
        "partition": 517,  # with its type's number
        "version": 10,
        "schema": 3,
        "code": b"code",
    }  # fmt: skip
    assert table.closed == 1


def test_a_load_goes_on_where_it_cannot_be_noted() -> None:
    table = Table(psycopg.OperationalError("away"))

    assert refuse(table) == ["snapshot-refused", "snapshot-note-failed"]
    assert table.closed == 1


def test_a_fault_of_ours_is_not_taken_for_the_databases() -> None:
    with pytest.raises(ZeroDivisionError):
        refuse(Table(ZeroDivisionError()))


# ---- the writer's connection


def test_a_writer_opens_a_connection_anew_where_the_last_one_is_closed() -> None:
    made: list[Any] = []

    def connect() -> Any:
        made.append(SimpleNamespace(closed=False, close=lambda: None))
        return made[-1]

    logs: list[str] = []
    log: Any = SimpleNamespace(close=lambda: logs.append("closed"))
    writer = SnapshotWriter(log, connect)

    opened: list[Any] = [writer.connection(), writer.connection()]
    assert opened == [made[0], made[0]]
    made[0].closed = True
    opened.append(writer.connection())
    writer.close()
    opened.append(writer.connection())
    assert opened[2:] == [made[1], made[2]]
    assert logs == ["closed"]
