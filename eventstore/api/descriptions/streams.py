"""Of calls about one stream, and about a commit."""

from __future__ import annotations

from typing import Any, Final

from eventstore.api.described import Body, Described, json_of
from eventstore.api.openapi.refusals import OPENING, READING, SHOWING
from eventstore.api.proposals import ProposedCommit
from eventstore.api.shapes import (
    Accepted,
    Outcome,
    State,
    StreamEventPage,
    StreamHead,
)

GROUP: Final = "streams"

COMMIT: Final = "0b6e8a3e-3f5c-4f0e-9a51-6d1f2c3b4a5d"
PLACED: Final[dict[str, Any]] = {
    "stream_id": "order.order-123",
    "first_version": 5,
    "last_version": 5,
    "positions": ["eventstore.order/3/4711/0"],
    "recorded_at": "2026-11-23T09:00:00.123456Z",
}
EVENT: Final[dict[str, Any]] = {
    "event_id": "5f7f0a55-4a7e-5b0e-8d0f-3f6f7a2f5f10",
    "stream_id": "order.order-123",
    "type": "OrderPlaced",
    "schema": 1,
    "version": 5,
    "occurred_at": "2026-11-23T08:59:59.000000Z",
    "recorded_at": "2026-11-23T09:00:00.123456Z",
    "correlation_id": "5f7f0a55-4a7e-5b0e-8d0f-3f6f7a2f5f10",
    "causation_id": None,
    "commit_id": COMMIT,
    "position": "eventstore.order/3/4711/0",
    "data": {"customer_id": "customer-7"},
    "withheld": {"reason": "sealed"},
}

OF_ITS_STREAM: Final = {"stream_id": "$response.body#/stream_id"}

APPEND: Final = Described(
    "append_events",
    GROUP,
    "Append events to a stream, together or not at all",
    "What the commit expects of its stream is said in `expected_version` or in `If-Match`. The answer comes when the log has"
    " decided and everybody can read it. **Send an `Idempotency-Key`**: the same call again under it is safe for ever, and gets the first"
    " answer (with `Idempotent-Replayed`); with events of other number, ids, types or data it is `commit-id-reused`. After `outcome-unknown`, or when no answer came, send it again as it is.",
    json_of(Accepted, {"commit_id": COMMIT, **PLACED}),
    status=201,
    body=Body(
        ProposedCommit,
        {
            "one event": {
                "expected_version": 4,
                "events": [
                    {"type": "OrderPlaced", "data": {"customer_id": "customer-7"}}
                ],
            },
            "a new stream": {
                "expected_version": "no_stream",
                "events": [
                    {
                        "event_id": "7d4a3a6c-3f39-4b1e-8d5c-0c8f5d1f2a10",
                        "type": "OrderPlaced",
                        "data": {"customer_id": "customer-7"},
                        "occurred_at": "2026-11-23T08:59:59Z",
                    }
                ],
            },
        },
    ),
    problems=(
        *READING,
        "commit-id-reused",
        "commit-too-large",
        "event-id-reused",
        "expectations-disagree",
        "invalid-event",
        "invalid-stream-id",
        "key-store-unavailable",
        "log-unavailable",
        "not-allowed",
        "outcome-unknown",
        "own-record-malformed",
        "subject-erased",
        "wrong-expected-version",
    ),
    sends=("ETag", "Location", "Idempotent-Replayed"),
    links={
        "get_commit": {"commit_id": "$response.body#/commit_id"},
        "get_stream": OF_ITS_STREAM,
        "get_state": OF_ITS_STREAM,
        "read_events": OF_ITS_STREAM,
    },
)
EVENTS: Final = Described(
    "read_events",
    GROUP,
    "A stream's events, forwards or backwards",
    "By pages: follow `next` (or the header Link) until it is null. It is recorded who looks, before anything is shown. Without"
    " `pii:read` sensitive fields are left out of `data`, and `withheld` says so.",
    json_of(
        StreamEventPage,
        {"events": [EVENT], "next": "5~3cq…", "previous": None},
    ),
    problems=(*READING, *SHOWING, *OPENING, "bad-cursor"),
    sends=("Link",),
)
HEAD: Final = Described(
    "get_stream",
    GROUP,
    "How far a stream has come",
    "It is recorded who looks. The ETag is the version: hand it back as `If-None-Match` to hear 304 while nothing happens, as `If-Match` to"
    " append only if nothing has happened.",
    json_of(
        StreamHead,
        {
            "stream_id": "order.order-123",
            "version": 14,
            "events": 14,
            "first_recorded_at": "2026-11-23T09:00:00.123456Z",
            "last_recorded_at": "2026-11-24T17:30:00.654321Z",
            "snapshot": {"version": 10, "recorded_at": "2026-11-24T10:00:00.000001Z"},
        },
    ),
    problems=(*READING, *SHOWING),
    sends=("ETag",),
    also={304: "The version is the one that the caller has."},
)
STATE: Final = Described(
    "get_state",
    GROUP,
    "What a stream comes to: now, at a version, or as it was known at a time",
    "The state of the stream's aggregate. It is recorded who looks, before anything is opened.",
    json_of(
        State,
        {
            "stream_id": "order.order-123",
            "version": 5,
            "state": {"is_paid": False},
            "as_of": "2026-11-23T09:00:00.123456Z",
        },
    ),
    problems=(
        *READING,
        *SHOWING,
        *OPENING,
        "future-instant",
        "no-state",
        "unreadable-event",
        "version-not-found",
    ),
)
COMMITTED: Final = Described(
    "get_commit",
    "commits",
    "What became of a commit",
    "Asked of the log's end: 404 `commit-not-in-log` means that no commit of this id that the token may see lay in the log when it was"
    " asked. One that is on its way may still come; send it again under its id, which settles it.",
    json_of(
        Outcome,
        {"commit_id": COMMIT, "decided": [{"verdict": "accepted", **PLACED}]},
    ),
    problems=(*READING, *SHOWING, "commit-not-in-log", "invalid-parameter"),
)
