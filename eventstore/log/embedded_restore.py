"""Puts records back into the log in tables, at their offsets and with their times: under the tail's lock, all or none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from eventstore.log.restoring import written_by_others

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    from eventstore.events import Place
    from eventstore.ports import LogRecord

_LOCK: Final = "SELECT next_offset FROM eventstore_logtail WHERE topic = %s AND partition = %s FOR UPDATE"
_INSERT: Final = """
INSERT INTO eventstore_logrecord (topic, partition, "offset", recorded_at, key, value)
SELECT %s, %s, * FROM unnest(%s::bigint[], %s::bigint[], %s::bytea[], %s::bytea[])
"""
_MOVE: Final = (
    "UPDATE eventstore_logtail SET next_offset = %s WHERE topic = %s AND partition = %s"
)


def put_back(
    connection: psycopg.Connection[Any],
    number: int,
    place: Place,
    records: Sequence[LogRecord],
) -> None:
    """One durable transaction (rule 7: it says so itself). Raises `NotRestorable` if the place ends elsewhere."""
    first, where = records[0].offset, (number, place.partition)
    with connection.transaction():
        connection.execute("SET LOCAL synchronous_commit = on")
        row = connection.execute(_LOCK, where).fetchone()
        if row is None or row[0] != first:
            raise written_by_others(place, first, row[0] if row else 0)
        columns = [
            [r.offset for r in records],
            [r.recorded_at for r in records],
            [r.key for r in records],
            [r.value for r in records],
        ]
        connection.execute(_INSERT, [*where, *columns])
        connection.execute(_MOVE, [first + len(records), *where])
