"""The fold's SQL. Every statement is sent by `lookup` or `flush` and meets only indexes."""

from __future__ import annotations

from typing import Final

# Cursor and the record before it in one snapshot: what rule 10 compares with the log.
LOAD: Final = """
SELECT p."cursor", p.generation, p.partitions, p.rule_version, p.last_recorded_at, r.position, r.hash
  FROM eventstore_partition p
  LEFT JOIN LATERAL (
       SELECT position, hash FROM eventstore_record
        WHERE position >= %(first)s AND position < %(first)s + (p."cursor" << 10)
        ORDER BY position DESC LIMIT 1) r ON true
 WHERE p.id = %(partition)s
"""
COMMITS: Final = """
SELECT r.stream_id, r.commit_id
  FROM unnest(%(streams)s::text[], %(ids)s::uuid[]) asked(stream_id, id)
  JOIN eventstore_record r ON r.commit_id = asked.id AND r.stream_id = asked.stream_id
 WHERE r.verdict IN (1, 3, 4)
"""
EVENT_IDS: Final = """
SELECT e.stream_id, e.event_id
  FROM unnest(%(streams)s::text[], %(ids)s::uuid[]) asked(stream_id, id)
  JOIN eventstore_event e ON e.event_id = asked.id AND e.stream_id = asked.stream_id
"""
HEADS: Final = "SELECT stream_id, version FROM eventstore_stream WHERE stream_id = ANY(%(streams)s)"

# Compare-and-set; divides by zero when somebody else has folded, so that nothing behind it commits (rule 6).
MOVE_CURSOR: Final = """
WITH moved AS (
  UPDATE eventstore_partition
     SET "cursor" = %(next)s, last_recorded_at = %(last_recorded_at)s, rule_version = %(rule_version)s
   WHERE id = %(partition)s AND "cursor" = %(seen)s AND generation = %(generation)s
  RETURNING 1)
SELECT 1 / count(*) FROM moved
"""
RECORDS: Final = """
INSERT INTO eventstore_record (position, recorded_at, verdict, reason, head, commit_id, stream_id,
                               first_version, event_count, key, value, hash)
SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::smallint[], %s::text[], %s::int[], %s::uuid[],
                     %s::text[], %s::int[], %s::smallint[], %s::bytea[], %s::bytea[], %s::bytea[])
"""
EVENTS: Final = """
INSERT INTO eventstore_event (position, event_id, stream_id, version, event_type, occurred_at, recorded_at,
                              correlation_id, causation_id)
SELECT * FROM unnest(%s::bigint[], %s::uuid[], %s::text[], %s::int[], %s::text[], %s::timestamptz[],
                     %s::timestamptz[], %s::uuid[], %s::uuid[])
"""
NEW_STREAMS: Final = """
INSERT INTO eventstore_stream (stream_id, type_number, version, first_recorded_at, last_recorded_at)
SELECT stream_id, %s, version, first, last
  FROM unnest(%s::text[], %s::int[], %s::timestamptz[], %s::timestamptz[]) new(stream_id, version, first, last)
"""
MOVED_STREAMS: Final = """
UPDATE eventstore_stream s SET version = moved.version, last_recorded_at = moved.last
  FROM unnest(%s::text[], %s::int[], %s::timestamptz[]) moved(stream_id, version, last)
 WHERE s.stream_id = moved.stream_id
"""
