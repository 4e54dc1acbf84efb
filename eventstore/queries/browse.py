"""Lists for people: streams, a stream's events, events by what they have in common. Metadata only.

Every list is one index, read in its order: no COUNT, no OFFSET, no sort. Tests hold each query to its plan.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from eventstore.conf import registry
from eventstore.database.composing import composed
from eventstore.events import StreamInfo
from eventstore.indexer.columns import EVENT, HEAD, listed
from eventstore.queries.connection import read_rows, reading_cursor
from eventstore.queries.keyset import Listing, Page, Wanted, is_plain
from eventstore.queries.positions import packed_of, position_of
from eventstore.queries.streams import stream_info

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
    among = [_OF_TYPE] if number else []
    return _STREAMS.page(wanted, read_rows, among, {"number": number}, of_all=not among)


def stream(stream_id: str) -> StreamInfo | None:
    """One stream's head, None if nothing was ever accepted under this id."""
    if not is_plain(stream_id):
        return None
    with reading_cursor() as db:
        return stream_info(db, stream_id)


def stream_events(stream_id: str, wanted: Wanted) -> Page[EventRow]:
    """A stream's events by rising version. Raises `BadCursor`."""
    parameters = {"stream_id": stream_id}
    return _STREAM_EVENTS.page(wanted, read_rows, [_OF_STREAM], parameters)


def stream_events_backwards(stream_id: str, wanted: Wanted) -> Page[EventRow]:
    """A stream's events by falling version. Raises `BadCursor`."""
    parameters = {"stream_id": stream_id}
    return _STREAM_EVENTS_BACKWARDS.page(wanted, read_rows, [_OF_STREAM], parameters)


def stream_events_of(
    stream_id: str, types: Sequence[str], wanted: Wanted
) -> Page[EventRow]:
    """A stream's events of these types by rising version. Raises `BadCursor`."""
    parameters = {"stream_id": stream_id, "types": list(types)}
    return _STREAM_EVENTS.page(wanted, read_rows, [_OF_STREAM, _OF_TYPES], parameters)


def stream_events_at(stream_id: str, versions: Sequence[int]) -> Sequence[EventRow]:
    """Those of these versions that there are, by rising version."""
    given = {"stream_id": stream_id, "versions": list(versions)}
    return event_rows(_AT_VERSIONS, given)


def events(wanted: Wanted, among: EventFilter) -> Page[EventRow]:
    """Events, newest first by (recorded_at, position). Raises `BadCursor`."""
    parameters = {f.name: getattr(among, f.name) for f in fields(among)}
    conditions = [
        _FILTERS[name] for name, value in parameters.items() if value is not None
    ]
    narrow = bool(among.event_type or among.correlation_id or among.causation_id)
    return _EVENTS.page(wanted, read_rows, conditions, parameters, of_all=not narrow)


def with_event_id(event_id: UUID) -> Sequence[EventRow]:
    """Every event with this id: one, as a rule, but ids are unique within a stream only. At most 20."""
    return event_rows(_BY_EVENT_ID, {"event_id": event_id})


def event_rows(sql: str, params: Mapping[str, Any]) -> list[EventRow]:
    """Run a query that selects the index's columns in the order of `EventRow`."""
    return [_event(*row) for row in read_rows(sql, params)]


# ---- below: how ------------------------------------------------------------------------------------------------------


def _event(position: int, *rest: Any) -> EventRow:
    return EventRow(position_of(position), *rest)


# indexes eventstore_stream_type and eventstore_stream_newest
_STREAMS: Final = Listing(
    composed("SELECT {columns} FROM eventstore_stream", columns=listed(HEAD)),
    {"first_recorded_at": datetime, "stream_id": str},
    StreamInfo,
    lambda row: (row.first_recorded_at, row.stream_id),
    falls=True,
)
_OF_TYPE: Final = "type_number = %(number)s"

_SELECT_EVENTS: Final = composed(
    "SELECT {columns} FROM eventstore_event", columns=listed(EVENT)
)
_EVENTS: Final = Listing(
    _SELECT_EVENTS,
    {"recorded_at": datetime, "position": int},
    _event,
    lambda row: (row.recorded_at, packed_of(row.position)),
    falls=True,
)
_FILTERS: Final = {
    # each the head of an index that goes on with (recorded_at, position)
    "event_type": "event_type = %(event_type)s",
    "correlation_id": "correlation_id = %(correlation_id)s",
    "causation_id": "causation_id = %(causation_id)s",
    "recorded_from": "recorded_at >= %(recorded_from)s",
    "recorded_to": "recorded_at < %(recorded_to)s",
}
# constraint eventstore_event_version
_STREAM_EVENTS: Final = Listing(
    _SELECT_EVENTS, {"version": int}, _event, lambda row: (row.version,)
)
_STREAM_EVENTS_BACKWARDS: Final = replace(_STREAM_EVENTS, falls=True)
_OF_STREAM: Final = "stream_id = %(stream_id)s"
_OF_TYPES: Final = "event_type = ANY(%(types)s)"  # a filter of the stream's rows
_AT_VERSIONS: Final = composed(
    "{events} WHERE stream_id = %(stream_id)s AND version = ANY(%(versions)s) ORDER BY version",
    events=_SELECT_EVENTS,
)
# constraint eventstore_event_id
_BY_EVENT_ID: Final = composed(
    "{events} WHERE event_id = %(event_id)s ORDER BY stream_id LIMIT 20",
    events=_SELECT_EVENTS,
)
