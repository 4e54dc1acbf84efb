"""All accepted events between two cuts, by partition and position: what exports and whole-log readers follow.

The mirror's rows never change and its cursors move in the transaction that adds them. So everything below a
cut that was read once is complete for ever, and short queries, page by page, see what one long one would see
without holding back the database's cleaning for as long as the slowest reader. `rebuild_index` is the
exception: it empties the mirror, gives each partition a new generation and fills it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from eventstore.database.composing import composed
from eventstore.errors import IndexRebuilt
from eventstore.events import Cut, Place, RecordedEvent
from eventstore.indexer.columns import ACCEPTED, ACCEPTED_RECORD, listed
from eventstore.protocol.positions import first_of
from eventstore.queries.connection import read_rows, reading_cursor
from eventstore.queries.limits import FEED
from eventstore.queries.rows import recorded_events

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from uuid import UUID

    from eventstore.ports import Opener
    from eventstore.queries.limits import Stretch

_MARKS: Final = 'SELECT topic, partition, id, "cursor", generation FROM eventstore_partition ORDER BY id'
# The key's index, in its order; lengths stand in the row, so no long value is fetched only to be left out.
_ACCEPTED: Final = composed(
    """
SELECT position, recorded_at, first_version, convert_from(value, 'UTF8') FROM (
       SELECT {columns},
              sum(octet_length(value)) OVER (ORDER BY position ROWS UNBOUNDED PRECEDING) - octet_length(value) AS before
         FROM eventstore_record
        WHERE position >= %(start)s AND position < %(end)s AND verdict = {accepted}
        ORDER BY position LIMIT %(page)s) page
 WHERE before < %(size)s ORDER BY position
""",
    columns=listed(ACCEPTED_RECORD),
    accepted=ACCEPTED,
)


class Mark(NamedTuple):
    """How far the mirror of a partition has come, since which rebuild."""

    id: int
    cursor: int
    generation: UUID


Marks = Mapping[Place, Mark]


def marks(topics: Collection[str] | None = None) -> Marks:
    """How far the mirror has come, in these topics or in all, by partition."""
    with reading_cursor() as cursor:
        cursor.execute(_MARKS)
        return {
            Place(topic, partition): Mark(*mark)
            for topic, partition, *mark in cursor.fetchall()
            if topics is None or topic in topics
        }


def cut_of(seen: Marks) -> Cut:
    """All that was mirrored then."""
    return Cut({place: mark.cursor for place, mark in seen.items() if mark.cursor})


def accepted_between(
    after: Cut, up_to: Marks, *, pages: Stretch = FEED, opener: Opener | None = None
) -> Iterator[RecordedEvent]:
    """The events behind a cut and within what was mirrored once, by partition and position. opener: as in `recorded_events`.

    Raises `IndexRebuilt` at the end of a partition if what it gave may not be all. Memory: a page of records.
    """
    for place, mark in up_to.items():
        start = first_of(mark.id, after.offsets.get(place, 0))
        end = first_of(mark.id, mark.cursor)
        while start < end and (rows := _page(start, end, pages)):
            for events in recorded_events(rows, opener=opener):
                yield from events
            start = rows[-1][0] + 1
        refuse_a_rebuilt_index({place: mark})


def refuse_a_rebuilt_index(seen: Marks) -> None:
    """Raise `IndexRebuilt` if the mirror is not the one that was seen, or has less than it had."""
    now = marks()
    for place, mark in seen.items():
        mark_now = now.get(place)
        if (
            mark_now is None
            or mark_now.generation != mark.generation
            or mark_now.cursor < mark.cursor
        ):
            raise IndexRebuilt


def _page(start: int, end: int, pages: Stretch) -> list[tuple[Any, ...]]:
    parameters = {"start": start, "end": end, "page": pages.rows, "size": pages.size}
    return read_rows(_ACCEPTED, parameters)
