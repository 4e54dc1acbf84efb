"""Event types: their names, schemas, fields, sensitive fields, upcasters; and what their classes may be."""

from __future__ import annotations

from eventstore.registry.problems import Problem
from eventstore.registry.registry import (
    SEALED,
    SENSITIVE,
    Event,
    EventType,
    Registry,
    StreamType,
    sensitive_fields,
)

__all__ = [
    "SEALED",
    "SENSITIVE",
    "Event",
    "EventType",
    "Problem",
    "Registry",
    "StreamType",
    "sensitive_fields",
]
