"""What applications use: append to streams and read them. The stores differ in their log only."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from functools import cache
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from asgiref.sync import sync_to_async
from django.db import connection

from eventstore import metrics
from eventstore.appender.pending import Pending
from eventstore.appender.thread import Appender
from eventstore.clock import SystemClock
from eventstore.codec import encode
from eventstore.conf import conf, registry
from eventstore.database import Connect, connect
from eventstore.door import Door
from eventstore.errors import (
    AppendOutcomeUnknown,
    CommitTooLarge,
    EventStoreError,
    LogUnavailable,
)
from eventstore.events import (
    MAX_COMMIT_BYTES,
    AppendResult,
    Cut,
    Expected,
    NewEvent,
    Place,
)
from eventstore.indexer.advance import Indexer
from eventstore.log.embedded import EmbeddedLog
from eventstore.placement import place_of
from eventstore.queries.commits import CommitOutcome, decided
from eventstore.reading import Reading
from eventstore.sealing import PassThroughSealer
from eventstore.topics import Topics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.ports import Clock, Log

_GRACE: Final = 0.5  # seconds in which the appender itself may still say why, behind the caller's time-out


class EventStore(Reading, ABC):
    """Streams of events on a log that decides.

    Safe for use from many threads; after a fork each process gets an appender of its own. Reads come from
    PostgreSQL through Django's connection, so they see the caller's transaction snapshot.
    """

    def __init__(
        self,
        *,
        topics: Topics,
        door: Door,
        clock: Clock,
        connect: Connect = connect,
        capacity: int = 10_000,
    ) -> None:
        self.topics = topics
        self._door = door
        self._clock = clock
        self._connect = connect
        self._appender = Appender(self.make_indexer, clock, capacity=capacity)

    @abstractmethod
    def make_log(self) -> Log:
        """A log adapter for one thread."""

    def make_indexer(self) -> Indexer:
        """An indexer for one thread, with a log and a connection of its own."""
        return Indexer(self.topics, self.make_log(), self._connect, self._clock)

    # ---- writing

    def append(
        self,
        stream_id: str,
        events: Sequence[NewEvent],
        expected: Expected | int | str,
        *,
        commit_id: UUID | None = None,
        timeout_s: float | None = None,
    ) -> AppendResult:
        """Propose a commit and wait for what the log decides; what is answered is readable.

        timeout_s: seconds; the configured `APPEND_TIMEOUT` if left out. With a commit id of the caller's the call
        can be repeated at any time, by anybody, and gets the first answer. Raises `InvalidStreamId`, `InvalidEvent`,
        `CommitTooLarge`, `LogUnavailable`, `LogMisconfigured`, `LogTruncated`: nothing was accepted;
        `WrongExpectedVersion`, `EventIdReused`, `CommitIdReused`: refused; `AppendOutcomeUnknown`: ask again.
        """
        pending = self._pending(stream_id, events, expected, commit_id, timeout_s)
        future = self._submit(pending)
        try:
            return future.result(self._patience(pending))
        except FutureTimeout:
            return _last_word(pending)

    async def aappend(
        self,
        stream_id: str,
        events: Sequence[NewEvent],
        expected: Expected | int | str,
        *,
        commit_id: UUID | None = None,
        timeout_s: float | None = None,
    ) -> AppendResult:
        """`append` for coroutines: the same future, awaited. Only a full queue is waited for in a thread."""
        pending = self._pending(stream_id, events, expected, commit_id, timeout_s)
        self._observe(pending)
        if not self._appender.offer(pending):
            await asyncio.to_thread(self._appender.submit, pending)
        try:
            return await asyncio.wait_for(
                asyncio.wrap_future(pending.future), self._patience(pending)
            )
        except TimeoutError:
            return _last_word(pending)

    def submit(
        self,
        stream_id: str,
        events: Sequence[NewEvent],
        expected: Expected | int | str,
        *,
        commit_id: UUID | None = None,
        timeout_s: float | None = None,
    ) -> Future[AppendResult]:
        """Propose without waiting: validated and encoded here, decided later. Waits only while the queue is full."""
        return self._submit(
            self._pending(stream_id, events, expected, commit_id, timeout_s)
        )

    # ---- what became of it

    def outcome(
        self,
        commit_id: UUID,
        stream_id: str | None = None,
        *,
        timeout_s: float | None = None,
    ) -> CommitOutcome:
        """What became of a commit, by the log up to its end as read at this call (rule 15).

        Looks at one partition if the stream is named, else at all. Nothing found is not final.
        """
        places = (
            self.topics.places
            if stream_id is None
            else [place_of(stream_id, self.topics.partitions)]
        )
        wait = conf.APPEND_TIMEOUT if timeout_s is None else timeout_s
        up_to = self.catch_up(places, timeout_s=wait)
        with connection.cursor() as cursor:
            return CommitOutcome(decided(cursor, commit_id, stream_id), up_to)

    async def aoutcome(
        self,
        commit_id: UUID,
        stream_id: str | None = None,
        *,
        timeout_s: float | None = None,
    ) -> CommitOutcome:
        """`outcome` for coroutines."""
        return await sync_to_async(self.outcome)(
            commit_id, stream_id, timeout_s=timeout_s
        )

    # ---- for commands and tests

    def catch_up(self, places: Sequence[Place], *, timeout_s: float) -> Cut:
        """Fold the places to the log's end as it is now; where the cursors then stand."""

        job = self._appender.call(lambda indexer: Cut(indexer.catch_up(places)))
        try:
            return job.result(timeout_s)
        except FutureTimeout:
            msg = "the log's end was not reached in time"
            raise LogUnavailable(msg) from None

    def close(self) -> bool:
        """Drain the appender; False if it did not end in time."""
        return self._appender.close()

    # ---- inside

    def _pending(
        self,
        stream_id: str,
        events: Sequence[NewEvent],
        expected: Expected | int | str,
        commit_id: UUID | None,
        timeout_s: float | None,
    ) -> Pending:
        fresh = commit_id is None and all(event.event_id is None for event in events)
        commit = self._door.commit(
            stream_id, events, Expected.of(expected), commit_id or uuid4()
        )
        value = encode(commit)
        if len(value) > MAX_COMMIT_BYTES:
            raise CommitTooLarge(size=len(value), limit=MAX_COMMIT_BYTES)
        patience = conf.APPEND_TIMEOUT if timeout_s is None else timeout_s
        return Pending(
            commit,
            value,
            place_of(stream_id, self.topics.partitions),
            self._clock.monotonic() + patience,
            fresh,
        )

    def _submit(self, pending: Pending) -> Future[AppendResult]:
        self._observe(pending)
        return self._appender.submit(pending)

    def _observe(self, pending: Pending) -> None:
        """Have the answer counted and timed when it comes."""
        started = self._clock.monotonic()
        pending.future.add_done_callback(
            lambda future: metrics.APPEND_SECONDS.labels(_word(future)).observe(
                self._clock.monotonic() - started
            )
        )

    def _patience(self, pending: Pending) -> float:
        return max(0.0, pending.deadline - self._clock.monotonic()) + _GRACE


