"""A child's profile, as its events say it up to a version: each field with the event that set it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from eventstore.api.shapes import Instant
from eventstore.events import written

if TYPE_CHECKING:
    from eventstore.events import RecordedEvent

_REGISTERED: Final = "ChildRegistered"
_UPDATED: Final = "ChildProfileUpdated"
_FIELDS: Final = ("name", "birth_date", "language")
"""Of a registration; `parent_id` stands beside them."""


class Field(msgspec.Struct, frozen=True):
    """What a field of the profile is, and which event set it. value: null where it was taken away."""

    value: Any
    version: int
    recorded_at: Instant


class Unopened(msgspec.Struct, frozen=True):
    """An event of the profile that was not opened, and why: what it set is not known. at, request: of the erasure."""

    version: int
    reason: str
    at: Instant | UnsetType = UNSET
    request: str | UnsetType = UNSET


class Profile(msgspec.Struct, frozen=True):
    """A child's profile, now or then. version: of the stream. withheld: where any are, fields may be others than is said here."""

    child_id: str
    parent_id: str | None
    registered_at: Instant | None
    version: int
    fields: Mapping[str, Field]
    withheld: Sequence[Unopened]
    as_of: Instant | UnsetType = UNSET


def profile_of(child_id: str, events: Iterable[RecordedEvent]) -> Profile:
    """By the events of its stream from the first on."""
    parent_id: str | None = None
    registered_at: Instant | None = None
    fields: dict[str, Field] = {}
    withheld: list[Unopened] = []
    version = 0
    for event in events:
        about, said = event.metadata, event.data
        version = about.version
        if about.event_type not in (_REGISTERED, _UPDATED):
            continue
        if event.withheld is not None:
            withheld.append(_unopened(event))
        if about.event_type == _REGISTERED:
            parent_id, registered_at = said.get("parent_id"), written(event.recorded_at)
            said = {"changes": {f: said[f] for f in _FIELDS if f in said}}
        changes = said.get("changes")
        if isinstance(changes, Mapping):
            fields |= {name: _field(event, value) for name, value in changes.items()}
    return Profile(child_id, parent_id, registered_at, version, fields, withheld)


def _field(event: RecordedEvent, value: Any) -> Field:
    return Field(value, event.metadata.version, written(event.recorded_at))


def _unopened(event: RecordedEvent) -> Unopened:
    why: Any = event.withheld
    return Unopened(
        event.metadata.version,
        why.reason,
        UNSET if why.at is None else written(why.at),
        UNSET if why.request is None else why.request,
    )
