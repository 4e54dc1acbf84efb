"""How events become an answer: others' are left out, it is recorded who sees the rest, it is opened for who may, then it is bytes of JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from eventstore.api.hiding import may_show
from eventstore.api.rendering import rendered
from eventstore.api.subjects import seen_by, subjects_in
from eventstore.errors import IndexRebuilt
from eventstore.queries.picked import events_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eventstore.api.endpoint import Endpoint
    from eventstore.events import RecordedEvent

PAGE_BYTES: Final = 4_000_000
"""Of the events of an answer, sealed as they stand; the first is shown whatever its size."""
_WHATEVER: Final = 2**31 - 1


def shown(
    call: Endpoint, kind: str, about: str, closed: Sequence[RecordedEvent]
) -> list[bytes]:
    """Events that were read without a right to open them, as they may be seen; fewer, where some are about others. Raises `AccessNotRecorded`.

    1. leave out what is about persons whose data the caller may not see   2. record whom the others are about   3. read these again with
    the right, if the caller has it and something is sealed   4. render. Between 2 and 3 nothing was seen by anybody. kind, about: as of
    `Endpoint.record`.
    """
    events = seen_by(call.caller.reach, closed)  # 1
    call.record(kind, subjects_in(events), about)  # 2
    right = call.opener()
    if right is not None and any(event.withheld is not None for event in events):
        places = [event.position for event in events]
        events = events_at(places, size=_WHATEVER, opener=right)  # 3
        if len(events) < len(places):
            raise IndexRebuilt
    return [rendered(may_show(call.caller.reach, event)) for event in events]  # 4


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
