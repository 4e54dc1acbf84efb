"""`/streams` and `/events`: lists, newest first. A bound token's run over its own streams alone, in statements of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

import msgspec
from rest_framework.response import Response

from eventstore.api import cursors
from eventstore.api.descriptions import lists as words
from eventstore.api.endpoint import Endpoint
from eventstore.api.paging import AFTER, LIMIT, links, page_of
from eventstore.api.parameters import Parameter, instant, uuid
from eventstore.api.problems import InvalidParameter
from eventstore.api.scopes import Scope
from eventstore.api.shapes import ListedStream
from eventstore.api.showing import PAGE_BYTES, Closed, shown
from eventstore.api.subjects import subjects_in
from eventstore.conf import registry
from eventstore.events import EVENT_TYPE, written
from eventstore.queries import browse
from eventstore.queries.browse import EventFilter, EventRow
from eventstore.queries.keyset import Wanted, cursor
from eventstore.queries.own import own_events, own_streams
from eventstore.queries.picked import events_at, first_events
from eventstore.queries.positions import packed_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rest_framework.request import Request

    from eventstore.api.described import Described
    from eventstore.events import StreamInfo
    from eventstore.queries.keyset import Page

_TIME: Final = {"type": "string", "format": "date-time"}
_ID: Final = {"type": "string", "format": "uuid"}
_WHEN: Final = "2026-11-23T09:00:00Z"


def _stream_type(text: str) -> str:
    known = registry().stream_types
    if text in known:
        return text
    msg = f"one of {', '.join(sorted(known))}"
    raise ValueError(msg)


def _event_type(text: str) -> str:
    if EVENT_TYPE.fullmatch(text):
        return text
    msg = "the name of a type of events, as in OrderPlaced"
    raise ValueError(msg)


class _List(Endpoint):
    """A list: cursors are given out and taken back for what was asked beside them."""

    scopes: ClassVar[Mapping[str, Scope | None]] = {"GET": Scope.READ}
    listed: ClassVar[str]

    def filters(self) -> dict[str, Any]:
        """What was asked beside the page."""
        return {k: v for k, v in self.asked.items() if k not in {"after", "limit"}}

    def wanted(self) -> Wanted:
        """The page that was asked for. Raises `BadCursor`."""
        after = self.asked["after"]
        if after is not None:
            after = cursors.checked(after, self.listed, self.caller, self.filters())
        return Wanted(after=after, size=self.asked["limit"])

    def answer(
        self, request: Request, rows: Sequence[bytes], following: str | None
    ) -> Response:
        """The page, and the cursor behind it."""
        if following is not None:
            following = cursors.signed(
                following, self.listed, self.caller, self.filters()
            )
        beside = {"next": following}
        page = page_of(self.listed, rows, beside)
        return Response(page, headers=links(request, beside))


class StreamsView(_List):
    """`GET`: streams, newest first by their first event."""

    listed: ClassVar[str] = "streams"
    described: ClassVar[Mapping[str, Described]] = {"GET": words.STREAMS}
    known: ClassVar[Mapping[str, Sequence[Parameter]]] = {
        "GET": (
            Parameter("type", _stream_type, "Streams of this type alone."),
            LIMIT,
            AFTER,
        )
    }

    def get(self, request: Request) -> Response:
        """Of whom they are is recorded, for that there is a stream says something of somebody."""
        wanted, of_type = self.wanted(), self.asked["type"]
        reach = self.caller.reach
        page = (
            browse.streams(wanted, type_name=of_type)
            if reach.sees_all
            else own_streams(reach.streams(), wanted, type_name=of_type)
        )
        ids = [row.stream_id for row in page.rows]
        self.record("list", subjects_in(first_events(ids)), self.listed)
        rows = [msgspec.json.encode(_listed(row)) for row in page.rows]
        return self.answer(request, rows, page.next)


class EventsView(_List):
    """`GET`: events with metadata and data, newest first by when they were recorded."""

    listed: ClassVar[str] = "events"
    described: ClassVar[Mapping[str, Described]] = {"GET": words.EVENTS}
    known: ClassVar[Mapping[str, Sequence[Parameter]]] = {
        "GET": (
            Parameter("type", _event_type, "Events of this type alone."),
            Parameter("correlation_id", uuid, "Of this correlation.", _ID),
            Parameter("causation_id", uuid, "Caused by this event.", _ID),
            Parameter(
                "recorded_from",
                instant,
                "Recorded then or later.",
                _TIME,
                example=_WHEN,
            ),
            Parameter("recorded_to", instant, "Recorded before.", _TIME, example=_WHEN),
            LIMIT,
            AFTER,
        )
    }
    page_bytes: ClassVar[int] = PAGE_BYTES

    def get(self, request: Request) -> Response:
        """Found by the index, read by their places; a page ends early where they are large."""
        page = self._page()
        places = [row.position for row in page.rows]
        closed = events_at(places, size=self.page_bytes)
        rows = shown(self, "list", self.listed, Closed(closed))
        if len(closed) < len(places):
            return self.answer(request, rows, _behind(page.rows[len(closed) - 1]))
        return self.answer(request, rows, page.next)

    def _page(self) -> Page[EventRow]:
        asked = self.asked
        since, to = asked["recorded_from"], asked["recorded_to"]
        if since is not None and to is not None and to < since:
            msg = "recorded_to must be recorded_from or later."
            raise InvalidParameter(msg, parameter="recorded_to")
        among = EventFilter(
            asked["type"], asked["correlation_id"], asked["causation_id"], since, to
        )
        reach = self.caller.reach
        if reach.sees_all:
            return browse.events(self.wanted(), among)
        return own_events(reach.streams(), self.wanted(), among)


def _listed(info: StreamInfo) -> ListedStream:
    return ListedStream(
        info.stream_id,
        info.version,
        written(info.first_recorded_at),
        written(info.last_recorded_at),
    )


def _behind(row: EventRow) -> str:
    return cursor((row.recorded_at, packed_of(row.position)))
