"""The verifier's SQL: plain reads in position order, each along a primary key or a unique index."""

from __future__ import annotations

from typing import Final

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
STREAMS: Final = """
SELECT stream_id, version, first_recorded_at, last_recorded_at FROM eventstore_stream
 WHERE type_number = %(number)s ORDER BY stream_id COLLATE "C"
"""
SHARED_EVENT_IDS: Final = """
SELECT count(*) FROM (SELECT 1 FROM eventstore_event GROUP BY event_id HAVING count(*) > 1) shared
"""
