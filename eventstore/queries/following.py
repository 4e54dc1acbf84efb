"""What lies before a follower in one partition: records in their order, and of a stream those that wait.

Rows are `ACCEPTED_RECORD`, as `queries.rows` takes them; positions are packed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from eventstore.database.composing import composed
from eventstore.events import MAX_COMMIT_EVENTS
from eventstore.indexer.columns import ACCEPTED, ACCEPTED_RECORD, listed
from eventstore.protocol.positions import after_record, record_of
from eventstore.queries.limits import FOLLOWED

if TYPE_CHECKING:
    from collections.abc import Collection

    from eventstore.queries.limits import Stretch
    from eventstore.queries.rows import Cursor

# The key's index, in its order, to the first that is one too many or too long; values are not fetched to be left out.
_NEXT: Final = composed(
    """
SELECT {columns} FROM (
       SELECT {columns},
              sum(event_count) OVER before AS events, sum(octet_length(value)) OVER before AS size
         FROM eventstore_record
        WHERE position >= %(start)s AND position < %(end)s AND verdict = {accepted}
       WINDOW before AS (ORDER BY position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
        ORDER BY position LIMIT %(most)s) page
 WHERE coalesce(events, 0) < %(most)s AND coalesce(size, 0) < %(size)s ORDER BY position
""",
    columns=listed(ACCEPTED_RECORD),
    accepted=ACCEPTED,
)
# The key's index, over what one turn passes.
_UNREGISTERED: Final = """
SELECT event_type, count(*) FROM eventstore_event
 WHERE position >= %(start)s AND position < %(end)s AND event_type <> ALL(%(known)s) GROUP BY event_type
"""
# A stretch of the index is much shorter than its records, and most followers want few types of many.
_WANTED: Final = """
SELECT count(*), max(position), array_agg(position ORDER BY position) FILTER (WHERE event_type = ANY(%(types)s))
  FROM (SELECT position, event_type FROM eventstore_event
         WHERE position >= %(start)s AND position < %(end)s ORDER BY position LIMIT %(stretch)s) stretch
"""
_VALUES: Final = composed(
    """
SELECT {columns} FROM (
       SELECT {columns},
              sum(octet_length(value)) OVER (ORDER BY position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS size
         FROM eventstore_record WHERE position = ANY(%(positions)s::bigint[])) page
 WHERE coalesce(size, 0) < %(size)s ORDER BY position
""",
    columns=listed(ACCEPTED_RECORD),
)
# Index: eventstore_record_stream (stream_id, first_version). longest: events of a commit, at most: so far before the
# version the commit may begin that holds it.
_WAITING: Final = composed(
    """
SELECT {columns} FROM (
       SELECT {columns},
              sum(octet_length(value)) OVER (ORDER BY first_version ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS size
         FROM eventstore_record
        WHERE stream_id = %(stream_id)s AND first_version > %(version)s::int - %(longest)s::int
          AND first_version + event_count > %(version)s AND position < %(end)s
        ORDER BY first_version LIMIT %(most)s) queue
 WHERE coalesce(size, 0) < %(size)s ORDER BY first_version
""",
    columns=listed((*ACCEPTED_RECORD, "event_count")),
)

Rows = list[tuple[Any, ...]]


def next_records(
    cursor: Cursor, start: int, end: int, *, most: int, pages: Stretch = FOLLOWED
) -> tuple[Rows, int]:
    """The accepted records from `start` and before `end` until `most` events are reached, at least one; and how far
    that looked: nothing accepted lies between the last of them and there."""
    parameters = {"start": start, "end": end, "most": most, "size": pages.size}
    cursor.execute(_NEXT, parameters)
    rows: Rows = cursor.fetchall()
    return rows, _reached(rows, end)


def next_wanted(
    cursor: Cursor,
    start: int,
    end: int,
    *,
    types: Collection[str],
    most: int,
    pages: Stretch = FOLLOWED,
) -> tuple[Rows, int]:
    """`next_records` of those that hold an event of these types; may be none, and the end is not reached."""
    matching, looked = _looked_through(cursor, start, end, types, pages.rows)
    wanted = [position for position in matching if position < looked]
    positions = sorted({record_of(position) for position in wanted[:most]})
    if not positions:
        return [], looked
    cursor.execute(_VALUES, {"positions": positions, "size": pages.size})
    rows: Rows = cursor.fetchall()
    whole = len(rows) == len(positions) and len(wanted) <= most
    return rows, looked if whole else _after(rows)


def unregistered(
    cursor: Cursor, start: int, end: int, *, known: Collection[str]
) -> dict[str, int]:
    """The types in this part of the index that are none of the known ones, and how many events each has there."""
    parameters = {"start": start, "end": end, "known": list(known)}
    cursor.execute(_UNREGISTERED, parameters)
    return dict(cursor.fetchall())


def waiting_records(
    cursor: Cursor,
    stream_id: str,
    version: int,
    end: int,
    *,
    most: int,
    pages: Stretch = FOLLOWED,
    longest: int = MAX_COMMIT_EVENTS,
) -> Rows:
    """The stream's records from the one that holds the version, as far as they lie before `end`; at most so many.

    Each row ends with the number of its events.
    """
    parameters = {
        "stream_id": stream_id,
        "version": version,
        "end": end,
        "most": most,
        "size": pages.size,
        "longest": longest,
    }
    cursor.execute(_WAITING, parameters)
    rows: Rows = cursor.fetchall()
    return rows


def _looked_through(
    cursor: Cursor, start: int, end: int, types: Collection[str], stretch: int
) -> tuple[list[int], int]:
    """The positions of the wanted events of a stretch, and where it ends: at least one commit further."""
    parameters = {"start": start, "end": end, "types": list(types), "stretch": stretch}
    cursor.execute(_WANTED, parameters)
    [(count, last, positions)] = cursor.fetchall()
    if count < stretch:
        return positions or [], end
    if record_of(last) <= start:  # one commit is longer than the stretch
        return _looked_through(cursor, start, end, types, 2 * stretch)
    # the last commit may be cut off in the middle: it is looked at again
    return positions or [], record_of(last)


def _reached(rows: Rows, end: int) -> int:
    return _after(rows) if rows else end


def _after(rows: Rows) -> int:
    """The position behind the last of these records."""
    return after_record(rows[-1][0])
