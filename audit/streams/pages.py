"""Streams, and one stream's events."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.urls import reverse

from audit.columns.filters import Choice, Filters
from audit.columns.showing import show_list
from audit.columns.table import Empty, Pager, Panel
from audit.frame.refusals import PageRefused
from audit.frame.showing import Step, query_without_cursor, wanted
from audit.looking import looks_at
from audit.people.persons import persons_of
from audit.streams import columns
from eventstore.conf import registry
from eventstore.queries import browse

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from eventstore.events import StreamInfo

_NO_STREAMS = Empty(
    "No streams here", "A stream appears with its first accepted commit."
)
_NO_EVENTS = Empty("No events on this page", "The stream’s versions end before it.")


def streams(request: HttpRequest) -> HttpResponse:
    """All streams or those of one type, newest first."""
    type_name = request.GET.get("type") or None
    types = list(registry().stream_types)
    if type_name is not None and type_name not in types:
        raise PageRefused(
            HTTPStatus.BAD_REQUEST,
            "There is no such type of stream.",
            f"There are: {', '.join(types)}.",
        )
    listed = browse.streams(wanted(request), type_name=type_name)
    looks_at(request, persons_of([row.stream_id for row in listed.rows]), "streams")
    return show_list(
        request,
        "Streams",
        Panel(
            label="Streams",
            table=columns.STREAMS,
            rows=listed.rows,
            filters=Filters(
                "Filter streams",
                [Choice("type", "type", "Type", type_name, types)],
                clear=reverse("admin:streams") if type_name else "",
            ),
            empty=_NO_STREAMS,
            pager=Pager(listed, query_without_cursor(request)),
        ),
        intro="The history of one thing each, newest first by its first event.",
    )


def stream(request: HttpRequest, *, stream_id: str) -> HttpResponse:
    """One stream's events by version, oldest or newest first."""
    head = head_of(stream_id)
    backwards = request.GET.get("order") == "newest"
    read = browse.stream_events_backwards if backwards else browse.stream_events
    listed = read(stream_id, wanted(request))
    query = query_without_cursor(request)
    looks_at(request, persons_of([stream_id]), stream_id)
    return show_list(
        request,
        stream_id,
        Panel(
            label="Events of this stream",
            table=columns.of_stream(stream_id),
            rows=listed.rows,
            above="audit/streams/order.html",
            empty=_NO_EVENTS,
            pager=Pager(listed, query)
            if backwards
            else Pager(listed, query, later="Earlier", earlier="Later"),
        ),
        template="audit/streams/stream.html",
        trail=[Step("Streams", reverse("admin:streams"))],
        stream=head,
        backwards=backwards,
    )


def head_of(stream_id: str) -> StreamInfo:
    """The stream's. Raises `PageRefused` if there is none."""
    head = browse.stream(stream_id)
    if head is None:
        raise PageRefused(
            HTTPStatus.NOT_FOUND,
            "Nothing was ever accepted under this stream id.",
            "A stream id is {type}.{id}, upper and lower case as written.",
        )
    return head
