"""The reader process: polls streams and the feed all the while, and says when either goes back, misses or repeats."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.db import DatabaseError, connection

from eventstore.errors import IndexIncomplete, StreamNotFound
from eventstore.store import get_event_store
from teddy_es.faults.journal import Journal
from teddy_es.faults.work import SHARED, TYPES

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence

    from eventstore.events import Cut, RecordedEvent
    from eventstore.store import EventStore

_PAUSE_S: Final = 0.1
_RETRY_S: Final = 0.01  # after a crash: to be among the first who read again
_PAGE: Final = 2_000


def read(stop: threading.Event, directory: str) -> None:
    """Poll until told to stop; then read the feed to its end, so that it can be held against the log."""
    journal = Journal(Path(directory) / "reader.ndjson")
    store = get_event_store()
    feed, streams = Feed(), Streams(journal)
    while not stop.is_set():
        refused = feed.refused
        _round(store, journal, feed, streams)
        stop.wait(_PAUSE_S if feed.refused == refused else _RETRY_S)
    while _round(store, journal, feed, streams):
        continue
    journal.write(
        {
            "t": "feed",
            "events": feed.events,
            "refused": feed.refused,
            "heads": feed.heads,
        }
    )
    store.close()


def _round(store: EventStore, journal: Journal, feed: Feed, streams: Streams) -> bool:
    """One look at everything; whether it has to be repeated to see the end."""
    try:
        events, cut = store.read_all(feed.cut, limit=_PAGE)
        streams.poll(store)
    except (IndexIncomplete, DatabaseError):
        feed.refused += 1
        connection.close()  # as Django does between requests
        return True
    for what in feed.take(events, cut):
        journal.write({"t": "wrong", "kind": "back", "what": what})
    return bool(events)


class Feed:
    """What came through the feed, event by event. `refused`: polls that got an error instead of an answer."""

    def __init__(self) -> None:
        self.cut: Cut | None = None
        self.events = 0
        self.refused = 0
        self.heads: dict[str, int] = {}
        self._last: dict[tuple[str, int], tuple[int, int]] = {}

    def take(self, events: Sequence[RecordedEvent], cut: Cut) -> list[str]:
        """What is wrong with the next page, in a line each."""
        wrong = []
        for event in events:
            stream_id, version = event.metadata.stream_id, event.metadata.version
            if version != self.heads.get(stream_id, 0) + 1:
                before = self.heads.get(stream_id, 0)
                wrong.append(f"feed: {stream_id} went from {before} to {version}")
            self.heads[stream_id] = version
            at = event.position
            if (at.offset, at.index) <= self._last.get(
                (at.topic, at.partition), (-1, 0)
            ):
                wrong.append(f"feed: {at} came after a later one")
            self._last[at.topic, at.partition] = at.offset, at.index
        for place, offset in (self.cut.offsets if self.cut else {}).items():
            if cut.offsets.get(place, 0) < offset:
                wrong.append(f"feed: the cut went back at {place} from {offset}")
        self.events += len(events)
        self.cut = cut
        return wrong


class Streams:
    """The versions of the streams that all share, as last seen."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._seen: dict[str, int] = {}

    def poll(self, store: EventStore) -> None:
        """Look at each: its version, and the event that has it."""
        for number in range(SHARED):
            stream_id = f"{TYPES[number % 2]}.shared-{number}"
            try:
                version = store.stream_info(stream_id).version
            except StreamNotFound:
                version = 0
            seen = self._seen.get(stream_id, 0)
            if version < seen:
                self._wrong(f"{stream_id} went back from {seen} to {version}")
            self._seen[stream_id] = max(version, seen)
            if version:
                self._read_tail(store, stream_id, version)

    def _read_tail(self, store: EventStore, stream_id: str, version: int) -> None:
        got = [e.metadata.version for e in store.read(stream_id, version, limit=1)]
        if got != [version]:
            self._wrong(f"{stream_id}: version {version} was read as {got}")

    def _wrong(self, what: str) -> None:
        self._journal.write({"t": "wrong", "kind": "back", "what": what})
