"""Snapshots: the newest that is true, which are due, and some to look at again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from eventstore.database.composing import composed
from eventstore.protocol.positions import first_of, first_of_sql
from eventstore.queries.completeness import refuse_if_set_aside

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from eventstore.queries.rows import Cursor

NO_END: Final = 2**31 - 1
NOT_OURS: Final = "snapshot-not-ours"
"""Of a stream's row of failures: somebody else has written a snapshot of it, so that it is to be looked through."""

KEY_GONE: Final = "snapshot-key-gone"
"""Likewise: of one that is sealed under a key that was destroyed."""

# Index: the key of eventstore_snapshot, backwards to the first row whose event is still the stream's (as a rule the
# first of all). Its event is looked up by itself, by its key: of a join that may be turned round the planner may read
# both tables.
_NEWEST: Final = """
SELECT s.version, s.event_id, e.recorded_at, s.state, s.position, s.key_id, s.mac
  FROM eventstore_snapshot s
 CROSS JOIN LATERAL (SELECT recorded_at FROM eventstore_event
         WHERE position = s.position AND stream_id = s.stream_id AND version = s.version AND event_id = s.event_id
        OFFSET 0) e
 WHERE s.stream_id = %(stream)s AND s.state_schema = %(schema)s AND s.code = %(code)s AND s.version <= %(at_most)s
   AND NOT s.drifted
 ORDER BY s.version DESC LIMIT 1
"""
# Index: the key of eventstore_snapshot.
_VERSIONS: Final = """
SELECT s.version FROM eventstore_snapshot s
 WHERE s.stream_id = %(stream)s AND s.state_schema = %(schema)s AND s.code = %(code)s AND NOT s.drifted
 ORDER BY s.version
"""
# As far as a partition is folded, and as far as one code has looked through it.
_LAGGING: Final = composed(
    """
SELECT p.id
  FROM eventstore_partition p
  LEFT JOIN eventstore_snapshotbuild b ON b.partition_id = p.id AND b.state_schema = %(schema)s AND b.code = %(code)s
       AND b.frequency = %(frequency)s
 WHERE p.topic = %(topic)s
   AND (b.generation <> p.generation
        OR coalesce(b."cursor", {first}) < {end})
 ORDER BY p.id
""",
    first=first_of_sql("p.id"),
    end=first_of_sql("p.id", 'p."cursor"'),
)
_FOLDED: Final = composed(
    "SELECT generation, {end} FROM eventstore_partition WHERE id = %(partition)s",
    end=first_of_sql("id", '"cursor"'),
)
# The primary key alone. What lies before the answer is one stretch.
_STRETCH: Final = """
SELECT position FROM eventstore_event WHERE position >= %(first)s AND position < %(end)s
 ORDER BY position OFFSET %(scan)s LIMIT 1
"""
# One stretch of the primary key; of each tenth event or so one look at the key of the snapshots, and of the failures.
# As an anti-join the planner would read all snapshots at every batch, as long as it has not heard how many they are.
_DUE: Final = """
SELECT e.position, e.stream_id, e.version
  FROM eventstore_event e
 WHERE e.position >= %(first)s AND e.position < %(end)s AND e.version %% %(frequency)s = 0
   AND (SELECT s.version FROM eventstore_snapshot s
         WHERE s.stream_id = e.stream_id AND s.state_schema = %(schema)s AND s.code = %(code)s
           AND s.version = e.version AND s.event_id = e.event_id AND s.position = e.position) IS NULL
   AND (SELECT f.version FROM eventstore_snapshotfailure f
         WHERE f.stream_id = e.stream_id AND f.state_schema = %(schema)s AND f.code = %(code)s) IS NULL
 ORDER BY e.position LIMIT %(most)s
"""
# Index: eventstore_event_version.
_DUE_OF_STREAM: Final = """
SELECT e.position, e.stream_id, e.version
  FROM eventstore_event e
 WHERE e.stream_id = %(stream)s AND e.version > %(after)s AND e.version %% %(frequency)s = 0
   AND (SELECT s.version FROM eventstore_snapshot s
         WHERE s.stream_id = e.stream_id AND s.state_schema = %(schema)s AND s.code = %(code)s
           AND s.version = e.version AND s.event_id = e.event_id AND s.position = e.position) IS NULL
 ORDER BY e.version LIMIT %(most)s
"""
# Index: eventstore_snapshotfailure_due.
_RETRY: Final = """
SELECT stream_id FROM eventstore_snapshotfailure
 WHERE partition_id = ANY(%(partitions)s::int[]) AND state_schema = %(schema)s AND code = %(code)s
   AND (failed_at < %(before)s OR error = ANY(%(at_once)s::text[]))
 ORDER BY failed_at LIMIT %(most)s
"""
_FAILURES: Final = """
SELECT stream_id, version, error, detail, failed_at, attempts FROM eventstore_snapshotfailure
 WHERE partition_id = ANY(%(partitions)s::int[]) AND state_schema = %(schema)s AND code = %(code)s
 ORDER BY failed_at DESC LIMIT %(most)s
"""
_LOOKED_THROUGH: Final = """
SELECT partition_id, "cursor" FROM eventstore_snapshotbuild
 WHERE partition_id = ANY(%(partitions)s::int[]) AND state_schema = %(schema)s AND code = %(code)s
   AND frequency = %(frequency)s
"""
# The true snapshots from a place in the log on, but not far from it; event by event, as above.
_NEAR: Final = """
SELECT e.stream_id, e.version
  FROM (SELECT stream_id, version, event_id, position FROM eventstore_event
         WHERE position >= %(first)s AND position < %(end)s ORDER BY position LIMIT 1000) e
 CROSS JOIN LATERAL (SELECT FROM eventstore_snapshot s
         WHERE s.stream_id = e.stream_id AND s.state_schema = %(schema)s AND s.code = %(code)s
           AND s.version = e.version AND s.event_id = e.event_id AND s.position = e.position AND NOT s.drifted OFFSET 0) s
 ORDER BY e.position
"""


