"""One place for applications to begin: repositories, what a stream is, snapshots by hand, the bus, durable subscriptions."""

from __future__ import annotations

from functools import lru_cache, partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeVar, overload

from asgiref.sync import sync_to_async

from eventstore.aggregates import Aggregate, replay
from eventstore.bus import EventBus
from eventstore.conf import registry
from eventstore.repository import AggregateRepository
from eventstore.snapshots import snapshot_store
from eventstore.snapshots.sealing import Opened
from eventstore.store import get_event_store
from eventstore.subscriptions import Subscription

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from eventstore.bus import Handler
    from eventstore.events import StreamInfo
    from eventstore.ports import Opener, Store
    from eventstore.registry import Event
    from eventstore.snapshots import Snapshot, SnapshotStore
    from eventstore.store import EventStore

A = TypeVar("A", bound=Aggregate[Any])

_making: Final = Lock()


class EventSourcingService:
    """For use from many threads; one a process is enough (`get_service`).

    snapshots: gives a class its store of snapshots, with an `opener` where one is handed in; None for none, as for a store in memory.
    """

    def __init__(
        self,
        store: Store,
        *,
        bus: EventBus | None = None,
        snapshots: Callable[..., SnapshotStore[Any]] | None = snapshot_store,
    ) -> None:
        self.store = store
        self._bus = EventBus() if bus is None else bus
        self._snapshots = snapshots
        self._lock = Lock()
        self._repositories: dict[type[Any], AggregateRepository[Any]] = {}
        self._subscriptions: dict[str, Subscription] = {}

    @property
    def event_bus(self) -> EventBus:
        """The bus of this process: it calls its handlers, at most once, with what this service's repositories have saved."""
        return self._bus

    @property
    def subscriptions(self) -> Mapping[str, Subscription]:
        """The durable ones that were asked for, by name: `manage.py subscriptions run` runs them."""
        return dict(self._subscriptions)

    @overload
    def subscribe(
        self, handler: Handler, *types: type[Event], durable: str, **options: Any
    ) -> Subscription: ...
    @overload
    def subscribe(self, handler: Handler, *types: type[Event]) -> None: ...
    def subscribe(
        self,
        handler: Handler,
        *types: type[Event],
        durable: str | None = None,
        **options: Any,
    ) -> Subscription | None:
        """Call the handler with every accepted event of these classes; of all, if none is named.

        With `durable="name"` it is a subscription of that name: workers (`manage.py subscriptions run`) call the handler
        with every event, whoever appended it, and write its rows exactly once. So subscribe where every process comes by,
        as in `AppConfig.ready`. options: those of `Subscription`. Without it the bus calls the handler, at most once, with
        what this process saves. Raises ValueError for a name that is taken and for options that cannot be.
        """
        if durable is None:
            if options:
                msg = f"{', '.join(options)}: only with durable='a name'"
                raise ValueError(msg)
            self._bus.subscribe(handler, *types)
            return None
        made = Subscription(
            name=durable, handler=handler, types=types or None, **options
        )
        with self._lock:
            if durable in self._subscriptions:
                msg = f"a subscription is named {durable} already"
                raise ValueError(msg)
            self._subscriptions[durable] = made
        return made

    def repository_for(
        self, aggregate_class: type[A], *, opener: Opener | None = None
    ) -> AggregateRepository[A]:
        """The repository of a class, with its cache: the same at every call. opener: for a class that reads what is sealed; its repository
        is made anew at each call, and remembers nothing."""
        if opener is not None and aggregate_class.reads_sealed:
            return self._made(aggregate_class, opener)
        with self._lock:
            made = self._repositories.get(aggregate_class)
            if made is None:
                made = self._made(aggregate_class, None)
                self._repositories[aggregate_class] = made
        return made

    def _made(
        self, aggregate_class: type[A], opener: Opener | None
    ) -> AggregateRepository[A]:
        right = {"opener": opener} if opener is not None else {}
        snapshots = self._snapshots and self._snapshots(aggregate_class, **right)
        return AggregateRepository(
            aggregate_class,
            self.store,
            snapshots=snapshots,
            bus=self._bus,
            opener=opener,
        )

    def stream_info(self, stream_id: str) -> StreamInfo:
        """The stream's head and times. Raises `InvalidStreamId`, `StreamNotFound`."""
        return self.store.stream_info(stream_id)

    async def astream_info(self, stream_id: str) -> StreamInfo:
        """`stream_info` for coroutines."""
        return await sync_to_async(self.stream_info)(stream_id)

    def create_snapshot(
        self,
        aggregate_class: type[A],
        aggregate_id: str,
        *,
        version: int | None = None,
        opener: Opener | None = None,
    ) -> Snapshot:
        """Write a snapshot of the aggregate as it is now, or as it was at a version, by hand; again does no harm.

        opener: for a class that reads what is sealed. Raises what `load` raises, `StateNotStorable` and `SnapshotNotWritten`; ValueError where
        there are no snapshots.
        """
        if self._snapshots is None:
            msg = "this service was made without snapshots"
            raise ValueError(msg)
        repository = self.repository_for(aggregate_class, opener=opener)
        aggregate = repository.load(aggregate_id, version=version)
        opened = None
        if aggregate_class.reads_sealed:
            aggregate, opened = self._replayed(aggregate, opener)
        at = aggregate.version
        [last] = self.store.read(aggregate.stream_id, at, at)
        snapshots = self._snapshots(aggregate_class)
        made = snapshots.snapshot_of(aggregate, last, opened=opened)
        snapshots.write([made])
        return made

    def _replayed(self, aggregate: A, opener: Opener | None) -> tuple[A, Opened]:
        """The same once more, of its events alone, and whose sealed fields were opened for it."""
        blank, opened = type(aggregate)(aggregate.aggregate_id), Opened()
        span = aggregate.stream_id, 1, aggregate.version
        for event in self.store.read(*span, opener=opener):
            replay(blank, [registry().event_of(event)])
            opened.note(event)
        return blank, opened

    async def acreate_snapshot(
        self,
        aggregate_class: type[A],
        aggregate_id: str,
        *,
        version: int | None = None,
        opener: Opener | None = None,
    ) -> Snapshot:
        """`create_snapshot` for coroutines."""
        create = partial(self.create_snapshot, aggregate_class, aggregate_id)
        return await sync_to_async(create)(version=version, opener=opener)


def get_service() -> EventSourcingService:
    """The service on the configured store: one a process, made at the first call."""
    store = get_event_store()
    with _making:
        return _service_on(store)


@lru_cache(maxsize=1)  # by the store, so that a new one has a service of its own
def _service_on(store: EventStore) -> EventSourcingService:
    return EventSourcingService(store)
