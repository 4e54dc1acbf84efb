"""Events that a list has named: read from the mirror by their places, a page in one statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from eventstore.database.composing import composed
from eventstore.errors import IndexRebuilt
from eventstore.events import Position
from eventstore.indexer.columns import ACCEPTED, ACCEPTED_RECORD, listed
from eventstore.queries.connection import read_rows
from eventstore.queries.positions import packed_of
from eventstore.queries.rows import recorded_events

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from eventstore.events import RecordedEvent
    from eventstore.ports import Opener

PAGE_BYTES: Final = 4_000_000
_FIRST_AT_ONCE: Final = 100  # streams

# The primary key, once for each: OFFSET 0, or the planner might read the whole table. Lengths stand in the row, so that
# no long value is fetched only to be left out.
_AT: Final = composed(
    """
SELECT position, recorded_at, first_version, convert_from(value, 'UTF8') FROM (
       SELECT {columns}, asked.n,
              sum(octet_length(value)) OVER (ORDER BY asked.n ROWS UNBOUNDED PRECEDING) - octet_length(value) AS before
         FROM unnest(%(positions)s::bigint[]) WITH ORDINALITY asked(at, n)
        CROSS JOIN LATERAL (SELECT {columns} FROM eventstore_record
               WHERE position = asked.at AND verdict = {accepted} OFFSET 0) r) page
 WHERE before < %(size)s ORDER BY n
""",
    columns=listed(ACCEPTED_RECORD),
    accepted=ACCEPTED,
)
# Index: eventstore_record_stream, one step for each.
_FIRST: Final = composed(
    """
SELECT position, recorded_at, first_version, convert_from(value, 'UTF8') FROM unnest(%(streams)s::text[]) asked(id)
 CROSS JOIN LATERAL (SELECT {columns} FROM eventstore_record
        WHERE stream_id = asked.id AND first_version = 1 OFFSET 0) r
""",
    columns=listed(ACCEPTED_RECORD),
)

# The same, of those that began then or later.
_BEGUN: Final = composed(
    """
SELECT position, recorded_at, first_version, convert_from(value, 'UTF8') FROM unnest(%(streams)s::text[]) asked(id)
 CROSS JOIN LATERAL (SELECT {columns} FROM eventstore_record
        WHERE stream_id = asked.id AND first_version = 1 AND recorded_at >= %(since)s OFFSET 0) r
""",
    columns=listed(ACCEPTED_RECORD),
)


def events_at(
    positions: Sequence[Position],
    *,
    size: int = PAGE_BYTES,
    opener: Opener | None = None,
) -> list[RecordedEvent]:
    """The accepted events at these places, in this order; the first ones, if the records of all take more than so many bytes.

    Raises `IndexRebuilt` where not even the first is there. opener: as in `recorded_events`.
    """
    if not positions:
        return []
    records = dict.fromkeys(map(_record_of, positions))
    packed = [packed_of(position) for position in records]
    rows = read_rows(_AT, {"positions": packed, "size": size})
    found = {
        event.position: event
        for events in recorded_events(rows, opener=opener)
        for event in events
    }
    if positions[0] not in found:
        raise IndexRebuilt
    return list(_as_far_as_found(positions, found))


def first_events(stream_ids: Sequence[str]) -> Iterator[RecordedEvent]:
    """The first event of each of the streams, in any order; what is sealed stays so. Memory: a page of their first commits."""
    for start in range(0, len(stream_ids), _FIRST_AT_ONCE):
        streams = list(stream_ids[start : start + _FIRST_AT_ONCE])
        for events in recorded_events(read_rows(_FIRST, {"streams": streams})):
            yield events[0]


def first_commits(
    stream_ids: Sequence[str], since: datetime
) -> Iterator[Sequence[RecordedEvent]]:
    """The first commit of each of the streams that began then or later, in any order; what is sealed stays so. Memory: a page of them.

    Asked also of none: what is foreign takes as long as what is not there.
    """
    for start in range(0, max(1, len(stream_ids)), _FIRST_AT_ONCE):
        streams = list(stream_ids[start : start + _FIRST_AT_ONCE])
        given = {"streams": streams, "since": since}
        yield from recorded_events(read_rows(_BEGUN, given))


def _record_of(position: Position) -> Position:
    return Position(position.topic, position.partition, position.offset)


def _as_far_as_found(
    positions: Sequence[Position], found: dict[Position, RecordedEvent]
) -> Iterator[RecordedEvent]:
    for position in positions:
        if position not in found:
            return
        yield found[position]
