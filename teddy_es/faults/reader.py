"""The reader process: polls streams and the feed all the while, and says when either goes back, misses or repeats."""

from __future__ import annotations

import json
import random
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.db import DatabaseError, connection

from eventstore.errors import IndexIncomplete, StreamNotFound
from eventstore.store import get_event_store
from teddy_es.faults.journal import Journal
from teddy_es.faults.loaded import digest
from teddy_es.faults.work import SHARED, shared

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence

    from eventstore.events import Cut, RecordedEvent
    from eventstore.store import EventStore

_PAUSE_S: Final = 0.1
_RETRY_S: Final = 0.01  # after a crash: to be among the first who read again
_PAGE: Final = 2_000
_TAIL: Final = 10  # events of a shared stream that each look reads again


def read(stop: threading.Event, directory: str) -> None:
    """Poll until told to stop; then read the feed to its end, so that it can be compared with the log."""
    journal = Journal(Path(directory) / "reader.ndjson")
    store = get_event_store()
    memory = Memory()
    feed, streams = Feed(memory), Streams(journal, memory)
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


class Memory:
    """A digest of each event of the shared streams that was read, by feed or stream: it must never read otherwise."""

    def __init__(self) -> None:
        self._digests: dict[tuple[str, int], bytes] = {}

    def differs(self, event: RecordedEvent) -> list[str]:
        """What is wrong with it, if anything."""
        about = event.metadata
        if ".shared-" not in about.stream_id:
            return []
        what = (str(about.event_id), about.event_type, event.data, event.recorded_at)
        said = json.dumps(what, sort_keys=True, default=str).encode()
        digest = sha256(said).digest()
        key = about.stream_id, about.version
        if self._digests.setdefault(key, digest) == digest:
            return []
        return [
            f"{about.stream_id}: version {about.version} reads otherwise than before"
        ]


class Feed:
    """What came through the feed, event by event. `refused`: polls that got an error instead of an answer."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
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
            wrong += self._memory.differs(event)
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

    def __init__(self, journal: Journal, memory: Memory) -> None:
        self._memory = memory
        self._journal = journal
        self._seen: dict[str, int] = {}
        self._chance = random.Random(0)
        self._next = 0

    def poll(self, store: EventStore) -> None:
        """Look at each: its version, and its last events."""
        for number in range(SHARED):
            stream_id = shared(number)
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
        self._read_on(store, shared(self._next))
        self._next = (self._next + 1) % SHARED

    def _read_on(self, store: EventStore, stream_id: str) -> None:
        """One of them without an end, from its beginning or from anywhere; the judge says whether it was the log's."""
        head = self._seen.get(stream_id, 0)
        first = self._chance.choice((1, self._chance.randint(1, head + 1)))
        events = list(store.read(stream_id, first))
        versions_read = [(e.metadata.version, str(e.metadata.event_id)) for e in events]
        self._journal.write(
            {"t": "read", "s": stream_id, "from": first, "n": len(versions_read), "d": digest(versions_read), "end": head}
        )  # fmt: skip

    def _read_tail(self, store: EventStore, stream_id: str, version: int) -> None:
        first = max(1, version - _TAIL + 1)
        events = list(store.read(stream_id, first, version))
        got = [event.metadata.version for event in events]
        if got != list(range(first, version + 1)):
            self._wrong(f"{stream_id}: {first} to {version} were read as {got}")
        for event in events:
            for what in self._memory.differs(event):
                self._wrong(what)

    def _wrong(self, what: str) -> None:
        self._journal.write({"t": "wrong", "kind": "back", "what": what})
