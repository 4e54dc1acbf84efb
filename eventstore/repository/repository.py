"""Aggregates, loaded and saved. `EventSourcingRepository` is what applications depend on; `AggregateRepository` keeps it on any store."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import uuid4

import msgspec
from asgiref.sync import sync_to_async

from eventstore import metrics
from eventstore.aggregates import Aggregate, refuse_unfit, replay
from eventstore.aggregates.saving import rounds_of, saving_of
from eventstore.bus import EventBus, Published
from eventstore.context import correlated, current
from eventstore.errors import (
    Decided,
    Refused,
    StreamNotFound,
    VersionNotFound,
)
from eventstore.events import derived_event_id
from eventstore.protocol.arguments import number_in
from eventstore.repository.cache import AggregateCache

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from uuid import UUID

    from eventstore.aggregates.saving import Proposed
    from eventstore.events import AppendResult
    from eventstore.ports import Opener, Store
    from eventstore.repository.sources import Snapshots

A = TypeVar("A", bound=Aggregate[Any])


class EventSourcingRepository(ABC, Generic[A]):
    """Aggregates of one class. Each method has its `a…` twin for coroutines, which runs it in a thread unless it is made anew."""

    @abstractmethod
    def load(
        self,
        aggregate_id: str,
        *,
        version: int | None = None,
        as_of: datetime | None = None,
    ) -> A:
        """The aggregate as it is now, as it was at a version, or as it was known at a time (by `recorded_at`).

        Raises `StreamNotFound`, `VersionNotFound`, `FutureInstant`, `UnreadableEvent`; ValueError if both are given.
        """

    @abstractmethod
    def save(
        self,
        aggregate: A,
        *,
        correlation_id: UUID | None = None,
        causation_id: UUID | None = None,
    ) -> AppendResult | None:
        """Append what the aggregate has recorded and expect the version at which it was loaded (optimistic concurrency); None if it recorded nothing.

        Takes off the aggregate only what the log accepted. Raises what `EventStore.append` raises. After
        `WrongExpectedVersion` the aggregate still holds what it recorded: load it again and decide again. After
        `AppendOutcomeUnknown` call save again, which is idempotent: it proposes the same commit under the same id, and
        what was recorded since goes into a commit of its own. RuntimeError if another thread or task is saving the same object.
        """

    @abstractmethod
    def exists(self, aggregate_id: str) -> bool:
        """Whether the log has accepted any event of it."""

    async def aload(
        self,
        aggregate_id: str,
        *,
        version: int | None = None,
        as_of: datetime | None = None,
    ) -> A:
        """`load` for coroutines."""
        load = sync_to_async(self.load)
        return await load(aggregate_id, version=version, as_of=as_of)

    async def asave(
        self,
        aggregate: A,
        *,
        correlation_id: UUID | None = None,
        causation_id: UUID | None = None,
    ) -> AppendResult | None:
        """`save` for coroutines."""
        ids = {"correlation_id": correlation_id, "causation_id": causation_id}
        return await sync_to_async(self.save)(aggregate, **ids)

    async def aexists(self, aggregate_id: str) -> bool:
        """`exists` for coroutines."""
        return await sync_to_async(self.exists)(aggregate_id)


class AggregateRepository(EventSourcingRepository[A]):
    """The repository on an event store.

    snapshots: of this class, or None: then every load replays from the first event. bus: told what was accepted. cache: aggregates to
    remember, each checked against the stream's head before it is used; 0 for none, and none of a class that reads what is sealed: what was
    opened must not outlive its key. opener: for such a class; without it `apply` gets `Withheld` in each sensitive field.
    rounds: commits that one save makes at most, of what is recorded while it goes on.
    """

    def __init__(
        self,
        aggregate_class: type[A],
        store: Store,
        *,
        snapshots: Snapshots | None = None,
        bus: EventBus | None = None,
        cache: int = 1_000,
        rounds: int = 100,
        opener: Opener | None = None,
    ) -> None:
        refuse_unfit(aggregate_class)
        self._rounds = rounds
        self._class = aggregate_class
        self._store = store
        self._snapshots = snapshots
        self._bus = EventBus() if bus is None else bus
        cls = aggregate_class
        self._cache = AggregateCache(cls, 0 if cls.reads_sealed else cache)
        self._opener = opener if cls.reads_sealed else None
        self._states = msgspec.json.Decoder(aggregate_class.state_type)
        kind = aggregate_class.stream_type
        self._replayed = metrics.REPLAYED_EVENTS.labels(kind)
        self._seconds = {
            source: metrics.LOAD_SECONDS.labels(kind, source)
            for source in ("cache", "snapshot", "events")
        }

    # ---- loading

    @metrics.refusals("load")
    def load(
        self,
        aggregate_id: str,
        *,
        version: int | None = None,
        as_of: datetime | None = None,
    ) -> A:
        """See `EventSourcingRepository`. The newest snapshot at or below the version, then the events behind it."""
        if version is not None and as_of is not None:
            msg = "a version or a time, not both"
            raise ValueError(msg)
        if version is not None:
            version = number_in(version, "a version", least=1)
        stream_id = self._class(aggregate_id).stream_id
        if as_of is not None:
            version = self._store.version_as_of(stream_id, as_of)
            if version == 0:
                raise StreamNotFound(stream_id)
        return self._load(aggregate_id, stream_id, version)

    def _load(self, aggregate_id: str, stream_id: str, version: int | None) -> A:
        began = time.monotonic()
        source, aggregate, behind = self._start(aggregate_id, stream_id, version)
        at = stream_id, (before := aggregate.version) + 1, version
        if behind:
            replay(aggregate, self._store.history(*at, opener=self._opener))
        if aggregate.is_new:
            raise StreamNotFound(stream_id)
        if version is not None and aggregate.version < version:
            raise VersionNotFound(stream_id, version, current_version=aggregate.version)
        if version is None:
            self._cache.put(aggregate)
        self._replayed.observe(aggregate.version - before)
        self._seconds[source].observe(time.monotonic() - began)
        return aggregate

    def _start(
        self, aggregate_id: str, stream_id: str, version: int | None
    ) -> tuple[str, A, bool]:
        """What the state comes from, where the replay begins, and whether there may be anything to replay."""
        if version is None and (cached := self._cache.get(aggregate_id)) is not None:
            head = self._head(stream_id)
            if head >= cached.version:  # behind a restore it may lie below
                return "cache", cached, head > cached.version
        snapshot = self._snapshots and self._snapshots.newest(
            stream_id, at_most=version
        )
        if not snapshot:
            return "events", self._class(aggregate_id), True
        state = self._states.decode(snapshot.state)
        made = self._class(aggregate_id, state=state, version=snapshot.version)
        return "snapshot", made, snapshot.version != version

    def exists(self, aggregate_id: str) -> bool:
        """See `EventSourcingRepository`."""
        return self._head(self._class(aggregate_id).stream_id) > 0

    def _head(self, stream_id: str) -> int:
        try:
            return self._store.stream_info(stream_id).version
        except StreamNotFound:
            return 0

    # ---- saving

    def save(
        self,
        aggregate: A,
        *,
        correlation_id: UUID | None = None,
        causation_id: UUID | None = None,
    ) -> AppendResult | None:
        """See `EventSourcingRepository`."""
        self._refuse_other(aggregate)
        result = None
        with correlated(correlation_id, causation_id):
            for _ in rounds_of(aggregate, self._rounds):
                with self._proposing(aggregate) as new:
                    result = self._store.append(
                        aggregate.stream_id,
                        new.events,
                        new.expected,
                        commit_id=new.commit_id,
                    )
                    published = self._accepted(aggregate, new, result)
                self._bus.publish(published)
        return result

    async def asave(
        self,
        aggregate: A,
        *,
        correlation_id: UUID | None = None,
        causation_id: UUID | None = None,
    ) -> AppendResult | None:
        """`save` for coroutines."""
        self._refuse_other(aggregate)
        result = None
        with correlated(correlation_id, causation_id):
            for _ in rounds_of(aggregate, self._rounds):
                with self._proposing(aggregate) as new:
                    result = await self._store.aappend(
                        aggregate.stream_id,
                        new.events,
                        new.expected,
                        commit_id=new.commit_id,
                    )
                    published = self._accepted(aggregate, new, result)
                await self._bus.apublish(published)
        return result

    def _refuse_other(self, aggregate: object) -> None:
        """One of another class would be appended all the same, and remembered here as one of this."""
        if not isinstance(aggregate, self._class):
            own, other = self._class.__name__, type(aggregate).__name__
            msg = f"a repository of {own} saves {own}, not a {other}"
            raise TypeError(msg)

    @contextmanager
    def _proposing(self, aggregate: A) -> Iterator[Proposed]:
        saving = saving_of(aggregate)
        with saving.claimed(aggregate.stream_id):
            try:
                yield saving.propose(uuid4())
            except Decided:
                saving.withdraw()
                raise
            except (
                Refused
            ):  # what became of a copy that was sent before, it does not say
                saving.set_aside()
                raise
            except BaseException:  # also a task that was cancelled
                saving.doubt()
                raise

    def _accepted(
        self, aggregate: A, new: Proposed, result: AppendResult
    ) -> list[Published]:
        """Take off what was accepted; in the words of the bus."""
        saving_of(aggregate).accept(new)
        if not aggregate.is_changed:
            self._cache.put(aggregate)
        ids = [derived_event_id(new.commit_id, i) for i in range(len(new.events))]
        return [
            Published(
                event.data,
                ids[index],
                result.stream_id,
                result.first_version + index,
                result.positions[index],
                result.recorded_at,
                current().correlation_id or ids[0],
            )
            for index, event in enumerate(new.events)
        ]
