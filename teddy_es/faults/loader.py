"""The loader process: loads aggregates all the while, with snapshots, with a cache and without, now and in the past.

It writes down in which state each was; what is right, the judge knows.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
from django.db import DatabaseError, connection

from eventstore.errors import IndexIncomplete, StreamNotFound, VersionNotFound
from eventstore.repository import AggregateRepository
from eventstore.snapshots import snapshot_store
from eventstore.store import get_event_store
from teddy_es.domain.child import Child
from teddy_es.domain.conversation import Conversation
from teddy_es.faults.journal import Journal
from teddy_es.faults.work import SHARED, shared

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from eventstore.ports import Store
    from eventstore.repository.sources import Snapshots

_PAUSE_S: Final = 0.05
_CLASSES: Final[tuple[type[Any], ...]] = (Child, Conversation)


def load(stop: threading.Event, directory: str, generation: int) -> None:
    """Load until told to stop; then each shared stream once more, as it then is."""
    journal = Journal(Path(directory) / f"loader-{generation}.ndjson")
    store = get_event_store()
    loads = Loads(store, journal, random.Random(generation))
    number = 0
    while not stop.wait(_PAUSE_S):
        _tried(loads, number % SHARED)
        number += 1
    for number in range(SHARED):
        while not _tried(loads, number):
            continue
    store.close()


def _tried(loads: Loads, number: int) -> bool:
    """Whether it was answered; while a server is away nobody can be."""
    try:
        loads.of(shared(number))
    except (IndexIncomplete, DatabaseError):
        connection.close()  # as Django does between requests
        return False
    return True


class Loads:
    """Loads a stream's aggregate in each way, and writes down what came of it."""

    def __init__(
        self,
        store: Store,
        journal: Journal,
        chance: random.Random,
        snapshots: Callable[[type[Any]], Snapshots] = snapshot_store,
    ) -> None:
        self._journal = journal
        self._chance = chance
        self._ways = {
            cls.stream_type: [
                AggregateRepository(cls, store, snapshots=snapshots(cls), cache=cache)
                for cache in (0, 1_000)
            ]
            for cls in _CLASSES
        }

    def of(self, stream_id: str) -> None:
        """As it is now, in each way; and at a version that it had."""
        stream_type, _, own_id = stream_id.partition(".")
        head = 0
        for repository in self._ways[stream_type]:
            try:
                head = self._note(stream_id, repository.load(own_id))
            except StreamNotFound:
                return
        plain = self._ways[stream_type][0]
        version = self._chance.randint(1, head)
        try:
            self._note(stream_id, plain.load(own_id, version=version))
        except VersionNotFound as error:  # it had it a moment ago
            what = f"{stream_id} had version {version} before: {error}"
            self._journal.write({"t": "wrong", "kind": "back", "what": what})

    def _note(self, stream_id: str, aggregate: Any) -> int:
        state = msgspec.to_builtins(aggregate.state)
        version: int = aggregate.version
        self._journal.write({"t": "load", "s": stream_id, "v": version, "state": state})
        return version
