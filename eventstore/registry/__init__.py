"""The event types that a domain knows: name, schema version, fields, sensitive fields, subject.

An event is a frozen `msgspec.Struct`; its class is what the door validates with and what the JSON Schema is
made from. The name on the wire is given in so many words, so that a renamed class breaks nothing.

    class OrderPlaced(Event, frozen=True, kw_only=True):
        order_id: str
        remark: Annotated[str, SENSITIVE] | None = None

    registry = Registry()
    registry.stream_type("order", number=1)
    registry.event_type(OrderPlaced, stream_type="order", name="OrderPlaced")
"""

from __future__ import annotations

from eventstore.registry.event_type import (
    DEFAULT_RETENTION,
    SENSITIVE,
    SNAPSHOT_RETENTION,
    Event,
    EventType,
    StreamType,
)
from eventstore.registry.privacy_events import PrivacyEvents
from eventstore.registry.problems import Problem
from eventstore.registry.registry import SEALED, Registry
from eventstore.registry.sensitivity import sensitive_fields

__all__ = [
    "DEFAULT_RETENTION",
    "SEALED",
    "SENSITIVE",
    "SNAPSHOT_RETENTION",
    "Event",
    "EventType",
    "PrivacyEvents",
    "Problem",
    "Registry",
    "StreamType",
    "sensitive_fields",
]
