"""Of lists over all streams, and of the feed."""

from __future__ import annotations

from typing import Final

from eventstore.api.described import JSON, Answer, Described, json_of
from eventstore.api.descriptions.streams import EVENT
from eventstore.api.openapi.refusals import OPENING, READING, SHOWING
from eventstore.api.shapes import EventPage, FeedPage, StreamPage

STREAMS: Final = Described(
    "list_streams",
    "lists",
    "Streams, the newest first",
    "By their first event. A token that is bound sees those of its own alone. It is recorded whose streams were shown.",
    json_of(
        StreamPage,
        {
            "streams": [
                {
                    "stream_id": "order.order-123",
                    "version": 14,
                    "first_recorded_at": "2026-11-23T09:00:00.123456Z",
                    "last_recorded_at": "2026-11-24T17:30:00.654321Z",
                }
            ],
            "next": None,
        },
    ),
    problems=(*READING, *SHOWING, "bad-cursor"),
    sends=("Link",),
)
EVENTS: Final = Described(
    "list_events",
    "lists",
    "Events of all streams, the newest first",
    "Filters add up. To follow what happens take the feed: a list that is read while others write may show an event on no page.",
    json_of(EventPage, {"events": [EVENT], "next": None}),
    problems=(*READING, *SHOWING, *OPENING, "bad-cursor", "index-rebuilt"),
    sends=("Link",),
)
_STREAMED: Final = (
    "retry: 1000\n\n"
    "id: AZ0c…\nevent: commit\n"
    'data: {"events":[{"event_id":"5f7f0a55-4a7e-5b0e-8d0f-3f6f7a2f5f10","stream_id":"order.order-123", …}]}\n\n'
    ": \n\n"
)
FEED: Final = Described(
    "follow",
    "feed",
    "What happens in all streams, from a place on: nothing is missed, nothing comes twice",
    "Ask with `after`, handle the events, keep `next`, ask again. Each stream's events come in its order; of the order between"
    " streams nothing is said. `wait=20` holds an answer back until there is something (long polling); an empty page may have a new cursor.\n\n"
    "With `Accept: text/event-stream` the same comes as server-sent events: a message `commit` for each commit, whose `id` is the cursor"
    ' behind it and whose `data` is `{"events": […]}`; a message `problem` (problem details) before a stream that cannot go on ends; comments'
    " in between. The stream ends by itself after some minutes: come again with `Last-Event-ID`, as a browser's EventSource does. `limit` and"
    " `wait` are of pages alone.",
    (
        Answer(JSON, FeedPage, {"events": [EVENT], "next": "AZ0c…"}),
        Answer("text/event-stream", {"type": "string"}, _STREAMED),
    ),
    problems=(
        *READING,
        *SHOWING,
        *OPENING,
        "bad-cursor",
        "cut-beyond-end",
        "index-rebuilt",
        "too-many-followers",
    ),
    sends=("Link",),
)
