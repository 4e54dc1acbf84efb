"""What the store holds, in figures that cost nothing: cursors are exact, sizes are the planner's estimate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from eventstore.events import Place, from_milliseconds
from eventstore.queries.connection import reading_cursor, unchecked_cursor

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
    """Two small queries, however large the store is."""
    with reading_cursor() as db:
        db.execute(_TOPICS)
        topics = [
            TopicRow(topic, n, records, from_milliseconds(last) if last else None)
            for topic, n, records, last in db.fetchall()
        ]
        db.execute(_ESTIMATES)
        estimates = dict(db.fetchall())
    return Overview(
        topics, estimates.get("eventstore_event"), estimates.get("eventstore_stream")
    )


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

# At most 63 topics of 512 partitions, as a rule a few dozen rows.
_TOPICS: Final = """
    SELECT topic, count(*), sum(cursor)::bigint, max(last_recorded_at)
      FROM eventstore_partition GROUP BY topic ORDER BY topic
"""
_ESTIMATES: Final = """
    SELECT relname, reltuples::bigint FROM pg_class
     WHERE oid IN ('eventstore_event'::regclass, 'eventstore_stream'::regclass) AND reltuples >= 0
"""
_CURSORS: Final = """
    SELECT topic, partition, "cursor" FROM eventstore_partition ORDER BY topic, partition
"""
_NEWEST: Final = """
    SELECT topic, partition, last_recorded_at FROM eventstore_partition ORDER BY last_recorded_at DESC LIMIT 1
"""
