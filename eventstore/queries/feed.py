"""All accepted events between two cuts, by partition and position: what exports and whole-log readers follow.

The mirror's rows never change and its cursors move in the transaction that adds them. So everything below a
cut that was read once is complete for ever, and short queries, page by page, see what one long one would see
without holding back the database's cleaning for as long as the slowest reader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from eventstore.events import Cut, Place, RecordedEvent, pack
from eventstore.queries.connection import reading_cursor
from eventstore.queries.rows import recorded_events

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_PAGE: Final = {
    "page": 2_000,
    "size": 4_000_000,
}  # records, bytes; whichever is reached first

_CURSORS: Final = (
    'SELECT topic, partition, "cursor", id FROM eventstore_partition ORDER BY id'
)
# The key's index, in its order; lengths stand in the row, so no long value is fetched only to be left out.
_ACCEPTED: Final = """
SELECT position, recorded_at, first_version, key, value FROM (
       SELECT position, recorded_at, first_version, key, value,
              sum(octet_length(value)) OVER (ORDER BY position) - octet_length(value) AS before
         FROM eventstore_record
        WHERE position >= %(start)s AND position < %(end)s AND verdict = 1
        ORDER BY position LIMIT %(page)s) page
 WHERE before < %(size)s ORDER BY position
"""


def mirrored_cut(topics: Collection[str] | None = None) -> Cut:
    """How far the mirror has come, in these topics or in all."""
    return Cut({place: offset for place, offset, _ in _cursors(topics) if offset})


def accepted_between(
    after: Cut, up_to: Cut, topics: Collection[str] | None = None
) -> Iterator[RecordedEvent]:
    """The events behind one cut and within another, by partition and position.

    up_to: no further than what `mirrored_cut` gave. Memory: a page of records.
    """
    for place, _, partition_id in _cursors(topics):
        number, partition = divmod(partition_id, 512)
        start = pack(number, partition, after.offsets.get(place, 0))
        end = pack(number, partition, up_to.offsets.get(place, 0))
        while start < end and (rows := _page(start, end)):
            for row in rows:
                yield from recorded_events(*row)
            start = rows[-1][0] + 1


def _page(start: int, end: int) -> list[tuple[Any, ...]]:
    with reading_cursor() as cursor:
        cursor.execute(_ACCEPTED, {"start": start, "end": end, **_PAGE})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _cursors(topics: Collection[str] | None) -> list[tuple[Place, int, int]]:
    with reading_cursor() as cursor:
        cursor.execute(_CURSORS)
        return [
            (Place(topic, partition), offset, partition_id)
            for topic, partition, offset, partition_id in cursor.fetchall()
            if topics is None or topic in topics
        ]
