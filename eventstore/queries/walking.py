"""After a cut in which one partition is far behind others: a walk in each, merged by time.

Works for every cut; `everything` is faster where all partitions stand at about one time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from eventstore.database.composing import composed
from eventstore.events import Cut, Place, RecordedEvent
from eventstore.indexer.columns import ACCEPTED, ACCEPTED_RECORD, listed
from eventstore.protocol.positions import first_of, offset_in
from eventstore.queries.limits import EVERYTHING
from eventstore.queries.rows import Cursor, recorded_events

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from eventstore.ports import Opener

_ENDS: Final = """
SELECT topic, partition, id, "cursor", generation FROM eventstore_partition WHERE topic = ANY(%(topics)s)
"""
# A short walk along the primary key in each partition, without the values; merged by time, which within a partition
# is the order of the log.
_NEXT: Final = composed(
    """
SELECT place.number, r.position, r.event_count, r.size
  FROM unnest(%(starts)s::bigint[], %(ends)s::bigint[]) WITH ORDINALITY place(start, finish, number)
 CROSS JOIN LATERAL (
       SELECT position, recorded_at, event_count, octet_length(value) AS size FROM eventstore_record
        WHERE position >= place.start AND position < place.finish AND verdict = {accepted}
        ORDER BY position LIMIT %(limit)s) r
 ORDER BY r.recorded_at, r.position
""",
    accepted=ACCEPTED,
)
_VALUES: Final = composed(
    """
SELECT {columns} FROM eventstore_record WHERE position = ANY(%(positions)s::bigint[]) ORDER BY recorded_at, position
""",
    columns=listed(ACCEPTED_RECORD),
)


def walk_after(
    cursor: Cursor,
    after: Cut,
    topics: Sequence[str],
    limit: int,
    *,
    size: int = EVERYTHING.size,
    opener: Opener | None = None,
) -> tuple[Sequence[RecordedEvent], Cut]:
    """See `read_after`. size: bytes of records; the first is taken whatever its size."""
    cursor.execute(_ENDS, {"topics": list(topics)})
    places = [_Walk(after, *row) for row in cursor.fetchall()]
    cursor.execute(
        _NEXT,
        {
            "starts": [place.start for place in places],
            "ends": [place.end for place in places],
            "limit": limit,
        },
    )
    positions = _chosen(places, cursor.fetchall(), limit, size)
    _keep_from_ends(cursor, places, topics)
    cursor.execute(_VALUES, {"positions": positions})
    walked = recorded_events(cursor.fetchall(), opener=opener)
    events = [event for of_a_commit in walked for event in of_a_commit]
    offsets = dict(after.offsets) | {walk.place: walk.reached(limit) for walk in places}
    return events, Cut({place: offset for place, offset in offsets.items() if offset})


class _Walk:
    """How far a call gets in one partition."""

    def __init__(
        self,
        after: Cut,
        topic: str,
        partition: int,
        id_: int,
        end: int,
        generation: UUID,
    ) -> None:
        self.place = Place(topic, partition)
        self._id = id_
        self._after = after.offsets.get(self.place, 0)
        self._offset = min(self._after, end)
        self._end = end
        self._generation = generation
        self.is_whole = True
        self.found = 0
        self.left = 0

    @property
    def start(self) -> int:
        """The packed position to begin at."""
        return first_of(self._id, self._offset)

    @property
    def end(self) -> int:
        """The packed position to end before."""
        return first_of(self._id, self._end)

    def take(self, position: int) -> None:
        """This record is taken."""
        self._offset = offset_in(position) + 1

    def look_again(self, end: int, generation: UUID) -> None:
        """How far it is after the walk: if the index was emptied meanwhile, what was not found may be there yet."""
        self.is_whole = generation == self._generation and end >= self._end

    def reached(self, limit: int) -> int:
        """The offset up to which nothing accepted was left behind."""
        at_end = self.is_whole and self.found < limit and not self.left
        return max(self._after, self._end if at_end else self._offset)


def _keep_from_ends(
    cursor: Cursor, places: Sequence[_Walk], topics: Sequence[str]
) -> None:
    """Have nobody take the end of a walk through an index that was emptied for the end of the log."""
    walks = {walk.place: walk for walk in places}
    cursor.execute(_ENDS, {"topics": list(topics)})
    for topic, partition, _, end, generation in cursor.fetchall():
        if walk := walks.get(Place(topic, partition)):
            walk.look_again(end, generation)


def _chosen(
    places: Sequence[_Walk], rows: Sequence[tuple[Any, ...]], limit: int, most: int
) -> list[int]:
    positions: list[int] = []
    events = size = 0
    full = False
    for number, position, count, bytes_ in rows:
        walk = places[number - 1]
        walk.found += 1
        full = full or bool(
            positions and (events + count > limit or size + bytes_ > most)
        )
        if full:
            walk.left += 1
            continue
        walk.take(position)
        positions.append(position)
        events, size = events + count, size + bytes_
    return positions
