"""What is checked and filled in before a commit may go to the log. What is refused here leaves no trace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from eventstore.codec import is_stream_id
from eventstore.errors import InvalidEvent, InvalidStreamId
from eventstore.events import (
    MAX_COMMIT_EVENTS,
    Commit,
    CommitEvent,
    Expected,
    NewEvent,
    derived_event_id,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from eventstore.ports import Clock, Sealer
    from eventstore.registry import EventType, Registry


@dataclass(frozen=True, slots=True)
class Door:
    """Makes a commit of what a caller proposes: registered types, ids that a repeat derives again, sealed fields."""

    registry: Registry
    clock: Clock
    sealer: Sealer

    def commit(
        self,
        stream_id: str,
        events: Sequence[NewEvent],
        expected: Expected,
        commit_id: UUID,
    ) -> Commit:
        """The commit, sealed. Raises `InvalidStreamId`, `InvalidEvent`; no message quotes a value."""
        stream_type = self.registry.stream_type_of(stream_id).name
        if not is_stream_id(stream_id):
            msg = "an id has up to 128 of the characters A-Z a-z 0-9 _ . : -"
            raise InvalidStreamId(msg)
        ids = _ids(events, commit_id)
        known, admitted = [], []
        for index, (event, event_id) in enumerate(zip(events, ids, strict=True)):
            try:
                event_type, made = self._admit(stream_type, event, event_id, ids[0])
            except InvalidEvent as error:
                raise InvalidEvent(error.reason, index=index) from None
            known.append(event_type)
            admitted.append(made)
        commit = Commit(commit_id, stream_id, expected, tuple(admitted))
        return self.sealer.seal(commit, [each.sensitive for each in known])

    def _admit(
        self, stream_type: str, event: NewEvent, event_id: UUID, first_id: UUID
    ) -> tuple[EventType, CommitEvent]:
        name, data = event.type, event.data
        if isinstance(data, msgspec.Struct):
            name = self.registry.type_of(data).name
            data = msgspec.to_builtins(data)
        if name is None:
            msg = "it has no type"
            raise InvalidEvent(msg)
        known, clean = self.registry.admit(stream_type, name, event.schema, data)
        return known, CommitEvent(
            event_id=event_id,
            type=name,
            schema=known.schema,
            occurred_at=_written(event.occurred_at or self.clock.now()),
            correlation_id=event.correlation_id or first_id,
            causation_id=event.causation_id,
            data=clean,
        )


def _ids(events: Sequence[NewEvent], commit_id: UUID) -> list[UUID]:
    """The ids of the events, given or derived. Raises `InvalidEvent` for a wrong number of them, or one twice."""
    if not 1 <= len(events) <= MAX_COMMIT_EVENTS:
        msg = f"it has {len(events)} events, 1 to {MAX_COMMIT_EVENTS} are allowed"
        raise InvalidEvent(msg)
    ids = [e.event_id or derived_event_id(commit_id, i) for i, e in enumerate(events)]
    if len(set(ids)) != len(ids):
        msg = "an event id stands in it twice"
        raise InvalidEvent(msg)
    return ids


def _written(instant: datetime) -> str:
    try:
        return written(instant)
    except (ValueError, OverflowError):
        msg = "occurred_at is no instant with a time zone in the years 1 to 9999"
        raise InvalidEvent(msg) from None
