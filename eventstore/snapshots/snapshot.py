"""What a snapshot is, and what it was made with."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from eventstore.aggregates import code_digest

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from eventstore.aggregates import Aggregate
    from eventstore.events import Position
    from eventstore.registry import Registry


FORM: Final = 3
"""Of the records that are written: the first was not signed, in the second no state was sealed."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a state was made with; another one means another state, perhaps.

    state_schema: the class's number. code: SHA-256 over its name, its source with what that imports of its package, and its stream type's upcasters.
    """

    state_schema: int
    code: bytes


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of a stream's aggregate at a version, as one code made it.

    event_id, recorded_at, position: of the event with that version. state: JSON of the aggregate's `state_type`; where key_id says
    under which key it is sealed, nonce and box. mac: what it was found signed with, where it was found; whoever writes it signs it
    anew. form: of the record that it was found in; nobody loads one of an earlier form, which may hold anything in the clear, and the
    first had neither position nor mac.
    """

    stream_id: str
    version: int
    event_id: UUID
    recorded_at: datetime
    stamp: Stamp
    state: bytes = field(repr=False)
    position: Position | None = None
    key_id: UUID | None = None
    mac: bytes = field(default=b"", compare=False, repr=False)
    form: int = field(default=FORM, compare=False, repr=False)


def stamp_of(cls: type[Aggregate[Any]], registry: Registry) -> Stamp:
    """What this process makes states of a class with. Raises OSError where its source is not at hand."""
    return _made(cls, registry)


@cache  # reads source files, and no code changes while it runs
def _made(cls: Any, registry: Registry) -> Stamp:
    parts = code_digest(cls) + registry.upcaster_digest(cls.stream_type)
    code = hashlib.sha256(parts.encode())
    return Stamp(cls.state_schema, code.digest())
