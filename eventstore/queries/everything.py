"""All streams in the order of the log: what lies after a cut, and the cut after that."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from eventstore.database.composing import composed
from eventstore.events import Cut, Place, RecordedEvent
from eventstore.indexer.columns import ACCEPTED_RECORD, listed
from eventstore.protocol.positions import (
    first_of,
    first_of_sql,
    offset_in,
    partition_in,
)
from eventstore.queries.limits import EVERYTHING
from eventstore.queries.rows import Cursor, recorded_events
from eventstore.queries.walking import walk_after

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from eventstore.ports import Opener
    from eventstore.queries.limits import Stretch

_NO_LIMIT: Final = 2**31 - 1  # events; the bytes of a page end it long before

# One step along the primary key in each partition: where it goes on, and when that was accepted.
_PARTITIONS: Final = composed(
    """
SELECT p.topic, p.partition, p.id, p."cursor", next.recorded_at, next.position, reached.next
  FROM eventstore_partition p
  LEFT JOIN unnest(%(after)s::text[], %(numbers)s::int[], %(offsets)s::bigint[]) reached(topic, partition, next)
    ON reached.topic = p.topic AND reached.partition = p.partition
  LEFT JOIN LATERAL (
       SELECT recorded_at, position FROM eventstore_event
        WHERE position >= {start} AND position < {end}
        ORDER BY position LIMIT 1) next ON p.topic = ANY(%(topics)s)
 WHERE next.position IS NOT NULL OR reached.next > p."cursor" ORDER BY p.id
""",
    start=first_of_sql("p.id", "coalesce(reached.next, 0)"),
    end=first_of_sql("p.id", 'p."cursor"'),
)
# Along the index of times, eventstore_event_time (there are no nulls, but that is its order), from the first that is still to come: within a partition that is the
# order of the log. Of each commit the first event, which has its record's position. `ranges`: where each partition goes
# on and ends, one after the other, so that what lies between two is in a bucket of an odd number. OFFSET 0: the
# records are looked up one by one, and no more of them than are wanted.
_NEXT: Final = composed(
    """
SELECT {columns}, event_count FROM (
       SELECT r.*, e.recorded_at, sum(octet_length(r.value)) OVER before AS size
         FROM (SELECT position, recorded_at FROM eventstore_event
                WHERE (recorded_at, position) >= (%(since)s, %(first)s)
                ORDER BY recorded_at NULLS FIRST, position NULLS FIRST LIMIT %(scanned)s) e
        CROSS JOIN LATERAL (
              SELECT position, first_version, value, event_count FROM eventstore_record
               WHERE position = e.position OFFSET 0) r
        WHERE width_bucket(e.position, %(ranges)s::bigint[]) %% 2 = 1
       WINDOW before AS (ORDER BY e.recorded_at NULLS FIRST, e.position NULLS FIRST ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
        ORDER BY e.recorded_at NULLS FIRST, e.position NULLS FIRST LIMIT %(limit)s) page
 WHERE coalesce(size, 0) < %(size)s
""",
    columns=listed(ACCEPTED_RECORD),
)

Row = tuple[Any, ...]
_VALUE, _EVENTS = itemgetter(3), itemgetter(4)


def read_after(
    cursor: Cursor,
    after: Cut,
    topics: Sequence[str],
    limit: int,
    *,
    stretch: Stretch = EVERYTHING,
    on_beyond: Callable[[Place, int], None] = lambda _place, _offset: None,
    opener: Opener | None = None,
) -> tuple[Sequence[RecordedEvent], Cut]:
    """Up to `limit` events, whole commits and at least one; and the cut up to which nothing is missing.

    The cut passes what was refused, too, where nothing accepted was left behind, and never goes back, not even while the
    index is built anew. The cursor's results are binary. on_beyond: told of an offset of the cut that is not folded.
    opener: as in `recorded_events`.
    """
    limit = min(limit, _NO_LIMIT)
    places = still_to_come(cursor, after, topics, on_beyond)
    if places:
        first = min(place.head for place in places)
        page = _next(cursor, places, first, limit, stretch)
        rows = _page(page, limit, stretch.size)
        if rows is not None:
            return _read(rows, after, places, opener)
    # the end is near, or one partition is far behind the others
    return walk_after(cursor, after, topics, limit, size=stretch.size, opener=opener)


class Stretched(NamedTuple):
    """Where one goes on and ends, packed; of the next that is to come when it was accepted, and its position."""

    place: tuple[str, int]
    start: int
    end: int
    head: tuple[datetime, int]


def still_to_come(
    cursor: Cursor,
    after: Cut,
    topics: Sequence[str],
    on_beyond: Callable[[Place, int], None] = lambda _place, _offset: None,
) -> list[Stretched]:
    """Those in which something is still to come."""
    parameters = {
        "topics": list(topics),
        "after": [place.topic for place in after.offsets],
        "numbers": [place.partition for place in after.offsets],
        "offsets": list(after.offsets.values()),
    }
    cursor.execute(_PARTITIONS, parameters)
    partitions: list[Stretched] = []
    for topic, partition, id_, end, time, start, reached in cursor.fetchall():
        if start is None:
            on_beyond(Place(topic, partition), reached)
        else:
            end_position = first_of(id_, end)
            partitions.append(
                Stretched((topic, partition), start, end_position, (time, start))
            )
    return partitions


def _next(
    cursor: Cursor,
    places: Sequence[Stretched],
    head: tuple[datetime, int],
    limit: int,
    stretch: Stretch,
) -> list[Row]:
    parameters = {
        "since": head[0],
        "first": head[1],
        "ranges": [bound for place in places for bound in (place.start, place.end)],
        "scanned": 2 * limit + stretch.rows,
        "limit": limit,
        "size": stretch.size,
    }
    cursor.execute(_NEXT, parameters)
    return cursor.fetchall()


def _page(rows: list[Row], limit: int, most: int) -> list[Row] | None:
    """Those of the rows that a page holds; None if they may not be all that it could hold."""
    events, size = sum(map(_EVENTS, rows)), sum(map(len, map(_VALUE, rows)))
    if events == limit and size < most:  # as a rule: one event a commit
        return rows
    events = size = 0
    for n, row in enumerate(rows):
        events, size = events + row[4], size + len(row[3])
        if n and (events > limit or size > most):
            return rows[:n]
    return rows if events >= limit or size >= most else None


def _read(
    rows: Sequence[Row],
    after: Cut,
    places: Sequence[Stretched],
    opener: Opener | None,
) -> tuple[Sequence[RecordedEvent], Cut]:
    commits = recorded_events(rows, opener=opener)
    events = [event for of_a_commit in commits for event in of_a_commit]
    named = {partition_in(place.start): Place(*place.place) for place in places}
    offsets = dict(after.offsets)
    for partition, packed in {partition_in(row[0]): row[0] for row in rows}.items():
        offsets[named[partition]] = offset_in(packed) + 1
    return events, Cut({place: offset for place, offset in offsets.items() if offset})
