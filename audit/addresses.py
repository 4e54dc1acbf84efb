"""Where an event's page is: its position in the log, so that a deep link never shifts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

if TYPE_CHECKING:
    from eventstore.events import Position


def event_address(position: Position) -> str:
    """The page of the event at a position."""
    return reverse(
        "admin:event",
        kwargs={
            "topic": position.topic,
            "partition": position.partition,
            "offset": position.offset,
            "index": position.index,
        },
    )
