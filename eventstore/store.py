"""What applications use: append to streams and read them. The stores differ in their log only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager
from functools import cache, partial
from threading import Lock
from typing import TYPE_CHECKING, ClassVar, Final, TypeVar

from asgiref.sync import sync_to_async

from eventstore import metrics
from eventstore.appender.admission import Door
from eventstore.appender.answer import answer_from_decided
from eventstore.appender.intake import Intake
from eventstore.appender.outcome import outcome
from eventstore.appender.pending import Pending, deadline_in
from eventstore.appender.thread import Appender
from eventstore.appender.waiting import Limits
from eventstore.clock import SystemClock
from eventstore.conf import conf, registry
from eventstore.database import Connect, and_hang_up, connect
from eventstore.errors import DatabaseUnanswered, LogUnanswered, SubjectErased
from eventstore.events import (
    AppendResult,
    Cut,
    Expected,
    NewEvent,
    Place,
)
from eventstore.indexer import mark
from eventstore.indexer.indexer import Indexer
from eventstore.indexer.reporting import FoldReporter
from eventstore.indexer.session import Session
from eventstore.indexer.share import Patience
from eventstore.log import configured
from eventstore.log.topics import Topics
from eventstore.opening import sealer
from eventstore.protocol.arguments import commit_id_in, stream_id_in
from eventstore.protocol.placement import place_of
from eventstore.queries.reading import Reading
from eventstore.sealing.sealer import KeysNotHeld

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from eventstore.log.configured import LogFactory
    from eventstore.ports import Clock, Log
    from eventstore.queries.commits import CommitOutcome

_T = TypeVar("_T")
_Question = Callable[[Indexer, Patience], _T]

_GRACE: Final = 0.5  # seconds in which the appender itself may still say why, behind the caller's time-out
_making: Final = Lock()
_LIMITS: Final = Limits()


class EventStore(Reading):
    """Streams of events on the configured log, which decides; for use from many threads, and a fork begins with an appender of its own.

    Reads come from PostgreSQL through Django's connection, so they see the caller's transaction snapshot.
    """

    _open: ClassVar[LogFactory] = staticmethod(configured.open_log)

    def __init__(
        self,
        *,
        topics: Topics,
        door: Door,
        clock: Clock,
        connect: Connect = connect,
        limits: Limits = _LIMITS,
    ) -> None:
        self.topics = topics
        self._intake = Intake(door, topics.partitions)
        self._clock = clock
        self._connect = connect
        self.reporter = FoldReporter(clock)
        self._appender = Appender(self.make_indexer, clock, limits)

    @contextmanager
    def indexer(self) -> Iterator[Indexer]:
        """An indexer for the time being, closed with its log at the end."""
        made = self.make_indexer()
        try:
            yield made
        finally:
            made.close()
            made.log.close()

    def make_indexer(self) -> Indexer:
        """An indexer for one thread, with a log and a connection of its own."""
        log = self.make_log()
        return Indexer(
            Session(self.topics, log, self._connect, self._clock, self.reporter)
        )

    def make_log(self) -> Log:
        """A log adapter for one thread."""
        return self._open(self._connect)

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
        """Append a commit under an expectation (optimistic concurrency) and wait for the log's verdict; then everybody can read it.

        events: a list or a tuple. timeout_s: seconds; the configured `APPEND_TIMEOUT` if left out. With a commit id of your own (an idempotency key)
        anybody can retry the call at any time, and gets the first answer. Raises what is `Refused` (`InvalidStreamId`, `InvalidEvent`,
        `CommitTooLarge`, `SubjectErased`, `LogUnavailable`), or `KeyStoreUnavailable`: nothing was written; what is `Decided` (`WrongExpectedVersion`, `EventIdReused`, `CommitIdReused`);
        `AppendOutcomeUnknown`: retry with its commit id; `LogMisconfigured`, `LogTruncated`: an operator must look; TypeError and ValueError: no time-out.
        """
        pending = self._pending(stream_id, events, expected, commit_id, timeout_s)
        future = self._submit(pending)
        try:
            return future.result(self._patience(pending))
        except FutureTimeout:
            return pending.last_word()

    async def aappend(
        self,
        stream_id: str,
        events: Sequence[NewEvent],
        expected: Expected | int | str,
        *,
        commit_id: UUID | None = None,
        timeout_s: float | None = None,
    ) -> AppendResult:
        """`append` for coroutines: the same future, awaited. Only a full queue, and keys that are not in memory, are waited for in a thread."""
        pend = partial(self._pending, stream_id, events, expected, commit_id, timeout_s)
        try:
            pending = pend(at_once=True)
        except KeysNotHeld:
            pending = await asyncio.to_thread(and_hang_up, pend)
        pending.observe(self._clock)
        if not (pending.future.done() or self._appender.offer(pending)):
            await asyncio.to_thread(self._appender.submit, pending)
        try:
            return await asyncio.wait_for(
                asyncio.wrap_future(pending.future), self._patience(pending)
            )
        except TimeoutError:
            return pending.last_word()

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

    @metrics.refusals("append")
    def submit_past(
        self,
        stream_id: str,
        events: Sequence[NewEvent],
        *,
        commit_id: UUID,
        first_version: int | None = None,
    ) -> Future[AppendResult]:
        """Propose what another log has accepted, as it was: in its schema, if today's types can read it.

        first_version: what the first event has there and gets here, or nothing is written, not even a refusal:
        `WrongExpectedVersion`. A repeat is compared in all that it says, its times and causes too.
        """
        past = stream_id, events, first_version, commit_id, self._deadline(None)
        try:
            return self._submit(self._intake.past_commit(*past))
        except SubjectErased as erased:
            return self._repeated(self._intake.closed().past_commit(*past), erased)

    def outcome(
        self,
        commit_id: UUID,
        stream_id: str | None = None,
        *,
        timeout_s: float | None = None,
    ) -> CommitOutcome:
        """What became of a commit, by the log up to its end as read at this call (rule 15).

        Looks at one partition if the stream is named, else at all. Nothing found is not final. Raises `LogUnanswered` if the log's end is
        not reached in time: then nothing is known of the commit, and only its own id may be tried again. TypeError for no UUID.
        """
        places, commit_id = self.topics.places, commit_id_in(commit_id)
        if stream_id is not None:
            stream_id = stream_id_in(stream_id)
            registry().stream_type_of(stream_id)
            places = [place_of(stream_id, self.topics.partitions)]
        return self._ask(
            lambda indexer, by: outcome(indexer, places, commit_id, stream_id, by),
            timeout_s,
        )

    async def aoutcome(
        self,
        commit_id: UUID,
        stream_id: str | None = None,
        *,
        timeout_s: float | None = None,
    ) -> CommitOutcome:
        """`outcome` for coroutines."""
        ask = partial(self.outcome, commit_id, stream_id, timeout_s=timeout_s)
        return await sync_to_async(ask)()

    # ---- for commands and tests

    def catch_up(self, places: Sequence[Place], *, timeout_s: float) -> Cut:
        """Fold the places to the log's end as it is now; where the cursors then stand."""
        return Cut(self._ask(lambda one, by: one.catch_up(places, by), timeout_s))

    def complete_index(self, *, timeout_s: float | None = None) -> bool:
        """Fold to the log's end and mark the index complete if it is not; whether it now is (rule 16)."""
        return self._ask(mark.complete, timeout_s)

    def _ask(self, question: _Question[_T], timeout_s: float | None) -> _T:
        """What the appender's thread finds. Raises `LogUnanswered` if it does not come to an end in time."""
        deadline = self._deadline(timeout_s)
        patience = Patience(deadline)
        job = self._appender.call(lambda indexer: question(indexer, patience))
        try:
            return job.result(max(0.0, deadline - self._clock.monotonic()) + _GRACE)
        except FutureTimeout:
            job.cancel()
            msg = "the log's end was not reached in time"
            raise LogUnanswered(msg) from None
        except DatabaseUnanswered as error:
            raise LogUnanswered(error.reason) from error

    def may_wait(self) -> bool:
        """Whether this thread may wait for an append. The appender's own may not: it would wait for itself."""
        return not self._appender.is_here()

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
        *,
        at_once: bool = False,
    ) -> Pending:
        new = stream_id, events, expected, commit_id, self._deadline(timeout_s)
        try:
            return self._intake.commit(*new, at_once=at_once)
        except SubjectErased as erased:
            if commit_id is None:
                raise
            closed = self._intake.closed().commit(*new)
            self._repeated(closed, erased)
            return closed

    def _repeated(self, closed: Pending, erased: SubjectErased) -> Future[AppendResult]:
        """Resolve a commit whose keys are gone since by what an earlier record fixed; as not written by this call, if the log does not say.
        Raises `erased` if there is none."""
        left = max(0.0, closed.deadline - self._clock.monotonic())
        commit = closed.commit
        try:
            found = self.outcome(commit.commit_id, commit.stream_id, timeout_s=left)
        except LogUnanswered as error:
            closed.trouble = error.reason
            closed.give_up(error)
            return closed.future
        if not found.decided:
            raise erased
        answer_from_decided(closed, found.decided[0])
        return closed.future

    def _submit(self, pending: Pending) -> Future[AppendResult]:
        pending.observe(self._clock)
        if pending.future.done():  # it was decided long ago
            return pending.future
        return self._appender.submit(pending)

    def _deadline(self, timeout_s: float | None) -> float:
        seconds = conf.APPEND_TIMEOUT if timeout_s is None else timeout_s
        return deadline_in(seconds, self._clock)

    def _patience(self, pending: Pending) -> float:
        return max(0.0, pending.deadline - self._clock.monotonic()) + _GRACE


class EmbeddedEventStore(EventStore):
    """The store on the log in PostgreSQL, whatever the setting says."""

    _open = staticmethod(configured.open_embedded)


class KafkaEventStore(EventStore):
    """The store on Kafka, by the configured addresses, whatever the setting says."""

    _open = staticmethod(configured.open_kafka)


KINDS: Final[dict[str, type[EventStore]]] = {
    configured.EMBEDDED: EmbeddedEventStore,
    configured.KAFKA: KafkaEventStore,
}


def make_event_store() -> EventStore:
    """A store by the settings as they are now, with an appender of its own. Raises ImproperlyConfigured."""
    configured.log_factory()  # that it leads nowhere is said here, and not by the appender's thread
    clock = SystemClock()
    types = registry()
    return KINDS.get(conf.LOG, EventStore)(
        topics=Topics.of(types, conf.PARTITIONS),
        door=Door(types, clock, sealer()),
        clock=clock,
        limits=Limits(conf.APPEND_QUEUE, conf.APPEND_QUEUE_BYTES),
    )


def get_event_store() -> EventStore:
    """The configured store: one a process, made at the first call, whoever comes first."""
    with _making:
        return _the_store()


@cache
def _the_store() -> EventStore:
    return make_event_store()
