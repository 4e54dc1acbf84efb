"""A stream's events and its head, read from the mirror by (stream_id, first_version): no join."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from eventstore.queries.connection import arriving_rows
from eventstore.queries.rows import Cursor, recorded_events

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from eventstore.events import RecordedEvent

_PAGE: Final = 5_000  # records a query
_SMALL: Final = (
    200  # of them: the first page, and one that need not be decoded while it arrives
)
_PAGE_BYTES: Final = 4_000_000  # of them; whichever is reached first

# Index: eventstore_record_stream (stream_id, first_version), both ways. Lengths stand in the row, so that no long
# value is fetched only to be left out.
_FORWARDS: Final = """
SELECT position, recorded_at, first_version, value, octet_length(value) FROM (
       SELECT position, recorded_at, first_version, value,
              sum(octet_length(value)) OVER (ORDER BY first_version ROWS UNBOUNDED PRECEDING) - octet_length(value) AS before
         FROM eventstore_record
        WHERE stream_id = %(stream)s AND first_version <= %(last)s AND first_version >= coalesce(
              (SELECT max(first_version) FROM eventstore_record
                WHERE stream_id = %(stream)s AND first_version <= %(first)s), 1)
        ORDER BY first_version LIMIT %(page)s) page
 WHERE before < %(size)s ORDER BY first_version
"""
# A commit has at most 1,000 events, so whatever reaches up to `first` begins within the 1,000 versions before it.
_BACKWARDS: Final = """
SELECT position, recorded_at, first_version, value, octet_length(value) FROM (
       SELECT position, recorded_at, first_version, value,
              sum(octet_length(value)) OVER (ORDER BY first_version DESC ROWS UNBOUNDED PRECEDING) - octet_length(value) AS before
         FROM eventstore_record
        WHERE stream_id = %(stream)s AND first_version <= %(last)s
          AND first_version > %(first)s::int - 1000 AND first_version + event_count > %(first)s
        ORDER BY first_version DESC LIMIT %(page)s) page
 WHERE before < %(size)s ORDER BY first_version DESC
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
    at_most: int = _PAGE,
) -> Iterator[RecordedEvent]:
    """The events of versions `first` to `last`, both included; page by page, so that a reader may stop early.

    at_most: how many the reader will take at the most, if it knows; no page is then larger.
    """
    first, last = max(1, first), _NO_END if last is None else min(last, _NO_END)
    statement = _BACKWARDS if backwards else _FORWARDS
    page: dict[str, Any] = {"stream": stream_id, "page": min(at_most, _SMALL)}
    page["size"] = _PAGE_BYTES
    while first <= last:
        rows, commits = _read(cursor, statement, page | {"first": first, "last": last})
        for events in commits:
            yield from _between(events, first, last, backwards=backwards)
        if _is_the_last(rows, page["page"]):
            return
        page["page"] = min(at_most, _PAGE)  # there is more than a handful
        if backwards:
            last = rows[-1][0] - 1
        else:
            first = commits[-1][-1].metadata.version + 1


def _between(
    events: list[RecordedEvent], first: int, last: int, *, backwards: bool
) -> Iterable[RecordedEvent]:
    """Those of a commit whose versions are wanted: all of them, but for the commits at either end."""
    head, tail = events[0].metadata.version, events[-1].metadata.version
    if head < first or tail > last:
        events = [event for event in events if first <= event.metadata.version <= last]
    return reversed(events) if backwards else events


def _read(
    cursor: Cursor, statement: str, page: Mapping[str, Any]
) -> tuple[list[tuple[int, int]], list[list[RecordedEvent]]]:
    """First version and size of each row of a page, and its events. A large page is decoded while it arrives.

    All of it before anybody sees an event: meanwhile the connection can do nothing else.
    """
    rows: list[tuple[int, int]] = []

    def arriving() -> Iterator[tuple[Any, ...]]:
        for row in arriving_rows(cursor, statement, page, many=page["page"] > _SMALL):
            rows.append((row[2], row[4]))
            yield row

    return rows, list(recorded_events(arriving()))


def _is_the_last(rows: Sequence[tuple[int, int]], page: int) -> bool:
    """Whether a page ended because there was no more, and not because it was full."""
    size = sum(size for _, size in rows)
    return not rows or (len(rows) < page and size < _PAGE_BYTES - 1_000_000)
