"""A small domain for the contract suites and for tests: a shop, so that the core is seen to know no other."""

from __future__ import annotations

from typing import Annotated, Literal

from eventstore.registry import SENSITIVE, Event, Registry


class OrderPlaced(Event, frozen=True, kw_only=True):
    """An order came in."""

    customer_id: str
    remark: Annotated[str, SENSITIVE] | None = None


class OrderChanged(Event, frozen=True, kw_only=True):
    """Its quantity was changed."""

    quantity: int


class OrderClosed(Event, frozen=True, kw_only=True):
    """It is done with."""

    reason: Literal["shipped", "cancelled"]


def shop(stream_type: str = "order", number: int = 1) -> Registry:
    """A registry of one stream type with three event types; its name can be chosen, so that topics are one's own."""
    registry = Registry()
    registry.stream_type(stream_type, number=number)
    for name, struct, subject in (
        ("OrderPlaced", OrderPlaced, "customer_id"),
        ("OrderChanged", OrderChanged, None),
        ("OrderClosed", OrderClosed, None),
    ):
        registry.event_type(
            struct,
            stream_type=stream_type,
            subject=subject,
            name=name,
            retention="order",
        )
    return registry
