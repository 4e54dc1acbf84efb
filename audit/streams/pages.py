"""Streams, and one stream's events."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from audit.frame.refusals import Refused
from audit.frame.showing import query_without_cursor, show, wanted
from eventstore.conf import registry
from eventstore.queries import browse

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def streams(request: HttpRequest) -> HttpResponse:
    """All streams or those of one type, newest first."""
    type_name = request.GET.get("type") or None
    types = list(registry().stream_types)
    if type_name is not None and type_name not in types:
        raise Refused(
            HTTPStatus.BAD_REQUEST,
            "There is no such type of stream.",
            f"There are: {', '.join(types)}.",
        )
    return show(
        request,
        "audit/streams/streams.html",
        {
            "title": "Streams",
            "types": types,
            "type_name": type_name,
            "listed": browse.streams(wanted(request), type_name=type_name),
            "query": query_without_cursor(request),
        },
    )


def stream(request: HttpRequest, *, stream_id: str) -> HttpResponse:
    """One stream's events by version, oldest or newest first."""
    head = browse.stream(stream_id)
    if head is None:
        raise Refused(
            HTTPStatus.NOT_FOUND,
            "Nothing was ever accepted under this stream id.",
            "A stream id is {type}.{id}, upper and lower case as written.",
        )
    backwards = request.GET.get("order") == "newest"
    read = browse.stream_events_backwards if backwards else browse.stream_events
    return show(
        request,
        "audit/streams/stream.html",
        {
            "title": stream_id,
            "stream": head,
            "backwards": backwards,
            "listed": read(stream_id, wanted(request)),
            "query": query_without_cursor(request),
        },
    )
