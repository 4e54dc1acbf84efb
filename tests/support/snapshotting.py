"""What the tests of snapshots have in common: orders of some events, builders, and what is in topic and table."""

from __future__ import annotations

import random
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from eventstore.clock import SystemClock
from eventstore.conf import aggregates
from eventstore.database import connect
from eventstore.events import Commit, CommitEvent, Expected, NewEvent, written
from eventstore.models import Snapshot as Row
from eventstore.ports import Proposal
from eventstore.protocol.codec import encode
from eventstore.protocol.placement import place_of
from eventstore.snapshots import snapshot_store
from eventstore.snapshots.builder.batch import Bounds
from eventstore.snapshots.builder.building import Builder
from eventstore.snapshots.builder.run import Snapshotter
from eventstore.snapshots.filling import Filler
from eventstore.snapshots.topics import create, snapshot_topics
from eventstore.snapshots.writing import SnapshotWriter
from eventstore.testing.faulty_log import FaultyLog, Network
from eventstore.testing.shop import OrderChanged, OrderPlaced
from eventstore.upkeep.rebuild import refold, reset
from tests.support.places import names_everywhere

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eventstore.ports import Clock, Log, LogRecord
    from eventstore.snapshots import SnapshotStore
    from eventstore.store import EventStore

PLACED = NewEvent(OrderPlaced(customer_id="customer-1"))


def with_topics(store: EventStore) -> World:
    """A store on any log, with the topics of its snapshots."""
    log = store.make_log()
    try:
        create(snapshot_topics(), log)
    finally:
        log.close()
    return World(store)


@dataclass(frozen=True)
class World:
    """A store with the snapshots of its one class of aggregates."""

    store: EventStore

    @property
    def order(self) -> type[Any]:
        """The configured class."""
        (found,) = aggregates().values()
        return found

    @property
    def snapshots(self) -> SnapshotStore[Any]:
        """Its snapshots."""
        return snapshot_store(self.order)

    def stream(self, name: str, events: int) -> str:
        """A stream of so many events more: an order, placed once, then changed by 1 each time."""
        stream_id = f"{self.order.stream_type}.{name}"
        head = sum(1 for _ in self.store.read(stream_id))
        new = [PLACED] if head == 0 else []
        new += [NewEvent(OrderChanged(quantity=1))] * (events - len(new))
        self.store.append(stream_id, new, Expected.version(head))
        return stream_id

    def streams_everywhere(self, each: int, events: int) -> list[str]:
        """So many streams in each partition, of so many events each."""
        stream_type, partitions = self.order.stream_type, self.store.topics.partitions
        names = names_everywhere(each, stream_type, partitions)
        return [self.stream(name, events) for name in names]

    def snapshotter(
        self, network: Network | None = None, seed: int = 1, **options: Any
    ) -> Snapshotter:
        """What a worker process runs, on a network that may be bad."""
        chance = random.Random(seed)  # noqa: S311  (repeatable)
        clock = options.pop("clock", SystemClock())
        return Snapshotter(
            self.store, clock, chance, make_log=self.log_on(network), **options
        )

    @contextmanager
    def builder(
        self,
        cls: type[Any] | None = None,
        clock: Clock | None = None,
        **bounds: Any,
    ) -> Iterator[Builder[Any]]:
        """One builder, of the configured class or of another."""
        writer = SnapshotWriter(self.store.make_log(), connect)
        try:
            yield Builder(
                snapshot_store(cls or self.order),
                self.store,
                writer,
                clock or SystemClock(),
                bounds=Bounds(**bounds),
            )
        finally:
            writer.close()

    def log_on(self, network: Network | None) -> Callable[[], Log]:
        """Makes logs on a network that may be bad."""
        return lambda: (
            FaultyLog(self.store.make_log(), network)
            if network
            else self.store.make_log()
        )

    def filler(
        self, make_log: Callable[[], Any] | None = None, stop: Any = None
    ) -> Filler:
        """What the mirror process runs."""
        return Filler(
            snapshot_topics(),
            make_log or self.store.make_log,
            connect,
            SystemClock(),
            stop or threading.Event(),
        )

    def rebuild(self) -> None:
        """`rebuild_index`."""
        with self.store.indexer() as indexer:
            reset(indexer.connection())
            refold(indexer, progress=lambda *_: None)

    def strange_event(self, stream_id: str) -> None:
        """Another producer writes an event that this registry does not know."""
        strange = CommitEvent(
            uuid4(), "OrderFramed", 1, written(SystemClock().now()), None, None, {}
        )
        commit = Commit(uuid4(), stream_id, Expected.ANY, (strange,))
        place = place_of(stream_id, self.store.topics.partitions)
        log = self.store.make_log()
        try:
            proposal = Proposal(place, stream_id.encode(), encode(commit))
            log.append([proposal], timeout_s=120)
        finally:
            log.close()
        self.store.catch_up([place], timeout_s=10)

    def versions(self, stream_id: str) -> list[int]:
        """Of which the table has a snapshot, whatever it was made with."""
        rows = Row.objects.filter(stream_id=stream_id).order_by("version")
        return [row.version for row in rows]

    def in_topic(self) -> list[LogRecord]:
        """All records of the snapshots' topics."""
        log = self.store.make_log()
        try:
            return [
                record
                for place in snapshot_topics().places
                for record in log.read(place, 0).records
            ]
        finally:
            log.close()
