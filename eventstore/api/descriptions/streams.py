"""Of calls about one stream."""

from __future__ import annotations

from typing import Final

from eventstore.api.described import Described, json_of
from eventstore.api.openapi.refusals import READING, SHOWING
from eventstore.api.shapes import StreamHead

GROUP: Final = "streams"

HEAD: Final = Described(
    "get_stream",
    GROUP,
    "How far a stream has come",
    "Versions have no holes: the version is the number of events. It is recorded who looks.",
    json_of(
        StreamHead,
        {
            "stream_id": "order.order-123",
            "version": 4,
            "first_recorded_at": "2026-11-23T09:00:00.123456Z",
            "last_recorded_at": "2026-11-24T17:30:00.654321Z",
        },
    ),
    problems=(*READING, *SHOWING),
    sends=("ETag",),
)
