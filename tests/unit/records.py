"""Factories with defaults for commits and their records; the neutral shop domain, as everywhere in the core's tests."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from eventstore.events import Commit, CommitEvent, Expected


def an_id(number: int) -> UUID:
    """A UUID that says which one it is."""
    return UUID(int=number)


def an_event(number: int = 1, **changes: Any) -> CommitEvent:
    """An event of a commit, its id made of the number."""
    fields: dict[str, Any] = {
        "event_id": an_id(number),
        "type": "OrderPlaced",
        "schema": 1,
        "occurred_at": "2026-11-23T09:00:00.123456Z",
        "correlation_id": None,
        "causation_id": None,
        "data": {"order_id": "order-1"},
        **changes,
    }
    return CommitEvent(**fields)


def a_commit(
    *events: CommitEvent,
    commit: int = 1,
    stream_id: str = "order.order-1",
    expected: int | str = "any",
    v: int = 1,
) -> Commit:
    """A commit of these events, or of one."""
    return Commit(
        an_id(commit), stream_id, Expected(expected), events or (an_event(),), v
    )


def fields_of(commit: Commit) -> dict[str, Any]:
    """A decoded commit as the JSON object that it was read from, values as JSON writes them."""
    return {
        "v": commit.v,
        "commit_id": str(commit.commit_id),
        "stream_id": commit.stream_id,
        "expected": commit.expected.value,
        "events": [_event_fields(event) for event in commit.events],
    }


def _event_fields(event: CommitEvent) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "event_id": str(event.event_id),
        "type": event.type,
        "schema": event.schema,
        "occurred_at": event.occurred_at,
        "correlation_id": _text(event.correlation_id),
        "causation_id": _text(event.causation_id),
        "data": event.data,
    }
    if event.sealed is not None:
        sealed = event.sealed
        fields["sealed"] = {
            "key": sealed.key,
            "nonce": sealed.nonce,
            "box": sealed.box,
        }
    return fields


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
