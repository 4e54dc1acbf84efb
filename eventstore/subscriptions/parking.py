"""Streams that a subscription cannot get on with: set aside with what failed, tried again, and done with in order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

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
_DONE: Final = "DELETE FROM eventstore_parkedstream WHERE subscription = %(name)s AND stream_id = %(stream_id)s"


@dataclass(frozen=True, slots=True)
class Due:
    """A parked stream that is to be tried again. position: packed, of the event that is to be handled next."""

    stream_id: str
    position: int
    version: int
    attempts: int


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
    given = {
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
    cursor.execute(_PARK, given)
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
    given = {
        "name": name,
        "stream_id": stream_id,
        "position": position,
        "version": version,
        "now": now,
    }
    cursor.execute(_GET_ON, given)


def done(cursor: Cursor, name: str, stream_id: str) -> None:
    """Nothing of the stream waits any more."""
    cursor.execute(_DONE, {"name": name, "stream_id": stream_id})
