"""In which streams the log has told something of some types, after a cut: by an index of types, however much else the log holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from eventstore.events import Cut, Place
from eventstore.protocol.positions import first_of, offset_in
from eventstore.queries.connection import reading_cursor
from eventstore.queries.everything import still_to_come

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from eventstore.queries.everything import Stretched
    from eventstore.queries.rows import Cursor

# Index: eventstore_event_type, from the moment on at which the first partition goes on. `ranges` as in `everything`. A statement for each
# type: of a type that is joined the planner does not know how rare it is.
_TOLD: Final = """
SELECT recorded_at, position, stream_id FROM eventstore_event
 WHERE event_type = %(type)s AND recorded_at >= %(since)s AND width_bucket(position, %(ranges)s::bigint[]) %% 2 = 1
 ORDER BY recorded_at, position LIMIT %(limit)s
"""
_GENERATIONS: Final = """
SELECT topic, partition, id, "cursor", generation FROM eventstore_partition WHERE topic = ANY(%(topics)s)
"""

_Ends = dict[Place, tuple[int, int, "UUID"]]


def streams_told(
    after: Cut, topics: Sequence[str], types: Sequence[str], limit: int
) -> tuple[Sequence[str], Cut]:
    """The streams of up to `limit` events of the types, in the log's order; and the cut up to which there are no others.

    No streams means that there are none up to the end. Raises as `reading_cursor`.
    """
    with reading_cursor() as cursor:
        before = _ends(cursor, topics)
        places = still_to_come(cursor, after, topics)
        if not places:
            return (), after
        given: dict[str, Any] = {
            "since": min(place.head[0] for place in places),
            "ranges": [at for place in places for at in (place.start, place.end)],
            "limit": limit,
        }
        rows = _told(cursor, types, given)
        ends = before if len(rows) < limit else {}
        behind = _ends(cursor, topics) if ends else {}
    reached = dict(after.offsets)
    for place in places:
        reached |= _reached(place, [position for _, position, _ in rows], ends, behind)
    streams = tuple(dict.fromkeys(stream_id for *_, stream_id in rows))
    return streams, Cut({place: offset for place, offset in reached.items() if offset})


def _told(
    cursor: Cursor, types: Sequence[str], given: Mapping[str, Any]
) -> list[tuple[datetime, int, str]]:
    """The first events of all types together."""
    rows: list[tuple[datetime, int, str]] = []
    for one in types:
        cursor.execute(_TOLD, {**given, "type": one})
        rows += cursor.fetchall()
    return sorted(rows)[: given["limit"]]


def _reached(
    place: Stretched, positions: Sequence[int], ends: _Ends, behind: _Ends
) -> Mapping[Place, int]:
    """Where a partition goes on: at its end, if all was read and nobody has emptied the index meanwhile; else behind what was found in it."""
    named = Place(*place.place)
    if named in ends and _is_whole(ends[named], behind.get(named)):
        id_, end, _ = ends[named]
        if first_of(id_, end) <= place.end:
            return {named: end}
    found = [one for one in positions if place.start <= one < place.end]
    return {named: offset_in(max(found)) + 1} if found else {}


def _is_whole(end: tuple[int, int, UUID], behind: tuple[int, int, UUID] | None) -> bool:
    return behind is not None and behind[2] == end[2] and behind[1] >= end[1]


def _ends(cursor: Cursor, topics: Sequence[str]) -> _Ends:
    cursor.execute(_GENERATIONS, {"topics": list(topics)})
    return {
        Place(topic, partition): (id_, end, generation)
        for topic, partition, id_, end, generation in cursor.fetchall()
    }
