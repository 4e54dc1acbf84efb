"""Lists for people: streams, a stream's events, events by what they have in common. Metadata only.

Every list is one index, read in its order: no COUNT, no OFFSET, no sort. Tests hold each query to its plan.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from eventstore.conf import registry
from eventstore.queries.connection import reading_cursor
from eventstore.queries.keyset import Key, Page, Wanted, is_plain, page
from eventstore.queries.positions import packed_of, position_of
from eventstore.queries.streams import StreamInfo, stream_info

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from eventstore.events import Position


@dataclass(frozen=True, slots=True)
class EventRow:
    """An accepted event's metadata, as the index has it."""

    position: Position
    event_id: UUID
    stream_id: str
    version: int
    event_type: str
    occurred_at: datetime
    recorded_at: datetime
    correlation_id: UUID | None
    causation_id: UUID | None


@dataclass(frozen=True, slots=True)
class EventFilter:
    """What the events of a list have in common; None: anything. From is inclusive, to is exclusive."""

    event_type: str | None = None
    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    recorded_from: datetime | None = None
    recorded_to: datetime | None = None


def streams(wanted: Wanted, *, type_name: str | None = None) -> Page[StreamInfo]:
    """Streams, newest first by their first event; of one registered type or of all. Raises `BadCursor`."""
    number = registry().stream_types[type_name].number if type_name else None

    def fetch(key: Key | None, *, onwards: bool, limit: int) -> list[StreamInfo]:
        sql = _compose(
            _STREAMS,
            [
                *([_OF_TYPE] if number else []),
                *([_EARLIER_STREAMS if onwards else _LATER_STREAMS] if key else []),
            ],
            _NEWEST_STREAMS[bool(number), onwards],
        )
        time, stream_id = key or (None, None)
        params = {"number": number, "time": time, "stream_id": stream_id}
        return [StreamInfo(*row) for row in _rows(sql, params | {"limit": limit})]

    return page(
        wanted,
        fetch,
        lambda row: (row.first_recorded_at, row.stream_id),
        (datetime, str),
    )


def stream(stream_id: str) -> StreamInfo | None:
    """One stream's head, None if nothing was ever accepted under this id."""
    if not is_plain(stream_id):
        return None
    with reading_cursor() as db:
        return stream_info(db, stream_id)


def stream_events(stream_id: str, wanted: Wanted) -> Page[EventRow]:
    """A stream's events by rising version. Raises `BadCursor`."""
    return _stream_events(stream_id, wanted, rising=True)


def stream_events_backwards(stream_id: str, wanted: Wanted) -> Page[EventRow]:
    """A stream's events by falling version. Raises `BadCursor`."""
    return _stream_events(stream_id, wanted, rising=False)


def events(wanted: Wanted, among: EventFilter) -> Page[EventRow]:
    """Events, newest first by (recorded_at, position). Raises `BadCursor`."""
    given = {f.name: getattr(among, f.name) for f in fields(among)}
    conditions = [_FILTERS[name] for name, value in given.items() if value is not None]
    narrow = bool(among.event_type or among.correlation_id or among.causation_id)

    def fetch(key: Key | None, *, onwards: bool, limit: int) -> list[EventRow]:
        sql = _compose(
            _EVENTS,
            [
                *conditions,
                *([_EARLIER_EVENTS if onwards else _LATER_EVENTS] if key else []),
            ],
            _NEWEST_EVENTS[narrow, onwards],
        )
        time, position = key or (None, None)
        params = given | {"time": time, "position": position, "limit": limit}
        return event_rows(sql, params)

    return page(
        wanted,
        fetch,
        lambda row: (row.recorded_at, packed_of(row.position)),
        (datetime, int),
    )


def with_event_id(event_id: UUID) -> Sequence[EventRow]:
    """Every event with this id: one, as a rule, but ids are unique within a stream only. At most 20."""
    return event_rows(_BY_EVENT_ID, {"event_id": event_id})