class Made(NamedTuple):
    """With what the snapshots that are asked for were made: the stamp, as the table has it."""

    schema: int
    code: bytes

    @property
    def parameters(self) -> dict[str, Any]:
        """As a statement's parameters."""
        return {"schema": self.schema, "code": self.code}


class StoredSnapshot(NamedTuple):  # a tuple, for every load makes one
    """A row whose event is still the one at its version."""

    stream_id: str
    version: int
    event_id: UUID
    recorded_at: datetime
    state: bytes
    position: int
    key_id: UUID | None
    mac: bytes


@dataclass(frozen=True, slots=True)
class Due:
    """A version of which there is no snapshot yet. position: packed, of its event."""

    position: int
    stream_id: str
    version: int


@dataclass(frozen=True, slots=True)
class Failure:
    """A stream of which no snapshot could be made, and why."""

    stream_id: str
    version: int
    error: str
    detail: str
    failed_at: datetime
    attempts: int


def newest(
    cursor: Cursor, stream_id: str, made: Made, at_most: int | None = None
) -> StoredSnapshot | None:
    """The stream's newest snapshot at or below a version, of those that are true and made with this."""
    at_most = NO_END if at_most is None else min(at_most, NO_END)
    refuse_if_set_aside(stream_id)
    schema, code = made
    parameters = {
        "stream": stream_id,
        "schema": schema,
        "code": code,
        "at_most": at_most,
    }
    cursor.execute(_NEWEST, parameters)
    rows = cursor.fetchall()
    if not rows:
        return None
    version, event_id, recorded_at, state, position, key_id, mac = rows[0]
    about = stream_id, version, event_id, recorded_at
    return StoredSnapshot(*about, bytes(state), position, key_id, bytes(mac))


def versions(cursor: Cursor, stream_id: str, made: Made) -> list[int]:
    """The versions of a stream's snapshots that were made with this, and of which nobody knows that they have drifted."""
    cursor.execute(_VERSIONS, {"stream": stream_id, **made.parameters})
    return [row[0] for row in cursor.fetchall()]


def lagging(cursor: Cursor, topic: str, made: Made, frequency: int) -> list[int]:
    """The ids of a topic's partitions in which events wait to be looked through."""
    cursor.execute(
        _LAGGING, {"topic": topic, "frequency": frequency, **made.parameters}
    )
    return [row[0] for row in cursor.fetchall()]


def folded_to(cursor: Cursor, partition: int) -> tuple[UUID, int]:
    """A partition's generation, and the packed position before which everything is folded."""
    cursor.execute(_FOLDED, {"partition": partition})
    ((generation, end),) = cursor.fetchall()
    return generation, end


def due(
    cursor: Cursor,
    span: tuple[int, int],
    made: Made,
    frequency: int,
    *,
    most: int,
    scan: int,
) -> tuple[list[Due], int]:
    """What is due between two packed positions, at most so many, of at most so many events; and where to go on."""
    first, end = span
    cursor.execute(_STRETCH, {"first": first, "end": end, "scan": scan})
    stretch = cursor.fetchall()
    if stretch:
        end = stretch[0][0]
    parameters = {"first": first, "end": end, "frequency": frequency, "most": most}
    cursor.execute(_DUE, parameters | made.parameters)
    due_ones = [Due(*row) for row in cursor.fetchall()]
    return due_ones, due_ones[-1].position + 1 if len(due_ones) == most else end


def due_of_stream(
    cursor: Cursor, stream_id: str, after: int, made: Made, frequency: int, *, most: int
) -> list[Due]:
    """What is due of one stream above a version."""
    span = {"stream": stream_id, "after": after, "frequency": frequency, "most": most}
    cursor.execute(_DUE_OF_STREAM, span | made.parameters)
    return [Due(*row) for row in cursor.fetchall()]


def to_retry(
    cursor: Cursor,
    partitions: Sequence[int],
    made: Made,
    before: datetime,
    *,
    most: int,
) -> list[str]:
    """Streams that have failed and were not tried again since, those that have waited longest first; at once those of
    which a snapshot was met that is not ours, or that nobody can open any more."""
    parameters = {
        "partitions": list(partitions),
        "before": before,
        "most": most,
        "at_once": [NOT_OURS, KEY_GONE],
    }
    cursor.execute(_RETRY, parameters | made.parameters)
    return [row[0] for row in cursor.fetchall()]


def failures(
    cursor: Cursor, partitions: Sequence[int], made: Made, *, most: int = 100
) -> list[Failure]:
    """Streams of which this code could make no snapshot, the last first."""
    parameters = {"partitions": list(partitions), "most": most}
    cursor.execute(_FAILURES, parameters | made.parameters)
    return [Failure(*row) for row in cursor.fetchall()]


def looked_through(
    cursor: Cursor, partitions: Sequence[int], made: Made, frequency: int
) -> list[tuple[int, int]]:
    """The packed positions of each partition between which the snapshots that are due were made."""
    parameters = {"partitions": list(partitions), "frequency": frequency}
    cursor.execute(_LOOKED_THROUGH, parameters | made.parameters)
    return [(first_of(id_), end) for id_, end in cursor.fetchall()]


def near(cursor: Cursor, first: int, end: int, made: Made) -> list[tuple[str, int]]:
    """Stream and version of the snapshots of the next thousand events from a packed position on."""
    cursor.execute(_NEAR, {"first": first, "end": end, **made.parameters})
    return [(row[0], row[1]) for row in cursor.fetchall()]
