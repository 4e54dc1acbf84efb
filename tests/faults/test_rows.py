"""Every row of mirror, index and heads is held against the fold, and every column of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection

from eventstore.conf import conf
from eventstore.events import to_milliseconds
from eventstore.models import Record as Row
from eventstore.protocol.placement import place_of
from teddy_es.faults.findings import Findings
from teddy_es.faults.judge import Judge, Place
from teddy_es.faults.ledger import Ledger
from teddy_es.faults.naive import Record
from teddy_es.faults.tables import Rows
from tests.plugins.mirrored import an_event
from tests.support.worlds import WITHOUT_TRIGGERS

if TYPE_CHECKING:
    from tests.plugins.mirrored import Mirrored

STREAM = "conversation.conv-1"


@pytest.fixture
def log(mirrored: Mirrored) -> list[tuple[int, Record]]:
    """The records of three commits, of which the second has two events."""
    mirrored.commit(STREAM)
    mirrored.commit(STREAM, an_event(), an_event("ChildSpoke", text="Hello"))
    mirrored.commit(STREAM)
    return [
        (offset, Record(to_milliseconds(row.recorded_at), bytes(row.key or b""), bytes(row.value or b"")))
        for offset, row in enumerate(Row.objects.order_by("position"))
    ]  # fmt: skip


def compared(log: list[tuple[int, Record]]) -> dict[str, int]:
    """What is not zero."""
    findings = Findings()
    connection.ensure_connection()
    rows = Rows(connection.connection, findings)
    place = Place(*_place())
    judge = Judge(Ledger(), Findings())
    rows.compare(place, judge.take(place, conf.PARTITIONS, log))
    rows.compare_heads()
    return {kind: n for kind, n in findings.zeros.items() if n}


def digest() -> str:
    """Of all rows."""
    connection.ensure_connection()
    return Rows(connection.connection, Findings()).digest()


def test_rows_that_are_the_fold_are_sound(log: list[tuple[int, Record]]) -> None:
    assert compared(log) == {}


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        ("UPDATE eventstore_record SET verdict = 3 WHERE first_version = 1", {"index": 1}),
        ("UPDATE eventstore_record SET value = value || ' ' WHERE first_version = 1", {"index": 1}),
        ("UPDATE eventstore_record SET hash = '' WHERE first_version = 1", {"index": 1}),
        ("UPDATE eventstore_record SET recorded_at = recorded_at + '1 ms' WHERE first_version = 1", {"index": 1}),
        ("DELETE FROM eventstore_record WHERE first_version = 4", {"index": 1}),
        ("UPDATE eventstore_event SET occurred_at = occurred_at + '1 us' WHERE version = 2", {"index": 1}),
        ("UPDATE eventstore_event SET event_type = 'TeddyReplied' WHERE version = 2", {"index": 1}),
        ("UPDATE eventstore_event SET correlation_id = event_id WHERE version = 2", {"index": 1}),
        ("DELETE FROM eventstore_event WHERE version = 4", {"index": 1}),
        ("UPDATE eventstore_event SET version = 9 WHERE version = 4", {"index": 1, "holes": 1}),
        ("UPDATE eventstore_event SET version = 0 WHERE version = 4", {"index": 1, "doubles": 1}),
        ("UPDATE eventstore_stream SET version = 3", {"index": 1}),
        ("UPDATE eventstore_stream SET first_recorded_at = last_recorded_at", {"index": 1}),
        ("DELETE FROM eventstore_stream", {"index": 1}),
    ],
)  # fmt: skip
def test_a_row_that_is_not_the_fold_is_found(
    log: list[tuple[int, Record]], spoil: str, found: dict[str, int]
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"{WITHOUT_TRIGGERS}{spoil}")

    assert compared(log) == found


def test_a_row_without_a_record_is_found(log: list[tuple[int, Record]]) -> None:
    assert compared(log[:-1])["index"] == 3  # in mirror, index and heads


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE eventstore_record SET reason = 'x' WHERE first_version = 1",
        "UPDATE eventstore_event SET causation_id = event_id WHERE version = 1",
        "UPDATE eventstore_stream SET version = 5",
        'UPDATE eventstore_partition SET "cursor" = "cursor" + 1',
    ],
)
def test_any_other_byte_makes_another_digest(spoil: str) -> None:
    before = digest()
    with connection.cursor() as cursor:
        cursor.execute(f"{WITHOUT_TRIGGERS}{spoil}")

    assert digest() != before


@pytest.mark.usefixtures("log")
def test_another_generation_makes_no_other_digest() -> None:
    before = digest()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE eventstore_partition SET generation = gen_random_uuid()")

    assert digest() == before


def _place() -> tuple[str, int]:
    place = place_of(STREAM, conf.PARTITIONS)
    return place.topic, place.partition
