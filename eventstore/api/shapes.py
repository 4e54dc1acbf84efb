"""The shapes of bodies and answers, as the schema tells them. What is answered is held against them by the tests."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from eventstore.api.described import STREAM_ID_PATTERN

Instant = Annotated[
    str,
    Meta(
        description="UTC, with microseconds.",
        extra_json_schema={"format": "date-time"},
    ),
]
StreamId = Annotated[str, Meta(pattern=STREAM_ID_PATTERN)]
TypeName = Annotated[str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,126}$")]
Version = Annotated[int, Meta(ge=1)]
Place = Annotated[
    str,
    Meta(
        description="Its place in the log: topic, partition, offset, and the index within the commit.",
        examples=["eventstore.conversation/3/4711/0"],
    ),
]
Cursor = Annotated[
    str, Meta(description="Opaque. Good for this list, its filters and this account.")
]
Data = Annotated[
    dict[str, Any],
    Meta(
        description="As `x-event-types` of this schema says for the event's type. Sensitive fields are there only for a token"
        " with `pii:read`."
    ),
]


class Accepted(msgspec.Struct, frozen=True):
    """Where an accepted commit stands: a position for each of its events."""

    commit_id: UUID
    stream_id: StreamId
    first_version: Version
    last_version: Version
    positions: list[Place]
    recorded_at: Instant


class Withheld(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why sensitive fields are not there: `sealed` (the token has no `pii:read`), `erased` (the person was forgotten) …"""

    reason: str
    at: Instant | UnsetType = UNSET
    request: str | UnsetType = UNSET


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """An accepted event."""

    event_id: UUID
    stream_id: StreamId
    type: TypeName
    schema: Annotated[int, Meta(ge=0)]
    version: Version
    occurred_at: Instant
    recorded_at: Instant
    correlation_id: UUID | None
    causation_id: UUID | None
    commit_id: UUID
    position: Place
    data: Data
    withheld: Withheld | UnsetType = UNSET
    problem: Annotated[
        str | UnsetType,
        Meta(
            description="Why this code cannot read the event's data, where it cannot."
        ),
    ] = UNSET


class StreamEventPage(msgspec.Struct, frozen=True):
    """A page of a stream. previous: the page before, whole even where that repeats something of this one."""

    events: list[Event]
    next: Cursor | None
    previous: Cursor | None


class EventPage(msgspec.Struct, frozen=True):
    """A page of events. next: null where the list has ended."""

    events: list[Event]
    next: Cursor | None


class FeedPage(msgspec.Struct, frozen=True):
    """What happened behind a cursor. next: the place behind it, to ask from; an empty page may move it, too."""

    events: list[Event]
    next: Cursor


class SnapshotHead(msgspec.Struct, frozen=True):
    """Version and time of the newest snapshot that is of use."""

    version: Version
    recorded_at: Instant


class StreamHead(msgspec.Struct, frozen=True):
    """How far a stream has come. events: how many it has, which is its version: there are no holes."""

    stream_id: StreamId
    version: Version
    events: Version
    first_recorded_at: Instant
    last_recorded_at: Instant
    snapshot: SnapshotHead | None


class State(msgspec.Struct, frozen=True):
    """What a stream comes to. as_of: as it was asked for. state: as the aggregate's class has it.

    What was not opened has `{"withheld": {"reason": …}}` in its place.
    """

    stream_id: StreamId
    version: Version
    state: Any
    as_of: Instant | UnsetType = UNSET


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the log decided in one stream. current_version: of a refused one, where the stream stood.

    Of one that was accepted: its versions, and its events' places.
    """

    stream_id: StreamId
    verdict: Annotated[
        str,
        Meta(
            description="`accepted`, or why the log refused it, for ever: `wrong_expected_version`, `event_id_reused`."
        ),
    ]
    recorded_at: Instant
    current_version: Annotated[int, Meta(ge=0)] | None = None
    first_version: Version | None = None
    last_version: Version | None = None
    positions: list[Place] | None = None


class Outcome(msgspec.Struct, frozen=True):
    """What became of a commit, in each stream where its id was used."""

    commit_id: UUID
    decided: Annotated[list[Verdict], Meta(min_length=1)]


class ListedStream(msgspec.Struct, frozen=True):
    """A stream of a list."""

    stream_id: StreamId
    version: Version
    first_recorded_at: Instant
    last_recorded_at: Instant


class StreamPage(msgspec.Struct, frozen=True):
    """A page of streams. next: null where the list has ended."""

    streams: list[ListedStream]
    next: Cursor | None
