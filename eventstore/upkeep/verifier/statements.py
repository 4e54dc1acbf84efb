"""The verifier's SQL: plain reads in position order, each along a primary key or a unique index."""

from __future__ import annotations

from typing import Final

BEGIN_SNAPSHOT: Final = "SELECT 1"
PARTITION: Final = """
SELECT "cursor", last_recorded_at, rule_version, partitions FROM eventstore_partition WHERE id = %(id)s
"""
RECORDS: Final = """
SELECT position, recorded_at, verdict, reason, head, commit_id, stream_id, first_version, event_count,
       key, value, hash
  FROM eventstore_record WHERE position >= %(first)s AND position < %(last)s ORDER BY position
"""
EVENTS: Final = """
SELECT position, event_id, stream_id, version, event_type, occurred_at, recorded_at, correlation_id, causation_id
  FROM eventstore_event WHERE position >= %(first)s AND position < %(last)s ORDER BY position
"""
BEYOND: Final = {
    "mirror": f"{RECORDS} LIMIT 1",
    "index": f"{EVENTS} LIMIT 1",
}
STREAMS: Final = """
SELECT stream_id, version, first_recorded_at, last_recorded_at FROM eventstore_stream
 WHERE type_number = %(number)s ORDER BY stream_id COLLATE "C"
"""
SHARED_EVENT_IDS: Final = """
SELECT count(*) FROM (SELECT 1 FROM eventstore_event GROUP BY event_id HAVING count(*) > 1) shared
"""
# Whole tables, in no order: verification reads all of them anyway. (position >> 48 is the partition's row.)
ELSEWHERE: Final = {
    "partitions": "SELECT topic || '/' || partition FROM eventstore_partition WHERE id <> ALL(%(ids)s::bigint[]) LIMIT 1",
    "mirror": "SELECT position FROM eventstore_record WHERE (position >> 48) <> ALL(%(ids)s::bigint[]) LIMIT 1",
    "index": "SELECT position FROM eventstore_event WHERE (position >> 48) <> ALL(%(ids)s::bigint[]) LIMIT 1",
    "heads": "SELECT stream_id FROM eventstore_stream WHERE type_number <> ALL(%(numbers)s::bigint[]) LIMIT 1",
}
