"""The shop's record of keys, erasures and holds: what a domain with sensitive fields registers beside its own events."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Literal

from eventstore.registry import Event, PrivacyEvents

if TYPE_CHECKING:
    from eventstore.registry import Registry


class CustomerKeyMinted(Event, frozen=True, kw_only=True):
    """A key for a customer's data was made."""

    key_id: str
    retention_class: str
    month: str
    commitment: str


class CustomerKeysCondemned(Event, frozen=True, kw_only=True):
    """A customer's keys are to be destroyed."""

    why: str
    request: str | None = None
    requested_by: str | None = None
    approved_by: str | None = None
    keys: list[str] | None = None


class CustomerKeyDestroyed(Event, frozen=True, kw_only=True):
    """A key is gone."""

    key_id: str
    why: str
    request: str | None = None


class CustomerForgotten(Event, frozen=True, kw_only=True):
    """A customer's erasure is done."""

    request: str | None = None
    keys: int
    events: int
    requested_by: str | None = None
    approved_by: str | None = None
    found: dict[str, int] | None = None


class CustomerHeld(Event, frozen=True, kw_only=True):
    """A customer's data must be kept."""

    hold_id: str
    scope: Literal["all"] | list[str]
    clause: str
    kind: str | None = None
    floor: date | None = None
    requested_by: str | None = None


class CustomerReleased(Event, frozen=True, kw_only=True):
    """They need not be kept any more."""

    hold_id: str
    scope: Literal["all"] | list[str]
    clause: str
    kind: str | None = None
    floor: date | None = None
    requested_by: str | None = None
    approved_by: str | None = None


def register_privacy(
    registry: Registry, stream_type: str = "privacy", number: int = 2
) -> Registry:
    """The registry, with the shop's privacy streams; their name can be chosen, so that topics are one's own."""
    registry.stream_type(stream_type, number=number)
    events = PrivacyEvents(
        stream_type=stream_type,
        minted=CustomerKeyMinted,
        ordered=CustomerKeysCondemned,
        destroyed=CustomerKeyDestroyed,
        completed=CustomerForgotten,
        placed=CustomerHeld,
        lifted=CustomerReleased,
    )
    for struct in events.classes:
        registry.event_type(
            struct, stream_type=stream_type, subject=None, name=struct.__name__
        )
    registry.privacy_events(events)
    return registry
