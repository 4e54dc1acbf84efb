"""Snapshots under destroyed keys are taken out, and of each stream the first is noted; what others have signed is noted, too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from eventstore import metrics
from eventstore.clock import SystemClock
from eventstore.database import connect
from eventstore.events import pack
from eventstore.models import Snapshot, SnapshotFailure
from eventstore.queries.snapshots import Made, StoredSnapshot
from eventstore.snapshots import refusing
from eventstore.snapshots.dropping import drop
from eventstore.snapshots.refusing import Lately

pytestmark = pytest.mark.usefixtures("transactional_db")

GONE, THERE = UUID(int=1), UUID(int=2)
MADE = Made(3, b"code")


def keep(
    stream: str, version: int, key: UUID | None = GONE, code: bytes = b"code"
) -> None:
    """A row."""
    Snapshot.objects.create(
        stream_id=stream,
        state_schema=3,
        code=code,
        version=version,
        event_id=UUID(int=version),
        position=pack(1, 5, version, 0),
        key_id=key,
        state=b"box",
        mac=b"mac",
    )


def kept() -> set[tuple[str, int]]:
    """What is left."""
    return {(row.stream_id, row.version) for row in Snapshot.objects.all()}


def notes() -> list[tuple[Any, ...]]:
    """Of which streams, and what of them."""
    rows = SnapshotFailure.objects.order_by("stream_id", "code")
    return [
        (row.stream_id, bytes(row.code), row.version, row.error, row.attempts)
        for row in rows
    ]


def test_what_is_sealed_under_them_goes_and_all_else_stays() -> None:
    keep("order.a", 10)
    keep("order.a", 20)
    keep("order.b", 10, THERE)
    keep("order.c", 10, None)

    with connect() as own:
        dropped = drop(own, [GONE])

    assert dropped == 2
    assert kept() == {("order.b", 10), ("order.c", 10)}


@pytest.mark.parametrize("order", [(10, 20, 30), (30, 20, 10), (20, 10, 30)], ids=str)
def test_of_each_stream_and_code_the_first_is_noted(order: tuple[int, ...]) -> None:
    for version in order:
        keep("order.a", version)
    keep("order.a", 40, code=b"other")
    keep("order.b", 20)

    before = SystemClock().now()
    with connect() as own:
        assert drop(own, [GONE]) == 5

    assert notes() == [
        ("order.a", b"code", 10, "snapshot-key-gone", 0),
        ("order.a", b"other", 40, "snapshot-key-gone", 0),
        ("order.b", b"code", 20, "snapshot-key-gone", 0),
    ]
    for row in SnapshotFailure.objects.all():
        assert row.partition_id == 517  # with its type's number
        assert before <= row.failed_at <= before + timedelta(hours=1)


def test_a_stream_that_is_noted_keeps_its_note() -> None:
    noted("order.a", "apply-failed", 7)
    keep("order.a", 10)

    with connect() as own:
        drop(own, [GONE])

    assert notes() == [("order.a", b"code", 5, "apply-failed", 7)]


def noted(stream: str, error: str, attempts: int) -> None:
    """A stream that has failed."""
    SnapshotFailure.objects.create(
        stream_id=stream,
        state_schema=3,
        code=b"code",
        partition_id=517,
        version=5,
        error=error,
        detail="",
        failed_at=datetime(2026, 11, 23, tzinfo=UTC),
        attempts=attempts,
    )


# ---- what a load has met


@pytest.fixture
def row(monkeypatch: pytest.MonkeyPatch) -> StoredSnapshot:
    """Of which nothing was said yet."""
    monkeypatch.setattr(refusing, "_lately", Lately(SystemClock()))
    at = datetime(2026, 11, 23, tzinfo=UTC)
    place = pack(1, 5, 7, 0)
    return StoredSnapshot("order.a", 10, UUID(int=1), at, b"{}", place, None, b"")


@pytest.mark.parametrize(
    ("what", "error"),
    [("refuse", "snapshot-not-ours"), ("pass_by", "snapshot-key-gone")],
)
def test_a_stream_is_noted_once_for_the_next_builder(
    row: StoredSnapshot, what: str, error: str
) -> None:
    counted = metrics.SNAPSHOT_GARBAGE.labels(
        error.removeprefix("snapshot-").replace("-", "_")
    )
    before = counted._value.get()

    for _ in range(3):
        getattr(refusing, what)(connect, row, MADE)

    assert notes() == [("order.a", b"code", 10, error, 0)]
    assert counted._value.get() - before == 3


@pytest.mark.parametrize("what", ["refuse", "pass_by"])
def test_what_is_noted_already_stays(row: StoredSnapshot, what: str) -> None:
    noted("order.a", "apply-failed", 7)

    getattr(refusing, what)(connect, row, MADE)

    assert notes() == [("order.a", b"code", 5, "apply-failed", 7)]
