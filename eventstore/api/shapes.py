"""The shapes of bodies and answers, as the schema tells them. What is answered is held against them by the tests."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from eventstore.api.described import STREAM_ID_PATTERN

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


class NewEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An event to be appended."""

    type: TypeName
    data: Data
    event_id: Annotated[
        UUID | UnsetType | None,
        Meta(description="Left out, it is derived from the commit's id."),
    ] = UNSET
    occurred_at: Annotated[
        datetime | UnsetType | None,
        Meta(tz=True, description="Left out: now."),
    ] = UNSET
    correlation_id: UUID | UnsetType | None = UNSET
    causation_id: UUID | UnsetType | None = UNSET


class NewCommit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Events that are accepted together or not at all."""

    events: Annotated[list[NewEvent], Meta(min_length=1, max_length=1000)]
    expected_version: Annotated[
        Annotated[int, Meta(ge=0)]
        | Literal["any", "no_stream", "stream_exists"]
        | UnsetType,
        Meta(description="What the commit expects of its stream; here or in If-Match."),
    ] = UNSET


class Appended(msgspec.Struct, frozen=True):
    """A commit that was accepted."""

    commit_id: UUID
    stream_id: StreamId
    first_version: Version
    last_version: Version
    positions: list[Place]
    recorded_at: datetime


class Withheld(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why sensitive fields are not there: `sealed` (the token has no `pii:read`), `erased` (the person was forgotten) …"""

    reason: str
    at: datetime | UnsetType = UNSET
    request: str | UnsetType = UNSET


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """An accepted event."""

    event_id: UUID
    stream_id: StreamId
    type: TypeName
    schema: Annotated[int, Meta(ge=0)]
    version: Version
    occurred_at: datetime
    recorded_at: datetime
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


class Snapshot(msgspec.Struct, frozen=True):
    """The newest state that is kept."""

    version: Version
    taken_at: datetime


class StreamHead(msgspec.Struct, frozen=True):
    """How far a stream has come."""

    stream_id: StreamId
    version: Version
    first_recorded_at: datetime
    last_recorded_at: datetime
