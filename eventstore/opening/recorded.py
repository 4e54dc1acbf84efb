"""An event that was read, as what its box was sealed over: for who opens it apart from reading it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore.events import CommitEvent
from eventstore.sealing.opened import instant_as_written

if TYPE_CHECKING:
    from eventstore.events import RecordedEvent


def as_sealed(event: RecordedEvent) -> CommitEvent:
    """A `SealedEvent`."""
    about = event.metadata
    return CommitEvent(
        about.event_id,
        about.event_type,
        event.schema,
        instant_as_written(about.timestamp).decode(),
        about.correlation_id,
        about.causation_id,
        event.data,
        event.sealed,
    )
