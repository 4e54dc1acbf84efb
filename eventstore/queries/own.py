"""The lists of `eventstore.queries.browse` over some streams alone: nothing in them, neither cursors nor lengths, hangs on any other stream.

Each stream is looked up by itself, so what a list costs hangs on those streams alone, too.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from eventstore.conf import registry
from eventstore.database.composing import composed
from eventstore.events import StreamInfo
from eventstore.indexer.columns import EVENT, HEAD, listed
from eventstore.queries.browse import EventFilter, EventRow
from eventstore.queries.connection import read_rows
from eventstore.queries.keyset import Key, Listing, Page, Wanted, page
from eventstore.queries.positions import packed_of, position_of

if TYPE_CHECKING:
    from collections.abc import Sequence


def own_streams(
    own: Sequence[str], wanted: Wanted, *, type_name: str | None = None
) -> Page[StreamInfo]:
    """Of these streams those that are there, newest first by their first event; of one registered type or of all. Raises `BadCursor`."""
    number = registry().stream_types[type_name].number if type_name else None
    among = ["type_number = %(number)s"] if number else []
    parameters = {"own": list(dict.fromkeys(own)), "number": number}
    return _STREAMS.page(wanted, read_rows, among, parameters)


def own_events(
    own: Sequence[str], wanted: Wanted, among: EventFilter
) -> Page[EventRow]:
    """Events of these streams, newest first by (recorded_at, position); onwards only. Raises `BadCursor`."""
    said = {f.name: getattr(among, f.name) for f in fields(among)}
    asked = {
        **said,
        "own": list(dict.fromkeys(own)),
        "is_narrow": any(said[name] is not None for name in _NARROW),
        "since": among.recorded_from or _BEGINNING,
    }

    def fetch(key: Key | None, *, onwards: bool, limit: int) -> list[EventRow]:
        time, position = key or (None, None)
        until = min(one for one in (time, among.recorded_to, _END) if one is not None)
        place = {"until": until, "limit": limit, "time": time, "position": position}
        return [_event(*row) for row in read_rows(_EVENTS, asked | place)]

    return page(wanted, fetch, _key_of, (datetime, int))


# ---- below: how ------------------------------------------------------------------------------------------------------

_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
_END: Final = datetime.max.replace(tzinfo=UTC)
_NARROW: Final = ("event_type", "correlation_id", "causation_id")

# Index: eventstore_stream's key, one step for each stream; OFFSET 0, or the planner might read the whole table.
_STREAMS: Final = Listing(
    composed(
        """SELECT {columns} FROM unnest(%(own)s::text[]) own(id)
 CROSS JOIN LATERAL (SELECT {columns}, type_number FROM eventstore_stream WHERE stream_id = own.id OFFSET 0) s""",
        columns=listed(HEAD),
    ),
    {"first_recorded_at": datetime, "stream_id": str},
    StreamInfo,
    lambda row: (row.first_recorded_at, row.stream_id),
    falls=True,
)
# Index: eventstore_event_version, backwards, for each stream: within one, versions, times and positions rise together.
# Not all of the streams need be looked into: each of those that ended before the page begins has an event in the list at
# the time that it ended, so `limit` of them fill the page, and what ended before the last of these (`bar`) comes behind
# it. Where only some events are wanted nobody knows which streams have one. What is not asked is NULL, which the planner
# sees, for Django puts the values in.
_EVENTS: Final = composed(
    """
WITH own AS MATERIALIZED (
       SELECT s.* FROM unnest(%(own)s::text[]) asked(id)
        CROSS JOIN LATERAL (SELECT stream_id, first_recorded_at, last_recorded_at FROM eventstore_stream
               WHERE stream_id = asked.id OFFSET 0) s
        WHERE s.first_recorded_at <= %(until)s AND s.last_recorded_at >= %(since)s),
     bar AS MATERIALIZED (
       SELECT last_recorded_at AS at FROM own WHERE last_recorded_at < %(until)s AND NOT %(is_narrow)s
        ORDER BY last_recorded_at DESC OFFSET %(limit)s - 1 LIMIT 1)
SELECT {columns}
  FROM own s
 CROSS JOIN LATERAL (SELECT {columns} FROM eventstore_event e
        WHERE e.stream_id = s.stream_id
          AND (%(event_type)s::text IS NULL OR e.event_type = %(event_type)s)
          AND (%(correlation_id)s::uuid IS NULL OR e.correlation_id = %(correlation_id)s)
          AND (%(causation_id)s::uuid IS NULL OR e.causation_id = %(causation_id)s)
          AND (%(recorded_from)s::timestamptz IS NULL OR e.recorded_at >= %(recorded_from)s)
          AND (%(recorded_to)s::timestamptz IS NULL OR e.recorded_at < %(recorded_to)s)
          AND (%(time)s::timestamptz IS NULL OR (e.recorded_at, e.position) < (%(time)s, %(position)s))
        ORDER BY e.version DESC LIMIT %(limit)s) e
 WHERE s.last_recorded_at >= coalesce((SELECT at FROM bar), '-infinity')
 ORDER BY e.recorded_at DESC, e.position DESC LIMIT %(limit)s
""",
    columns=listed(EVENT, of="e"),
)


def _key_of(row: EventRow) -> Key:
    return row.recorded_at, packed_of(row.position)


def _event(position: int, *rest: Any) -> EventRow:
    return EventRow(position_of(position), *rest)
