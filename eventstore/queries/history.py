"""What a stream was at an earlier time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from eventstore.queries.completeness import refuse_if_set_aside

if TYPE_CHECKING:
    from datetime import datetime

    from eventstore.queries.rows import Cursor

# Within a stream recorded_at never falls, so a version is found by halves: each step asks the unique index of
# (stream_id, version) once, 14 steps for 10,000 events.
_VERSION_AS_OF: Final = """
WITH RECURSIVE halves(low, high) AS (
       SELECT 0, version FROM eventstore_stream WHERE stream_id = %(stream)s
        UNION ALL
       SELECT CASE WHEN e.recorded_at <= %(instant)s THEN e.version ELSE h.low END,
              CASE WHEN e.recorded_at <= %(instant)s THEN h.high ELSE e.version - 1 END
         FROM halves h
         JOIN eventstore_event e ON e.stream_id = %(stream)s AND e.version = (h.low + h.high + 1) / 2
        WHERE h.low < h.high)
SELECT low FROM halves WHERE low = high
"""


def version_as_of(cursor: Cursor, stream_id: str, instant: datetime) -> int:
    """The highest version whose recorded_at is at or before the instant; 0 if there is none."""
    refuse_if_set_aside(stream_id)
    cursor.execute(_VERSION_AS_OF, {"stream": stream_id, "instant": instant})
    rows = cursor.fetchall()
    return int(rows[0][0]) if rows else 0
