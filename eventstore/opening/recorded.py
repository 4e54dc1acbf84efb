"""An event that was read, as what its box was sealed over: for who opens it apart from reading it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from eventstore.events import CommitEvent, Withheld, stream_type_of
from eventstore.registry.registry import fault_in
from eventstore.sealing.opened import instant_as_written

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eventstore.events import RecordedEvent
    from eventstore.ports import Opener
    from eventstore.registry import Registry


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


def prepare(opener: Opener, events: Iterable[RecordedEvent]) -> None:
    """Have the keys of all of these fetched at once. Raises `KeyStoreUnavailable`."""
    opener.prepare({e.sealed.key for e in events if e.sealed is not None})


def opened(event: RecordedEvent, types: Registry, opener: Opener) -> RecordedEvent:
    """An event that was read without an opener, as a read with it would give it. Raises `KeyStoreUnavailable`.

    But for one whose sensitive fields a foreign producer left in the clear: what a read has held back stays so.
    """
    if event.sealed is None:
        return event
    about, written = event.metadata, as_sealed(event)
    found = opener.open(about.stream_id, event.commit_id, written)
    problem = fault_in(types.read(stream_type_of(about.stream_id), written, found))
    if isinstance(found, Withheld):
        return replace(event, withheld=found, problem=event.problem or problem)
    data = {**event.data, **found}
    return replace(event, data=data, withheld=None, problem=event.problem or problem)
