"""What is checked and filled in before a commit may go to the log. What is refused here leaves no trace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from eventstore.context import current
from eventstore.errors import InvalidEvent
from eventstore.events import (
    MAX_COMMIT_EVENTS,
    Commit,
    CommitEvent,
    Expected,
    NewEvent,
    derived_event_id,
    written,
)
from eventstore.past import admit, take_over

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from eventstore.past import Admit
    from eventstore.ports import Clock, Sealer
    from eventstore.registry import EventType, Registry


@dataclass(frozen=True, slots=True)
class Door:
    """Makes a commit of what a caller proposes: registered types, ids that a repeat derives again, sealed fields.

    Correlation and causation: as given, else the context's (`eventstore.context`), else the first event's id and none.
    """

    registry: Registry
    clock: Clock
    sealer: Sealer

    def commit(
        self,
        stream_id: str,
        events: Sequence[NewEvent],
        expected: Expected | int | str,
        commit_id: UUID,
    ) -> Commit:
        """The commit, sealed. Raises `InvalidStreamId`, `InvalidEvent`; no message quotes a value."""
        return self._commit(stream_id, events, expected, commit_id, admit)

    def past_commit(
        self,
        stream_id: str,
        events: Sequence[NewEvent],
        first_version: int | None,
        commit_id: UUID,
    ) -> Commit:
        """The commit of facts that another log has accepted: as they were, if these types can read them.

        first_version: what it was there, None where nobody says. Raises as `commit` does.
        """
        expected = "any" if first_version is None else first_version - 1
        return self._commit(stream_id, events, expected, commit_id, take_over)

    def _commit(
        self,
        stream_id: str,
        events: Sequence[NewEvent],
        expected: Expected | int | str,
        commit_id: UUID,
        judge: Admit,
    ) -> Commit:
        stream_type = self.registry.stream_type_of(stream_id).name
        ids = _ids(events, _uuid(commit_id))
        known, admitted = [], []
        for index, (event, event_id) in enumerate(zip(events, ids, strict=True)):
            try:
                event_type, made = self._admit(
                    stream_type, event, event_id, ids[0], judge
                )
            except InvalidEvent as error:
                raise InvalidEvent(error.reason, index=index) from None
            known.append(event_type)
            admitted.append(made)
        commit = Commit(commit_id, stream_id, _expected(expected), tuple(admitted))
        return self.sealer.seal(commit, known)

    def _admit(
        self,
        stream_type: str,
        event: NewEvent,
        event_id: UUID,
        first_id: UUID,
        judge: Admit,
    ) -> tuple[EventType, CommitEvent]:
        name, data, around = event.type, event.data, current()
        if isinstance(data, msgspec.Struct):
            name = self.registry.type_of(data).name
            if event.type not in (None, name):
                msg = f"its type is given as another than that of its data, {name}"
                raise InvalidEvent(msg)
            data = msgspec.to_builtins(data)
        if name is None:
            msg = "it has no type"
            raise InvalidEvent(msg)
        known, schema, fit = judge(self.registry, stream_type, name, event.schema, data)
        return known, CommitEvent(
            event_id=event_id,
            type=name,
            schema=schema,
            occurred_at=_written(event.occurred_at or self.clock.now()),
            correlation_id=_uuid(
                event.correlation_id or around.correlation_id or first_id
            ),
            causation_id=_uuid_or_none(event.causation_id or around.causation_id),
            data=fit,
        )


def _ids(events: Sequence[NewEvent], commit_id: UUID) -> list[UUID]:
    """The ids of the events, given or derived. Raises `InvalidEvent` for a wrong number of them, or one twice."""
    if not 1 <= len(events) <= MAX_COMMIT_EVENTS:
        msg = f"it has {len(events)} events, 1 to {MAX_COMMIT_EVENTS} are allowed"
        raise InvalidEvent(msg)
    ids = [
        _uuid(event.event_id or derived_event_id(commit_id, index))
        for index, event in enumerate(events)
    ]
    if len(set(ids)) != len(ids):
        msg = "an event id stands in it twice"
        raise InvalidEvent(msg)
    return ids


def _expected(given: Expected | int | str) -> Expected:
    try:
        return Expected.of(given)
    except (TypeError, ValueError) as error:
        msg = str(error)
        raise InvalidEvent(msg) from None


def _uuid(given: object) -> UUID:
    """Callers are not always type-checked; a text would be written, and never be found again."""
    if not isinstance(given, UUID):
        msg = f"an id of it is a {type(given).__name__}, not a UUID"
        raise InvalidEvent(msg)
    return given


def _uuid_or_none(given: object) -> UUID | None:
    return None if given is None else _uuid(given)


def _written(instant: datetime) -> str:
    try:
        return written(instant)
    except (AttributeError, TypeError, ValueError):
        msg = "occurred_at is no instant with a time zone in the years 1 to 9999"
        raise InvalidEvent(msg) from None
