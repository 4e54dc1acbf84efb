"""What the store holds, in figures that cost nothing: cursors are exact, sizes are the planner's estimate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from eventstore.events import Place, from_milliseconds
from eventstore.queries.connection import read_rows, unchecked_cursor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class TopicRow:
    """How far a topic is folded. records: of all its partitions; last_recorded_at: None before the first."""

    topic: str
    partitions: int
    records: int
    last_recorded_at: datetime | None


@dataclass(frozen=True, slots=True)
class Overview:
    """The topics; about how many events and streams (None: the database has not looked yet)."""

    topics: Sequence[TopicRow]
    events: int | None
    streams: int | None


def overview() -> Overview:
    """One small query, however large the store is."""
    rows = read_rows(_OVERVIEW, {})
    events, streams = rows[0][:2]
    topics = [
        TopicRow(topic, n, records, from_milliseconds(last) if last else None)
        for _, _, topic, n, records, last in rows
        if topic is not None
    ]
    return Overview(topics, events, streams)


def cursors() -> Mapping[Place, int]:
    """How far each partition is folded; true of an incomplete index, too."""
    with unchecked_cursor() as db:
        db.execute(_CURSORS)
        return {Place(topic, n): cursor for topic, n, cursor in db.fetchall()}


def newest() -> tuple[Place, datetime] | None:
    """The partition that was written to last, by the log's clock, and when; true of an incomplete index, too."""
    with unchecked_cursor() as db:
        db.execute(_NEWEST)
        row = db.fetchone()
    return row and (Place(row[0], row[1]), from_milliseconds(row[2]))


# ---- below: how ------------------------------------------------------------------------------------------------------

# At most 63 topics of 512 partitions, as a rule a few dozen rows. What the planner estimates is -1 until it has looked once.
_OVERVIEW: Final = """
    SELECT estimated.events, estimated.streams, topics.*
      FROM (SELECT (SELECT reltuples::bigint FROM pg_class WHERE oid = 'eventstore_event'::regclass AND reltuples >= 0) AS events,
                   (SELECT reltuples::bigint FROM pg_class WHERE oid = 'eventstore_stream'::regclass AND reltuples >= 0) AS streams
           ) estimated
      LEFT JOIN (SELECT topic, count(*), sum(cursor)::bigint, max(last_recorded_at)
                   FROM eventstore_partition GROUP BY topic) topics ON true
     ORDER BY topic
"""
_CURSORS: Final = """
    SELECT topic, partition, "cursor" FROM eventstore_partition ORDER BY topic, partition
"""
_NEWEST: Final = """
    SELECT topic, partition, last_recorded_at FROM eventstore_partition ORDER BY last_recorded_at DESC LIMIT 1
"""
