"""All streams in the order of the log: what lies behind a cut, and the cut behind that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from eventstore.events import Cut, Place, RecordedEvent
from eventstore.queries.rows import Cursor, recorded_events

if TYPE_CHECKING:
    from collections.abc import Sequence

# (id << 48 is the packed position of a partition's offset 0.) A short walk along the primary key in each partition; their beginnings are then merged by time, which within a
# partition is the order of the log. Cursor and rows come from one snapshot.
_AFTER: Final = """
SELECT p.topic, p.partition, r.position, r.recorded_at, r.first_version, r.key, r.value
  FROM eventstore_partition p
  LEFT JOIN unnest(%(seen_topics)s::text[], %(seen_partitions)s::int[], %(seen_offsets)s::bigint[])
            seen(topic, partition, "offset") ON seen.topic = p.topic AND seen.partition = p.partition
  LEFT JOIN LATERAL (
       SELECT position, recorded_at, first_version, key, value FROM eventstore_record
        WHERE position >= (p.id::bigint << 48) + (coalesce(seen."offset", 0) << 10)
          AND position < (p.id::bigint << 48) + (p."cursor" << 10)
          AND verdict = 1
        ORDER BY position LIMIT %(limit)s) r ON true
 WHERE p.topic = ANY(%(topics)s)
 ORDER BY r.recorded_at, r.position
"""


def read_after(
    cursor: Cursor, after: Cut, topics: Sequence[str], limit: int
) -> tuple[Sequence[RecordedEvent], Cut]:
    """Up to `limit` events, whole commits and at least one; and the cut up to which nothing is missing."""
    places = list(after.offsets)
    cursor.execute(
        _AFTER,
        {
            "seen_topics": [p.topic for p in places],
            "seen_partitions": [p.partition for p in places],
            "seen_offsets": [after.offsets[p] for p in places],
            "topics": list(topics),
            "limit": limit,
        },
    )
    events: list[RecordedEvent] = []
    offsets = dict(after.offsets)
    for topic, partition, *row in cursor.fetchall():
        if row[0] is None:
            break  # nothing behind the cut in this partition; such rows come last
        more = recorded_events(*row)
        if events and len(events) + len(more) > limit:
            break
        events += more
        offsets[Place(topic, partition)] = more[0].position.offset + 1
    return events, Cut(offsets)
