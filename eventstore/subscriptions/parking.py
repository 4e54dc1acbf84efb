"""Streams that a subscription cannot get on with: set aside with what failed, tried again, and done with in order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from eventstore.errors import StreamNotParked

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from django.db.backends.utils import CursorWrapper

    from eventstore.queries.rows import Cursor
    from eventstore.subscriptions.delivery import Delivery
    from eventstore.subscriptions.failures import Failure

# Index: the key.
_AMONG: Final = """
SELECT stream_id FROM eventstore_parkedstream WHERE subscription = %(name)s AND stream_id = ANY(%(streams)s)
"""
# Index: eventstore_parked_due. The longest due first.
_DUE: Final = """
SELECT stream_id, position, version, attempts FROM eventstore_parkedstream
 WHERE subscription = %(name)s AND partition_id = %(partition)s AND retry_at <= %(now)s
 ORDER BY retry_at LIMIT 1
"""
_PARK: Final = """
INSERT INTO eventstore_parkedstream (subscription, stream_id, partition_id, position, version, event_type,
                                     error, place, attempts, failed_at, retry_at)
VALUES (%(name)s, %(stream_id)s, %(partition)s, %(position)s, %(version)s, %(event_type)s,
        %(error)s, %(place)s, %(attempts)s, %(now)s, %(retry_at)s)
    ON CONFLICT (subscription, stream_id) DO UPDATE
   SET position = excluded.position, version = excluded.version, event_type = excluded.event_type,
       error = excluded.error, place = excluded.place, attempts = excluded.attempts,
       failed_at = excluded.failed_at, retry_at = excluded.retry_at
"""
# The rest of the queue is due at once.
_GET_ON: Final = """
UPDATE eventstore_parkedstream SET position = %(position)s, version = %(version)s, attempts = 0, retry_at = %(now)s
 WHERE subscription = %(name)s AND stream_id = %(stream_id)s
"""
_AGAIN: Final = """
UPDATE eventstore_parkedstream SET attempts = 0, retry_at = %(now)s
 WHERE subscription = %(name)s AND (%(stream_id)s::text IS NULL OR stream_id = %(stream_id)s)
"""
_SKIP: Final = """
UPDATE eventstore_parkedstream SET position = position + 1, version = version + 1, attempts = 0, retry_at = %(now)s
 WHERE subscription = %(name)s AND stream_id = %(stream_id)s
"""
_PARKED: Final = """
SELECT partition_id, position, version, event_type, error FROM eventstore_parkedstream
 WHERE subscription = %(name)s AND stream_id = %(stream_id)s
"""
_ANY_DUE: Final = """
SELECT EXISTS (SELECT FROM eventstore_parkedstream WHERE subscription = %(name)s AND retry_at <= %(now)s)
"""
# Indexes: the keys; of the event by its position.
_BEFORE: Final = """
SELECT p.stream_id, p.version, p.error, p.retry_at IS NULL
  FROM eventstore_event e JOIN eventstore_parkedstream p
    ON p.subscription = %(name)s AND p.stream_id = e.stream_id AND p.position <= e.position
 WHERE e.position = %(position)s
