"""Who holds a checkpoint holds it alone: another worker passes by at once, and who acts on all of them waits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest
from django.db import connection, transaction

from eventstore.database import connect
from eventstore.subscriptions import checkpoints, names

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PLANT = """
WITH place AS (
  INSERT INTO eventstore_partition (id, topic, partition, partitions, topic_id, generation, "cursor", last_recorded_at, rule_version)
  SELECT n, 'topic', n, 3, 't', %(generation)s, 10, 0, 1 FROM generate_series(7, 8) n RETURNING id
), subscription AS (
  INSERT INTO eventstore_subscription (name, version, wants, born, made_at) VALUES ('a', 1, '', '', %(now)s)
)
INSERT INTO eventstore_checkpoint (subscription, partition_id, version, "cursor", first_time_from, paused, handled, skipped, rate, moved_at)
SELECT 'a', id, 1, 3, 0, false, 0, 0, 0, %(now)s FROM place
"""
# Whoever would have to wait says so instead.
AT_ONCE = "SET LOCAL lock_timeout = '5s'"


@pytest.fixture
def other(transactional_db: None) -> Iterator[psycopg.Connection[Any]]:
    """A session beside Django's; both find a subscription of two partitions."""
    with connection.cursor() as cursor:
        cursor.execute(PLANT, {"generation": uuid4(), "now": NOW})
    with connect() as found:
        yield found


def is_free(other: psycopg.Connection[Any], partition: int) -> bool:
    asked = (
        "SELECT 1 FROM eventstore_checkpoint WHERE partition_id = %s FOR UPDATE NOWAIT"
    )
    try:
        other.execute(asked, [partition])
    except psycopg.errors.LockNotAvailable:
        return False
    return True


def test_one_that_is_held_is_its_holders_until_the_end(
    other: psycopg.Connection[Any],
) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        assert checkpoints.hold(cursor, "a", 1, 7) is not None
        meanwhile = is_free(other, 7), is_free(other, 8)

    assert meanwhile == (False, True)
    assert is_free(other, 7)


def test_who_finds_one_held_passes_by_at_once(other: psycopg.Connection[Any]) -> None:
    lock = "SELECT 1 FROM eventstore_checkpoint WHERE partition_id = 7 FOR UPDATE"
    with (
        other.transaction(),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        other.execute(lock)
        cursor.execute(AT_ONCE)

        found = [checkpoints.hold(cursor, "a", 1, n) is not None for n in (7, 8)]

    assert found == [False, True]


def test_who_holds_all_holds_each(other: psycopg.Connection[Any]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        checkpoints.hold_all(cursor, "b")
        before = is_free(other, 7), is_free(other, 8)
        checkpoints.hold_all(cursor, "a")
        after = is_free(other, 7), is_free(other, 8)

    assert (before, after) == ((True, True), (False, False))


def test_a_subscriptions_row_is_held_by_who_takes_over(
    other: psycopg.Connection[Any],
) -> None:
    asked = "SELECT 1 FROM eventstore_subscription FOR UPDATE NOWAIT"
    with transaction.atomic(), connection.cursor() as cursor:
        assert names.hold(cursor, "a") == (1, "")

        with pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute(asked)
