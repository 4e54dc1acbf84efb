"""Whom the events of a whole stream are about: read once, and then only what came since.

A state and a head are of all that stands in the stream, so all of them are recorded, and none of them may be a stranger to the caller.
What was read is remembered by its last event, so a stream that has become another is read anew.
"""

from __future__ import annotations

from collections import OrderedDict
from itertools import chain
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple

from eventstore.api.subjects import named_by, subjects_in
from eventstore.conf import registry
from eventstore.store import get_event_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from uuid import UUID

    from eventstore.events import RecordedEvent
    from eventstore.registry import Registry

STREAMS: Final = 10_000  # that are remembered in a process


class Named(NamedTuple):
    """Up to a version. subjects, names: with the first version that is about each; of the latter None is of events that name nobody."""

    version: int
    event_id: UUID
    types: Registry
    subjects: Mapping[str, int]
    names: Mapping[str | None, int]

    def within(self, upto: int) -> tuple[set[str], set[str | None]]:
        """Whom the first events, up to this version, are about; and whom they name."""
        return (
            {one for one, version in self.subjects.items() if version <= upto},
            {one for one, version in self.names.items() if version <= upto},
        )


class Names:
    """For use from many threads: at worst two of them read the same."""

    def __init__(self, most: int = STREAMS) -> None:
        self._most, self._lock = most, Lock()
        self._known: OrderedDict[str, Named] = OrderedDict()

    def of(self, stream_id: str, upto: int) -> tuple[set[str], set[str | None]]:
        """Whom the stream's events up to this version are about, and whom they name (`subjects.named_in`)."""
        known = self._known.get(stream_id)
        if known is not None and known.types is registry():
            found = _gone_on(known, stream_id, upto)
        else:
            found = None
        if found is None:
            found = _read(stream_id, upto)
        if found is None:
            return set(), set()
        self._keep(stream_id, found)
        return found.within(upto)

    def _keep(self, stream_id: str, found: Named) -> None:
        with self._lock:
            self._known[stream_id] = found
            self._known.move_to_end(stream_id)
            while len(self._known) > self._most:
                self._known.popitem(last=False)


def _gone_on(known: Named, stream_id: str, upto: int) -> Named | None:
    """With what came since; None: the stream is not the one that it was."""
    to = max(upto, known.version)
    events = get_event_store().read(stream_id, known.version, to)
    last = next(events, None)
    if last is None or last.metadata.event_id != known.event_id:
        return None
    return _with(known, last, events)


def _read(stream_id: str, upto: int) -> Named | None:
    """From the beginning; None: there is nothing."""
    events = get_event_store().read(stream_id, to_version=upto)
    first = next(events, None)
    if first is None:
        return None
    nobody = Named(0, first.metadata.event_id, registry(), {}, {})
    return _with(nobody, first, chain([first], events))


def _with(known: Named, last: RecordedEvent, events: Iterator[RecordedEvent]) -> Named:
    subjects, names = dict(known.subjects), dict(known.names)
    for event in events:
        last = event
        for subject in subjects_in([event]):
            subjects.setdefault(subject, event.metadata.version)
        names.setdefault(named_by(event), event.metadata.version)
    about = last.metadata
    return Named(about.version, about.event_id, known.types, subjects, names)


names: Final = Names()
"""Those of this process."""
