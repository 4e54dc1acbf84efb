"""How events become an answer: it is recorded who sees them, then they are opened for who may, then they are bytes of JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from eventstore.api.rendering import rendered
from eventstore.api.subjects import subjects_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from eventstore.api.endpoint import Endpoint
    from eventstore.events import RecordedEvent
    from eventstore.ports import Opener

    Reread = Callable[[Opener, Sequence[RecordedEvent]], Iterable[RecordedEvent]]

PAGE_BYTES: Final = 4_000_000
"""Of the events of an answer, sealed as they stand; the first is shown whatever its size."""


def shown(
    call: Endpoint,
    kind: str,
    about: str,
    closed: Sequence[RecordedEvent],
    reread: Reread,
) -> list[bytes]:
    """Events that were read without a right to open them, as they may be seen. Raises `AccessNotRecorded`.

    1. record whom they are about   2. read the same ones again with the right, if the caller has it and something is sealed   3. render
    Between 1 and 2 nothing was seen by anybody. kind, about: as of `Endpoint.record`.
    """
    call.record(kind, subjects_in(closed), about)
    right = call.opener()
    events: Iterable[RecordedEvent] = closed
    if right is not None and any(event.withheld is not None for event in closed):
        events = reread(right, closed)
    return [rendered(event) for event in events]


def fitting(
    events: Iterable[RecordedEvent], most: int = PAGE_BYTES
) -> list[RecordedEvent]:
    """As many of the events, from the first on, as an answer holds; at least one."""
    found: list[RecordedEvent] = []
    size = 0
    for event in events:
        sealed = 0 if event.sealed is None else len(event.sealed.box)
        size += len(rendered(event)) + sealed
        if found and size > most:
            break
        found.append(event)
    return found