"""
_RENAME: Final = "UPDATE eventstore_parkedstream SET subscription = %(to)s WHERE subscription = %(name)s"
_FORGET: Final = "DELETE FROM eventstore_parkedstream WHERE subscription = %(name)s"
_DONE: Final = "DELETE FROM eventstore_parkedstream WHERE subscription = %(name)s AND stream_id = %(stream_id)s"


@dataclass(frozen=True, slots=True)
class Due:
    """A parked stream that is to be tried again. position: packed, of the event that is to be handled next."""

    stream_id: str
    position: int
    version: int
    attempts: int


class ParkedAt(NamedTuple):
    """The event that a stream is parked at, and what of it failed. position: packed."""

    partition_id: int
    position: int
    version: int
    event_type: str
    error: str


class InTheWay(NamedTuple):
    """A stream that is set aside at an event or before it, and whether nobody will try again until somebody says so."""

    stream_id: str
    version: int
    error: str
    is_parked: bool


def among(cursor: Cursor, name: str, streams: Collection[str]) -> frozenset[str]:
    """Which of these streams are parked."""
    if not streams:
        return frozenset()
    cursor.execute(_AMONG, {"name": name, "streams": list(streams)})
    return frozenset(row[0] for row in cursor.fetchall())


def due(cursor: Cursor, name: str, partition_id: int, now: datetime) -> Due | None:
    """A stream of the partition whose time has come."""
    cursor.execute(_DUE, {"name": name, "partition": partition_id, "now": now})
    return next((Due(*row) for row in cursor.fetchall()), None)


def park(
    cursor: Cursor,
    name: str,
    partition_id: int,
    delivery: Delivery,
    failure: Failure,
    *,
    attempts: int,
    retries: Sequence[float],
    now: datetime,
) -> bool:
    """Set the stream aside at this event, which was tried so often; whether it will be tried again by itself."""
    waits = () if failure.is_final else retries
    again = attempts <= len(waits)
    parameters = {
        "name": name,
        "stream_id": delivery.stream_id,
        "partition": partition_id,
        "position": delivery.position,
        "version": delivery.version,
        "event_type": delivery.event_type,
        "error": failure.error,
        "place": failure.place,
        "attempts": attempts,
        "now": now,
        "retry_at": now + timedelta(seconds=waits[attempts - 1]) if again else None,
    }
    cursor.execute(_PARK, parameters)
    return again


def get_on(
    cursor: Cursor,
    name: str,
    stream_id: str,
    *,
    position: int,
    version: int,
    now: datetime,
) -> None:
    """The stream's queue is handled up to here: the rest is due at once."""
    parameters = {
        "name": name,
        "stream_id": stream_id,
        "position": position,
        "version": version,
        "now": now,
    }
    cursor.execute(_GET_ON, parameters)


def done(cursor: Cursor, name: str, stream_id: str) -> None:
    """Nothing of the stream waits any more."""
    cursor.execute(_DONE, {"name": name, "stream_id": stream_id})


def try_again(
    cursor: CursorWrapper, name: str, stream_id: str | None, now: datetime
) -> int:
    """Have this stream, or all of them, be due at once; how many those are."""
    cursor.execute(_AGAIN, {"name": name, "stream_id": stream_id, "now": now})
    return int(cursor.rowcount)


def skip(cursor: Cursor, name: str, stream_id: str, now: datetime) -> None:
    """Go on behind the event that it is parked at, at once."""
    cursor.execute(_SKIP, {"name": name, "stream_id": stream_id, "now": now})


def parked_at(cursor: Cursor, name: str, stream_id: str) -> ParkedAt:
    """Where it is parked. Raises `StreamNotParked`."""
    cursor.execute(_PARKED, {"name": name, "stream_id": stream_id})
    for row in cursor.fetchall():
        return ParkedAt(*row)
    raise StreamNotParked(name, stream_id)


def is_any_due(cursor: Cursor, name: str, now: datetime) -> bool:
    """Whether the time of any has come."""
    cursor.execute(_ANY_DUE, {"name": name, "now": now})
    ((is_there,),) = cursor.fetchall()
    return bool(is_there)


def in_the_way(cursor: Cursor, name: str, position: int) -> Sequence[InTheWay]:
    """The stream of the event at this packed position, if it is set aside there or before it."""
    cursor.execute(_BEFORE, {"name": name, "position": position})
    return [InTheWay(*row) for row in cursor.fetchall()]


def rename(cursor: Cursor, name: str, to: str) -> None:
    """Have them be another subscription's."""
    cursor.execute(_RENAME, {"name": name, "to": to})


def forget(cursor: Cursor, name: str) -> None:
    """Take all of them out."""
    cursor.execute(_FORGET, {"name": name})