def event_rows(sql: str, params: Mapping[str, Any]) -> list[EventRow]:
    """Run a query that selects the index's columns in the order of `EventRow`."""
    return [EventRow(position_of(first), *rest) for first, *rest in _rows(sql, params)]


# ---- below: how ------------------------------------------------------------------------------------------------------

_STREAMS: Final = """
    SELECT stream_id, version, first_recorded_at, last_recorded_at FROM eventstore_stream
"""
_OF_TYPE: Final = "type_number = %(number)s"
# indexes eventstore_stream_type and eventstore_stream_newest
_EARLIER_STREAMS: Final = "(first_recorded_at, stream_id) < (%(time)s, %(stream_id)s)"
_LATER_STREAMS: Final = "(first_recorded_at, stream_id) > (%(time)s, %(stream_id)s)"
# (of one type, onwards) → the order of the index that serves it: only the list of everything names the nulls
_NEWEST_STREAMS: Final = {
    (True, True): "first_recorded_at DESC, stream_id DESC",
    (True, False): "first_recorded_at, stream_id",
    (False, True): "first_recorded_at DESC NULLS LAST, stream_id DESC NULLS LAST",
    (False, False): "first_recorded_at NULLS FIRST, stream_id NULLS FIRST",
}

_EVENTS: Final = """
    SELECT position, event_id, stream_id, version, event_type, occurred_at, recorded_at,
           correlation_id, causation_id
      FROM eventstore_event
"""
_FILTERS: Final = {
    # each the head of an index that goes on with (recorded_at, position)
    "event_type": "event_type = %(event_type)s",
    "correlation_id": "correlation_id = %(correlation_id)s",
    "causation_id": "causation_id = %(causation_id)s",
    "recorded_from": "recorded_at >= %(recorded_from)s",
    "recorded_to": "recorded_at < %(recorded_to)s",
}
_EARLIER_EVENTS: Final = "(recorded_at, position) < (%(time)s, %(position)s)"
_LATER_EVENTS: Final = "(recorded_at, position) > (%(time)s, %(position)s)"
# (with one thing in common, onwards) → as above
_NEWEST_EVENTS: Final = {
    (True, True): "recorded_at DESC, position DESC",
    (True, False): "recorded_at, position",
    (False, True): "recorded_at DESC NULLS LAST, position DESC NULLS LAST",
    (False, False): "recorded_at NULLS FIRST, position NULLS FIRST",
}

# constraint eventstore_event_version
_OF_STREAM: Final = "stream_id = %(stream_id)s"
_ABOVE: Final = "version > %(version)s"
_BELOW: Final = "version < %(version)s"
# constraint eventstore_event_id
_BY_EVENT_ID: Final = """
    SELECT position, event_id, stream_id, version, event_type, occurred_at, recorded_at,
           correlation_id, causation_id
      FROM eventstore_event WHERE event_id = %(event_id)s
     ORDER BY stream_id LIMIT 20
"""


def _stream_events(stream_id: str, wanted: Wanted, *, rising: bool) -> Page[EventRow]:
    def fetch(key: Key | None, *, onwards: bool, limit: int) -> list[EventRow]:
        upwards = rising is onwards
        sql = _compose(
            _EVENTS,
            [_OF_STREAM, *([_ABOVE if upwards else _BELOW] if key else [])],
            "version" if upwards else "version DESC",
        )
        params = {"stream_id": stream_id, "version": key and key[0], "limit": limit}
        return event_rows(sql, params)

    return page(wanted, fetch, lambda row: (row.version,), (int,))


def _compose(select: str, conditions: Sequence[str], order: str) -> str:
    """Join constants of this file; values come as parameters only."""
    where = ("WHERE", " AND ".join(conditions)) if conditions else ()
    return " ".join((select, *where, "ORDER BY", order, "LIMIT %(limit)s"))


def _rows(sql: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with reading_cursor() as db:
        db.execute(sql, params)
        rows: list[tuple[Any, ...]] = db.fetchall()
    return rows
