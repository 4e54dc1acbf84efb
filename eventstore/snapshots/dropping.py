"""Takes snapshots out that were sealed under keys which are destroyed; their streams are noted, so that builders make them of what remains.

Nobody can open such a row, wherever it lies; taking it out frees the space, and has the rest built. The records of the topics stay: they
are sealed, and nobody loads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from eventstore.clock import SystemClock
from eventstore.protocol.positions import partition_in
from eventstore.queries.snapshots import KEY_GONE

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    import psycopg

# Index: eventstore_snapshot_key.
_DROP: Final = """
DELETE FROM eventstore_snapshot WHERE key_id = ANY(%(keys)s::uuid[])
RETURNING stream_id, state_schema, code, version, position
"""
_NOTE: Final = """
INSERT INTO eventstore_snapshotfailure
       (stream_id, state_schema, code, partition_id, version, error, detail, failed_at, attempts)
VALUES (%(stream)s, %(schema)s, %(code)s, %(partition)s, %(version)s, %(error)s, %(detail)s, %(now)s, 0)
    ON CONFLICT (stream_id, state_schema, code) DO NOTHING
"""


def drop(connection: psycopg.Connection[Any], keys: Collection[UUID]) -> int:
    """Take them out and note their streams, in one transaction; how many they were. Can be repeated at any time."""
    now = SystemClock().now()
    with connection.transaction():
        dropped = connection.execute(_DROP, {"keys": list(keys)}).fetchall()
        first: dict[tuple[str, int, bytes], tuple[int, int]] = {}
        for stream_id, schema, code, version, position in dropped:
            at = first.setdefault((stream_id, schema, bytes(code)), (version, position))
            if version < at[0]:
                first[stream_id, schema, bytes(code)] = version, position
        for (stream_id, schema, code), (version, position) in sorted(first.items()):
            note = {"stream": stream_id, "schema": schema, "code": code}
            note |= {"partition": partition_in(position), "version": version}
            detail = "the key that it was sealed under is gone"
            note |= {"error": KEY_GONE, "detail": detail, "now": now}
            connection.execute(_NOTE, note)
    return len(dropped)
