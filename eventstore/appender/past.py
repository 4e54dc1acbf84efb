"""Facts of another log, at the door: yesterday's events are compared with what somebody can read, not with today's form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from eventstore.errors import InvalidEvent
from eventstore.registry import Problem

if TYPE_CHECKING:
    from eventstore.registry import EventType, Registry

Fields = Mapping[str, Any]
Admit = Callable[
    ["Registry", str, str, "int | None", Fields], "tuple[EventType, int, Fields]"
]
"""What a door asks of an event: types, stream type, name, schema, data → its type, and the schema and data to write."""


@dataclass(frozen=True, slots=True)
class _Fact:
    type: str
    schema: int
    data: Fields
    sealed: None = None


def admit(
    types: Registry, stream_type: str, name: str, schema: int | None, data: Fields
) -> tuple[EventType, int, Fields]:
    """A new event: in today's schema, its data as its class writes them. Raises `InvalidEvent`."""
    known, clean = types.admit(stream_type, name, schema, data)
    return known, known.schema, clean


def take_over(
    types: Registry, stream_type: str, name: str, schema: int | None, data: Fields
) -> tuple[EventType, int, Fields]:
    """What another log has accepted: today's class can read it, by the upcasters; its schema and fields stay as they are.

    An object of today's class is written as such. Raises `InvalidEvent`, which quotes no value.
    """
    known = types.event_type_named(name)
    if known is None or schema is None or schema >= known.schema:
        known, clean = types.admit(stream_type, name, schema, data)
        return known, known.schema, clean if isinstance(data, Struct) else data
    event = types.read(stream_type, _Fact(name, schema, data))
    if isinstance(event, Problem):
        msg = f"{name}: {_why(event, schema, known.schema)}"
        raise InvalidEvent(msg)
    return known, schema, data


def _why(problem: Problem, schema: int, current: int) -> str:
    if problem is Problem.WRONG_STREAM_TYPE:
        return "it is no event of this kind of stream"
    if problem is Problem.UNKNOWN_SCHEMA:
        return f"no upcaster leads from schema {schema} to {current}"
    return f"its upcasters from schema {schema} cannot read its data"
