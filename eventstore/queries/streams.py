"""A stream's events and its head, read from the mirror by (stream_id, first_version): no join."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from eventstore.database.composing import composed
from eventstore.errors import VerificationFailed
from eventstore.events import StreamInfo
from eventstore.indexer.columns import ACCEPTED_RECORD, HEAD, listed
from eventstore.queries.completeness import refuse_if_set_aside
from eventstore.queries.connection import arriving_rows
from eventstore.queries.limits import PAGES
from eventstore.queries.rows import Cursor, domain_events, recorded_events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from eventstore.events import RecordedEvent
    from eventstore.ports import Opener
    from eventstore.queries.limits import Pages
    from eventstore.registry import Event

_T = TypeVar("_T")

_NO_END: Final = 2**31 - 1
# Index: eventstore_record_stream (stream_id, first_version), both ways. Lengths stand in the row, so that no long
# value is fetched only to be left out. The record before `first` is where the walk begins, for `first` may lie within
# it; where it does not, it is none of them.
_FORWARDS: Final = composed(
    """
SELECT {columns}, octet_length(value) FROM (
       SELECT {columns},
              sum(octet_length(value)) OVER (ORDER BY first_version ROWS UNBOUNDED PRECEDING) - octet_length(value) AS before
         FROM eventstore_record
        WHERE stream_id = %(stream)s AND first_version <= %(last)s AND first_version >= coalesce(
              (SELECT max(first_version) FROM eventstore_record
                WHERE stream_id = %(stream)s AND first_version <= %(first)s), 1)
          AND first_version + event_count > %(first)s
        ORDER BY first_version LIMIT %(page)s) page
 WHERE before < %(size)s ORDER BY first_version
""",
    columns=listed(ACCEPTED_RECORD),
)
# Whatever reaches up to `first` begins within as many versions before it as the longest commit has.
_BACKWARDS: Final = composed(
    """
SELECT {columns}, octet_length(value) FROM (
       SELECT {columns},
              sum(octet_length(value)) OVER (ORDER BY first_version DESC ROWS UNBOUNDED PRECEDING) - octet_length(value) AS before
         FROM eventstore_record
        WHERE stream_id = %(stream)s AND first_version <= %(last)s
          AND first_version > %(first)s::int - %(longest)s::int AND first_version + event_count > %(first)s
        ORDER BY first_version DESC LIMIT %(page)s) page
 WHERE before < %(size)s ORDER BY first_version DESC
""",
    columns=listed(ACCEPTED_RECORD),
)
_HEAD: Final = composed(
    "SELECT {columns} FROM eventstore_stream WHERE stream_id = %(stream)s",
    columns=listed(HEAD),
)


def stream_info(cursor: Cursor, stream_id: str) -> StreamInfo | None:
    """The stream's head, or None if nothing was ever accepted. Raises `PartitionSetAside`, as all reads of one stream."""
    refuse_if_set_aside(stream_id)
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
    at_most: int | None = None,
    pages: Pages = PAGES,
    opener: Opener | None = None,
) -> Iterator[RecordedEvent]:
    """The events of versions `first` to `last`, both included; page by page, so that a reader may stop early.

    at_most: how many the reader will take at the most, if it knows; no page is then larger. opener: as in `recorded_events`.
    """
    refuse_if_set_aside(stream_id)
    span = _Span.of(first, last)
    pages = pages if at_most is None else pages.at_most(at_most)
    make = partial(recorded_events, opener=opener)
    pages_read = _pages(cursor, stream_id, make, span, pages, backwards=backwards)
    for head, events in pages_read:
        wanted = span.within(head, events)
        yield from reversed(wanted) if backwards else wanted


def read_history(
    cursor: Cursor,
    stream_id: str,
    *,
    first: int,
    last: int | None,
    pages: Pages = PAGES,
    opener: Opener | None = None,
) -> Iterator[Event]:
    """The same as their classes of today, oldest first: a third less to do for who wants no more. Raises `UnreadableEvent`."""
    refuse_if_set_aside(stream_id)
    span = _Span.of(first, last)
    make = partial(domain_events, first=span.first, last=span.last, opener=opener)
    for head, events in _pages(cursor, stream_id, make, span, pages):
        yield from span.within(head, events)


@dataclass(frozen=True, slots=True)
class _Span:
    """Versions, both included."""

    first: int
    last: int

    @classmethod
    def of(cls, first: int, last: int | None) -> _Span:
        """Of what was asked for, those that can be."""
        return cls(max(1, first), _NO_END if last is None else min(last, _NO_END))

    def after(self, head: int, count: int, *, backwards: bool) -> _Span:
        """What a page left that ended with this commit. Raises `VerificationFailed` where that is no less.

        A row whose number of events is not that of its value would else be read for ever.
        """
        left = (
            _Span(self.first, min(head - 1, self.last))
            if backwards
            else _Span(head + count, self.last)
        )
        if left.last - left.first >= self.last - self.first:
            raise VerificationFailed(1)
        return left

    def within(self, head: int, events: list[_T]) -> list[_T]:
        """Those of a commit that begins at this version: all of them, but for the commits at either end."""
        if self.first <= head and head + len(events) - 1 <= self.last:
            return events
        return events[max(0, self.first - head) : max(0, self.last - head + 1)]


def _pages(
    cursor: Cursor,
    stream_id: str,
    make: Callable[[Iterable[tuple[Any, ...]]], Iterator[list[_T]]],
    span: _Span,
    pages: Pages,
    *,
    backwards: bool = False,
) -> Iterator[tuple[int, list[_T]]]:
    """Commit by commit: its first version, and what `make` makes of its row."""
    left, rows = span, pages.first
    statement = _BACKWARDS if backwards else _FORWARDS
    while left.first <= left.last:
        parameters = {"stream": stream_id, "page": rows, "size": pages.size}
        parameters |= {"first": left.first, "last": left.last}
        parameters |= {"longest": pages.longest}
        many = rows > pages.first
        events, commits = _read(cursor, statement, parameters, make, many=many)
        is_last = len(events) < rows and sum(size for _, size in events) < pages.size
        if not is_last:  # but full
            head, _ = events[-1]
            left = left.after(head, len(commits[-1]), backwards=backwards)
        yield from zip((row[0] for row in events), commits, strict=True)
        if is_last:
            return
        rows = pages.rows  # there is more than a handful


def _read(
    cursor: Cursor,
    statement: str,
    page: Mapping[str, Any],
    make: Callable[[Iterable[tuple[Any, ...]]], Iterator[list[_T]]],
    *,
    many: bool,
) -> tuple[list[tuple[int, int]], list[list[_T]]]:
    """First version and size of each row of a page, and what is made of it. A large page is decoded while it arrives.

    All of it before anybody sees an event: meanwhile the connection can do nothing else.
    """
    rows: list[tuple[int, int]] = []

    def arriving() -> Iterator[tuple[Any, ...]]:
        for row in arrived:
            rows.append((row[2], row[4]))
            yield row

    with closing(arriving_rows(cursor, statement, page, many=many)) as arrived:
        return rows, list(make(arriving()))
