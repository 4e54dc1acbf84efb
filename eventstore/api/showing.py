"""How events become an answer: others' are left out, it is recorded who sees the rest, it is opened for who may, then it is bytes of JSON."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from eventstore.api.hiding import may_show, may_show_all
from eventstore.api.rendering import rendered
from eventstore.api.subjects import seen_by, subjects_in
from eventstore.errors import IndexRebuilt
from eventstore.events import Position, RecordedEvent
from eventstore.queries.picked import events_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from eventstore.api.endpoint import Endpoint

PAGE_BYTES: Final = 4_000_000
"""Of the events of an answer, sealed as they stand; the first is shown whatever its size."""
_WHATEVER: Final = 2**31 - 1


class Closed(NamedTuple):
    """Events as they stand, and those of them as JSON that were rendered already, by their places."""

    events: Sequence[RecordedEvent]
    texts: Mapping[Position, bytes] = MappingProxyType({})


def shown(call: Endpoint, kind: str, about: str, closed: Closed) -> list[bytes]:
    """Events that were read without a right to open them, as they may be seen; fewer, where some are about others. Raises `AccessNotRecorded`.

    1. leave out what is about persons whose data the caller may not see   2. record whom the others are about   3. read these again with
    the right, if the caller has it and something is sealed   4. render what was not, or is another now. Between 2 and 3 nothing was seen by
    anybody. kind, about: as of `Endpoint.record`.
    """
    reach, right = call.caller.reach, call.opener()
    events = seen_by(reach, closed.events)  # 1
    call.record(kind, subjects_in(events), about)  # 2
    sealed = {event.position for event in events if event.withheld is not None}
    if right is not None and sealed:
        places = [event.position for event in events]
        events = events_at(places, size=_WHATEVER, opener=right)  # 3
        if len(events) < len(places):
            raise IndexRebuilt
    opened = sealed if right is not None else frozenset[Position]()
    return [
        text
        if (text := closed.texts.get(event.position)) is not None
        and event.position not in opened
        and may_show_all(reach, [event])
        else rendered(may_show(reach, event))
        for event in events
    ]  # 4


def fitting(events: Iterable[RecordedEvent], most: int = PAGE_BYTES) -> Closed:
    """As many of the events, from the first on, as an answer holds; at least one."""
    found: list[RecordedEvent] = []
    texts: dict[Position, bytes] = {}
    size = 0
    for event in events:
        text = rendered(event)
        size += len(text) + (0 if event.sealed is None else len(event.sealed.box))
        if found and size > most:
            break
        found.append(event)
        texts[event.position] = text
    return Closed(found, texts)
