"""What each statement of a builder touches, and that it leaves alone whatever differs from it in one thing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from django.db import connection

from eventstore.models import (
    Snapshot,
    SnapshotBuild,
    SnapshotFailure,
    SnapshotPartition,
)
from eventstore.snapshots.builder import statements

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ANOTHER: dict[str, Any] = {
    "partition_id": 8,
    "state_schema": 2,
    "code": b"another code",
    "frequency": 20,
    "stream_id": "order.b",
    "version": 20,
    "event_id": UUID(int=2),
    "mac": b"another mac",
    "state": b"another state",
}
BUILD = {
    "partition_id": 7,
    "state_schema": 1,
    "code": b"code",
    "frequency": 10,
    "cursor": 5,
    "generation": UUID(int=1),
}
SNAPSHOT = {
    "stream_id": "order.a",
    "state_schema": 1,
    "code": b"code",
    "version": 10,
    "event_id": UUID(int=1),
    "position": 77,
    "state": b"state",
    "mac": b"mac",
}
FAILURE = {
    "stream_id": "order.a",
    "state_schema": 1,
    "code": b"code",
    "partition_id": 7,
    "version": 10,
    "error": "apply-failed",
    "detail": "once",
    "failed_at": NOW,
    "attempts": 1,
}


def each_beside(row: Mapping[str, Any], *keys: str) -> Iterator[dict[str, Any]]:
    """The row with one of these changed."""
    for key in keys:
        yield {**row, key: ANOTHER[key]}


def done(statement: str, given: Mapping[str, Any]) -> list[Any]:
    """What it gives back."""
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return cursor.fetchall() if cursor.description else []


def the_snapshot(**more: Any) -> dict[str, Any]:
    """As the statements are told of it."""
    names = {"stream": "stream_id", "schema": "state_schema"}
    same = ("code", "version", "event_id", "state")
    told = {name: SNAPSHOT[column] for name, column in names.items()}
    return {**told, **{name: SNAPSHOT[name] for name in same}, **more}


KEY = ("stream_id", "state_schema", "code", "version", "event_id")


def test_of_snapshots_only_the_one_that_was_seen_is_taken_out() -> None:
    rows = [SNAPSHOT, *each_beside(SNAPSHOT, *KEY)]
    for row in rows:
        Snapshot.objects.create(**row)

    done(statements.REMOVE, the_snapshot(seen=b"mac"))

    left = {tuple(getattr(row, name) for name in KEY) for row in of_snapshots()}
    assert left == {tuple(row[name] for name in KEY) for row in rows[1:]}


@pytest.mark.parametrize("changed", ["mac", "state"])
@pytest.mark.parametrize("statement", ["REMOVE", "SIGN_ANEW"])
def test_a_snapshot_that_was_written_anew_meanwhile_stays(
    statement: str, changed: str
) -> None:
    (row,) = each_beside(SNAPSHOT, changed)
    Snapshot.objects.create(**row)

    done(getattr(statements, statement), the_snapshot(seen=b"mac", mac=b"signed"))

    (found,) = of_snapshots()
    assert (found.mac, found.state) == (row["mac"], row["state"])


def of_snapshots() -> list[Snapshot]:
    """All, with bytes that can be compared."""
    found = list(Snapshot.objects.all())
    for row in found:
        row.code, row.mac, row.state = map(bytes, (row.code, row.mac, row.state))
    return found


@pytest.mark.parametrize("statement", ["DRIFTED", "SIGN_ANEW"])
def test_of_snapshots_only_one_is_set_aside_or_signed_anew(statement: str) -> None:
    for row in (SNAPSHOT, *each_beside(SNAPSHOT, *KEY)):
        Snapshot.objects.create(**row)

    done(getattr(statements, statement), the_snapshot(seen=b"mac", mac=b"signed"))

    touched = [row for row in of_snapshots() if row.drifted or row.mac == b"signed"]
    assert [tuple(getattr(row, name) for name in KEY) for row in touched] == [
        tuple(SNAPSHOT[name] for name in KEY)
    ]
    (one,) = touched
    assert (one.drifted, one.mac) == (
        (True, b"mac") if statement == "DRIFTED" else (False, b"signed")
    )


BUILDER = {"partition": 7, "schema": 1, "code": b"code", "frequency": 10}
ITS_KEY = ("partition_id", "state_schema", "code", "frequency")


def test_a_builder_takes_and_moves_its_own_row_alone() -> None:
    for row in each_beside(BUILD, *ITS_KEY):
        SnapshotBuild.objects.create(**row | {"cursor": 9})
    assert done(statements.TAKE, BUILDER) == []
    SnapshotBuild.objects.create(**BUILD)

    assert done(statements.TAKE, BUILDER) == [(5, UUID(int=1))]
    done(statements.MOVE, BUILDER | {"next": 6, "generation": UUID(int=3)})

    assert done(statements.TAKE, BUILDER) == [(6, UUID(int=3))]
    assert SnapshotBuild.objects.filter(cursor=9).count() == len(ITS_KEY)


def test_a_row_begins_at_nothing_of_no_generation_and_is_made_once() -> None:
    done(statements.REGISTER, BUILDER)
    assert done(statements.TAKE, BUILDER) == [(0, UUID(int=0))]

    done(statements.MOVE, BUILDER | {"next": 6, "generation": UUID(int=3)})
    done(statements.REGISTER, BUILDER)

    assert done(statements.TAKE, BUILDER) == [(6, UUID(int=3))]


FAILS = {
    "stream": "order.a",
    "schema": 1,
    "code": b"code",
    "partition": 7,
    "version": 20,
    "error": "unreadable-event",
    "detail": "again",
    "now": NOW + timedelta(seconds=1),
}
STREAM = ("stream_id", "state_schema", "code")


def test_a_failure_is_counted_for_its_stream_and_code_alone() -> None:
    for other in each_beside(FAILURE, *STREAM):
        SnapshotFailure.objects.create(**other)

    assert done(statements.FAILED, FAILS) == [(1,)]
    assert done(statements.FAILED, FAILS) == [(2,)]

    (row,) = SnapshotFailure.objects.filter(error="unreadable-event")
    assert (row.stream_id, row.version, row.detail) == ("order.a", 20, "again")
    assert (row.partition_id, row.failed_at, row.attempts) == (7, FAILS["now"], 2)
    assert SnapshotFailure.objects.filter(detail="once", attempts=1).count() == 3


def test_who_fails_again_says_what_is_so_now() -> None:
    SnapshotFailure.objects.create(**FAILURE)

    assert done(statements.FAILED, FAILS) == [(2,)]

    row = SnapshotFailure.objects.get()
    assert (row.version, row.error, row.detail) == (20, "unreadable-event", "again")
    assert row.failed_at == FAILS["now"]


def test_who_worked_is_forgotten_for_its_stream_and_code_alone() -> None:
    for row in (FAILURE, *each_beside(FAILURE, *STREAM)):
        SnapshotFailure.objects.create(**row)

    done(statements.WORKED, FAILS)

    rows = SnapshotFailure.objects.all()
    left = {(row.stream_id, row.state_schema, bytes(row.code)) for row in rows}
    assert left == {
        ("order.b", 1, b"code"),
        ("order.a", 2, b"code"),
        ("order.a", 1, b"another code"),
    }


def test_to_begin_again_forgets_how_far_all_were_and_what_failed() -> None:
    SnapshotBuild.objects.create(**BUILD)
    SnapshotFailure.objects.create(**FAILURE)
    Snapshot.objects.create(**SNAPSHOT)
    SnapshotPartition.objects.create(id=7, topic="t", topic_id="id", cursor=9)

    for statement in statements.START_AGAIN:
        done(statement, {})

    assert not SnapshotBuild.objects.exists()
    assert not SnapshotFailure.objects.exists()
    assert [row.cursor for row in SnapshotPartition.objects.all()] == [0]
    assert Snapshot.objects.count() == 1
