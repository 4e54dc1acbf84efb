"""From a row of the mirror to the events that it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from eventstore.codec import decode
from eventstore.conf import registry
from eventstore.events import (
    Commit,
    CommitEvent,
    EventMetadata,
    Position,
    RecordedEvent,
    instant_of,
)
from eventstore.queries.positions import position_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class Cursor(Protocol):
    """The part of a database cursor that queries need: Django's and psycopg's both have it."""

    def execute(self, query: Any, params: Any = None, /) -> Any:
        """Run a statement."""

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows of it."""


def commit_of(key: bytes, value: bytes) -> Commit:
    """The commit in the bytes of a record that the fold did not call malformed."""
    content = decode(key, value)
    if not isinstance(content, Commit):
        msg = "the mirror holds bytes that are no commit under a verdict for one"
        raise TypeError(msg)
    return content


def recorded_events(
    position: int, recorded_at: datetime, first_version: int, key: bytes, value: bytes
) -> Sequence[RecordedEvent]:
    """The events of an accepted record, in their order."""
    commit = commit_of(bytes(key), bytes(value))
    place = position_of(position)
    return [
        _recorded(commit, event, index, place, recorded_at, first_version + index)
        for index, event in enumerate(commit.events)
    ]


def _recorded(
    commit: Commit,
    event: CommitEvent,
    index: int,
    place: Position,
    recorded_at: datetime,
    version: int,
) -> RecordedEvent:
    stream_type = commit.stream_id.partition(".")[0]
    return RecordedEvent(
        metadata=EventMetadata(
            event_id=event.event_id,
            stream_id=commit.stream_id,
            event_type=event.type,
            version=version,
            timestamp=instant_of(event.occurred_at),
            correlation_id=event.correlation_id,
            causation_id=event.causation_id,
        ),
        data=event.data,
        schema=event.schema,
        position=Position(place.topic, place.partition, place.offset, index),
        recorded_at=recorded_at,
        commit_id=commit.commit_id,
        sealed=event.sealed,
        problem=registry().problem_of(stream_type, event),
    )
