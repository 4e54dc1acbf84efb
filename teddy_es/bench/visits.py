"""What a visitor of the console opens: each time another part of what there is."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final

from django.urls import reverse

from audit.addresses import event_address
from eventstore.queries.keyset import cursor
from eventstore.queries.positions import packed_of
from teddy_es.bench.fill import FILLED, LONG

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventstore.events import RecordedEvent
    from eventstore.store import EventStore
    from teddy_es.bench.world import World


@dataclass(frozen=True, slots=True)
class Visit:
    """One request: a GET of the address, or a POST of what somebody looks up."""

    address: str
    look_up: str | None = None


class Shelf:
    """Takes something out of a filled store at random, the same things in every run of the same size."""

    def __init__(self, store: EventStore, world: World, streams: int) -> None:
        self._store = store
        self._world = world
        self._streams = streams
        self._random = Random(streams)

    def stream(self) -> str:
        """Some stream."""
        return self._world.stream(f"{FILLED}-{self._random.randrange(self._streams)}")

    def long_stream(self) -> str:
        """The one with many events."""
        return self._world.stream(f"{LONG}-0")

    def event(self, stream: str | None = None) -> RecordedEvent:
        """Some event, of this stream or of any."""
        stream = stream or self.stream()
        version = self._random.randint(1, self._store.stream_info(stream).version)
        return next(self._store.read(stream, version, version))

    def events_cursor(self) -> str:
        """Of a page in the depths of the list of events."""
        event = self.event()
        return cursor((event.recorded_at, packed_of(event.position)))

    def streams_cursor(self) -> str:
        """Of a page in the depths of the list of streams."""
        info = self._store.stream_info(self.stream())
        return cursor((info.first_recorded_at, info.stream_id))

    def version_cursor(self) -> str:
        """Of a page in the depths of the long stream."""
        return cursor((self.event(self.long_stream()).metadata.version,))


def _list(name: str, query: str = "") -> Visit:
    return Visit(reverse(f"admin:{name}") + query)


def _stream(stream: str, query: str = "") -> Visit:
    return Visit(reverse("admin:stream", args=[stream]) + query)


def _find(what: object) -> Visit:
    return Visit(reverse("admin:find"), str(what))


VISITS: Final[dict[str, Callable[[Shelf], Visit]]] = {
    "pages/overview": lambda _: _list("index"),
    "pages/events": lambda _: _list("events"),
    "pages/events-deep": lambda s: _list("events", f"?after={s.events_cursor()}"),
    "pages/events-of-type": lambda s: _list(
        "events", f"?type=Happened&after={s.events_cursor()}"
    ),
    "pages/event": lambda s: Visit(event_address(s.event().position)),
    "pages/streams": lambda _: _list("streams"),
    "pages/streams-deep": lambda s: _list("streams", f"?after={s.streams_cursor()}"),
    "pages/stream": lambda s: _stream(s.stream()),
    "pages/long-stream-deep": lambda s: _stream(
        s.long_stream(), f"?after={s.version_cursor()}"
    ),
    "pages/find-stream": lambda s: _find(s.stream()),
    "pages/find-event": lambda s: _find(s.event().metadata.event_id),
    "pages/find-commit": lambda s: _find(s.event().commit_id),
    "pages/find-position": lambda s: _find(s.event().position),
}
