"""The fold's SQL, sent by `loading`, `lookup` and `flush`, and the channel on which followers are woken. Each meets only indexes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from eventstore.database.composing import composed
from eventstore.indexer.columns import DECIDING, EVENT, RECORD, listed
from eventstore.protocol.positions import first_of_sql

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Target:
    """A table that the fold only adds to: its columns in the order of the rows, with the types COPY must name."""

    table: str
    types: Mapping[str, str]

    @cached_property
    def insert(self) -> str:
        """Takes an array a column."""
        arrays = ", ".join(f"%b::{type_}[]" for type_ in self.types.values())
        return (
            f"INSERT INTO {self.table} ({self._columns}) SELECT * FROM unnest({arrays})"  # noqa: S608
        )

    @cached_property
    def copy(self) -> str:
        """Takes rows."""
        return f"COPY {self.table} ({self._columns}) FROM STDIN (FORMAT BINARY)"

    @property
    def _columns(self) -> str:
        return listed(self.types)


# Cursor and the record before it in one snapshot: what rule 10 compares with the log.
LOAD: Final = composed(
    """
SELECT p."cursor", p.generation, p.partitions, p.rule_version, p.last_recorded_at, r.position, r.hash
  FROM eventstore_partition p
  LEFT JOIN LATERAL (
       SELECT position, hash FROM eventstore_record
        WHERE position >= {first} AND position < {end}
        ORDER BY position DESC LIMIT 1) r ON true
 WHERE p.id = %(partition)s
""",
    first=first_of_sql("p.id"),
    end=first_of_sql("p.id", 'p."cursor"'),
)
COMMITS: Final = composed(
    """
SELECT r.stream_id, r.commit_id
  FROM unnest(%(streams)s::text[], %(ids)s::uuid[]) asked(stream_id, id)
  JOIN eventstore_record r ON r.commit_id = asked.id AND r.stream_id = asked.stream_id
 WHERE r.verdict IN {deciding}
""",
    deciding=DECIDING,
)
EVENT_IDS: Final = """
SELECT e.stream_id, e.event_id
  FROM unnest(%(streams)s::text[], %(ids)s::uuid[]) asked(stream_id, id)
  JOIN eventstore_event e ON e.event_id = asked.id AND e.stream_id = asked.stream_id
"""
HEADS: Final = "SELECT stream_id, version FROM eventstore_stream WHERE stream_id = ANY(%(streams)s)"

# The channel on which every fold tells which partition it moved, in its transaction: once a flush, whatever it holds.
FOLDED: Final = "eventstore_folded"
# Compare-and-set; raises `Overtaken` when somebody else has folded, or is about to, so that nothing behind it commits
# (rule 6). It waits for nobody: whoever has to wait for the row does so in `following`, without holding up others.
# The fold need not be durable, whatever the connection inherited (rule 7).
MOVE_CURSOR: Final = f"""
WITH held AS (
  SELECT id FROM eventstore_partition
   WHERE id = %(partition)s AND "cursor" = %(seen)s AND generation = %(generation)s
     FOR UPDATE SKIP LOCKED
), moved AS (
  UPDATE eventstore_partition p
     SET "cursor" = %(next)s, last_recorded_at = %(last_recorded_at)s, rule_version = %(rule_version)s
    FROM held WHERE p.id = held.id
  RETURNING 1)
SELECT CASE count(*) WHEN 1 THEN 1 ELSE eventstore_overtaken() END,
       set_config('synchronous_commit', 'off', true), pg_notify('{FOLDED}', %(partition)s::text) FROM moved
"""  # noqa: S608  (a constant)
RECORDS: Final = Target("eventstore_record", RECORD)
EVENTS: Final = Target("eventstore_event", EVENT)
MOVED_TYPES: Final = ("text", "int4", "timestamptz")
_MOVED_STREAMS: Final = """
UPDATE eventstore_stream s SET version = moved.version, last_recorded_at = moved.last
  FROM unnest(%b::text[], %b::int[], %b::timestamptz[]) moved(stream_id, version, last)
 WHERE s.stream_id = moved.stream_id
"""
NEW_TYPES: Final = ("text", "int4", "timestamptz", "timestamptz")
_NEW_STREAMS: Final = """
INSERT INTO eventstore_stream (stream_id, type_number, version, first_recorded_at, last_recorded_at)
SELECT stream_id, %s, version, first, last
  FROM unnest(%b::text[], %b::int[], %b::timestamptz[], %b::timestamptz[]) new(stream_id, version, first, last)
"""
# In one statement, because what a fold of a few rows costs is the number of its statements.
SET_HEADS: Final = f"WITH moved AS ({_MOVED_STREAMS}) {_NEW_STREAMS}"
WRITE: Final = f"""
WITH records AS ({RECORDS.insert}), events AS ({EVENTS.insert}), moved AS ({_MOVED_STREAMS}) {_NEW_STREAMS}
"""