class EmbeddedEventStore(EventStore):
    """The store on the log in PostgreSQL."""

    def make_log(self) -> Log:
        """See `EventStore`."""
        return EmbeddedLog(self._connect)


class KafkaEventStore(EventStore):
    """The store on Kafka, by the configured addresses."""

    def make_log(self) -> Log:
        """See `EventStore`."""
        # imported here: whoever runs on the embedded log needs no Kafka client
        from eventstore.log.kafka.log import KafkaLog

        return KafkaLog(conf.KAFKA_BOOTSTRAP, security=conf.KAFKA_SECURITY)


KINDS: Final[dict[str, type[EventStore]]] = {
    "embedded": EmbeddedEventStore,
    "kafka": KafkaEventStore,
}


def make_event_store() -> EventStore:
    """A store by the settings as they are now, with an appender of its own."""
    clock = SystemClock()
    types = registry()
    return KINDS[conf.LOG](
        topics=Topics(
            {t.topic: t.number for t in types.stream_types.values()}, conf.PARTITIONS
        ),
        door=Door(types, clock, PassThroughSealer()),
        clock=clock,
        capacity=conf.APPEND_QUEUE,
    )


@cache
def get_event_store() -> EventStore:
    """The configured store: one a process, made at the first call."""
    return make_event_store()


def _last_word(pending: Pending) -> AppendResult:
    """The caller's time is up: withdraw the commit if it still waits, else say what is known (rule 13)."""
    if pending.future.cancel():
        raise LogUnavailable(pending.trouble)
    if pending.future.done():
        return pending.future.result()
    raise AppendOutcomeUnknown(str(pending.commit.commit_id), pending.commit.stream_id)


def _word(future: Future[AppendResult]) -> str:
    if future.cancelled():
        return LogUnavailable.code
    error = future.exception()
    if error is None:
        return "accepted"
    return error.code if isinstance(error, EventStoreError) else "error"
