"""A stream's events and its head, read from the mirror by (stream_id, first_version): no join."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from eventstore.queries.rows import Cursor, recorded_events

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from eventstore.events import RecordedEvent

_PAGE: Final = 500  # records a query

# Index: eventstore_record_stream (stream_id, first_version), both ways.
_FORWARDS: Final = """
SELECT position, recorded_at, first_version, key, value FROM eventstore_record
 WHERE stream_id = %(stream)s AND first_version <= %(last)s AND first_version >= coalesce(
       (SELECT max(first_version) FROM eventstore_record
         WHERE stream_id = %(stream)s AND first_version <= %(first)s), 1)
 ORDER BY first_version LIMIT %(page)s
"""
_BACKWARDS: Final = """
SELECT position, recorded_at, first_version, key, value FROM eventstore_record
 WHERE stream_id = %(stream)s AND first_version <= %(last)s AND first_version + event_count > %(first)s
 ORDER BY first_version DESC LIMIT %(page)s
"""
_HEAD: Final = """
SELECT stream_id, version, first_recorded_at, last_recorded_at FROM eventstore_stream
 WHERE stream_id = %(stream)s
"""
_NO_END: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """A stream's head and the times of its first and last commit. Versions have no holes: version = count."""

    stream_id: str
    version: int
    first_recorded_at: datetime
    last_recorded_at: datetime


def stream_info(cursor: Cursor, stream_id: str) -> StreamInfo | None:
    """The stream's head, or None if nothing was ever accepted."""
    cursor.execute(_HEAD, {"stream": stream_id})
    rows = cursor.fetchall()
    return StreamInfo(*rows[0]) if rows else None


def read_stream(
    cursor: Cursor,
    stream_id: str,
    *,
    first: int = 1,
    last: int | None = None,
    backwards: bool = False,
) -> Iterator[RecordedEvent]:
    """The events of versions `first` to `last`, both included; page by page, so that a reader may stop early."""
    first, last = max(1, first), _NO_END if last is None else last
    while first <= last:
        cursor.execute(
            _BACKWARDS if backwards else _FORWARDS,
            {"stream": stream_id, "first": first, "last": last, "page": _PAGE},
        )
        rows = cursor.fetchall()
        for row in rows:
            events = recorded_events(*row)
            for event in reversed(events) if backwards else events:
                if first <= event.metadata.version <= last:
                    yield event
        if len(rows) < _PAGE:
            return
        if backwards:
            last = rows[-1][2] - 1
        else:
            first = events[-1].metadata.version + 1
