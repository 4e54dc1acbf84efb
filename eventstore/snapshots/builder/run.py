"""What commands and jobs call: build what is due, of all or of one stream, and look at some again."""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from random import SystemRandom
from typing import TYPE_CHECKING, Any, Final

import structlog

from eventstore.clock import SystemClock
from eventstore.conf import aggregates
from eventstore.database import connect
from eventstore.errors import (
    IndexRebuilt,
    InvalidStreamId,
    KeyStoreUnavailable,
    SnapshotNotWritten,
)
from eventstore.events import stream_type_of
from eventstore.opening import opener
from eventstore.queries import snapshots as queries
from eventstore.queries.connection import reading_cursor
from eventstore.snapshots import snapshot_store
from eventstore.snapshots.builder import statements
from eventstore.snapshots.builder.batch import Bounds
from eventstore.snapshots.builder.building import Builder, Built
from eventstore.snapshots.builder.places import partitions_of
from eventstore.snapshots.builder.reviewing import Reviewed, review
from eventstore.snapshots.builder.sampling import Sampled, Sampler
from eventstore.snapshots.writing import SnapshotWriter
from eventstore.store import get_event_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from random import Random

    import psycopg

    from eventstore.errors import Retryable
    from eventstore.ports import Clock, Log, Opener
    from eventstore.queries.snapshots import Failure
    from eventstore.snapshots import SnapshotStore
    from eventstore.store import EventStore

    Progress = Callable[[Built], None]
    Task = Callable[[], Built | None]

logger = structlog.get_logger(__name__)

RETRY_AFTER: Final = timedelta(hours=1)
_LOOKS: Final = (
    5  # at places in the log for one snapshot: where there are few, none may be near
)
_TROUBLES: Final = (
    2  # partitions whose topic does not answer, until the rest is left for later
)


class Snapshotter:
    """The configured classes' snapshots. chance: where sampling gets its places, and building its order, from.

    make_log: that of the snapshots' topics; the store's own if left out. opener: gives what the classes that read what is sealed are
    built with; asked only where there is such a class.
    """

    def __init__(
        self,
        store: EventStore,
        clock: Clock,
        chance: Random,
        *,
        make_log: Callable[[], Log] | None = None,
        opener: Callable[[], Opener] = opener,
        bounds: Bounds = Bounds(),  # noqa: B008  (frozen)
    ) -> None:
        self._store = store
        self._clock = clock
        self._chance = chance
        self._make_log = make_log or store.make_log
        self._opener = opener
        self._bounds = bounds

    def build_due(
        self,
        *,
        seconds: float | None = None,
        stopped: Callable[[], bool] = lambda: False,
        progress: Progress = lambda _: None,
    ) -> Built:
        """Build what is due in all partitions; what others are at is left to them.

        seconds: after which no further batch is begun; without it, until nothing is left. Partitions take turns, in an
        order by chance, so that a bounded call starves none. Raises `SnapshotNotWritten` at the end where a topic did
        not answer, `KeyStoreUnavailable` where the key store did not, `IndexIncomplete`, and database trouble.
        """
        troubles: list[Retryable] = []
        deadline = None if seconds is None else self._clock.monotonic() + seconds

        def ended() -> bool:
            late = deadline is not None and self._clock.monotonic() >= deadline
            unwritten = [one for one in troubles if isinstance(one, SnapshotNotWritten)]
            return late or stopped() or len(unwritten) >= _TROUBLES

        with self._builders() as builders:
            built, tasks = Built(), self._tasks(builders)
            while tasks and not ended():
                task = tasks.popleft()
                done = _taken(task, troubles)
                built += done
                progress(done)
                if done.more:
                    tasks.append(task)
        if troubles:
            raise troubles[0]
        return replace(built, more=bool(tasks))

    def build_stream(self, stream_id: str) -> Built:
        """Build what is due of one stream. Raises `InvalidStreamId`, `StreamNotFound`, and as `build_due`."""
        stream_type = stream_type_of(self._store.stream_info(stream_id).stream_id)
        with self._builders() as builders:
            for builder in builders:
                if builder.snapshots.aggregate.stream_type == stream_type:
                    return builder.build_stream(stream_id)
        msg = f"no class of EVENTSTORE['AGGREGATES'] has the stream type {stream_type}"
        raise InvalidStreamId(msg)

    def sample(self, count: int) -> Sampled:
        """Hold so many snapshots, by chance, against a full replay; fewer where few are found.

        The chance is the events': each is as likely to be looked at. Raises `IndexIncomplete`, and database trouble.
        """
        sampled = Sampled()
        with self._writer() as writer:
            spans = [
                (sampler, span)
                for cls in aggregates().values()
                for sampler in [self._sampler(cls, writer)]
                for span in sampler.spans()
            ]
            sizes = [end - first for _, (first, end) in spans]
            for _ in range(count * _LOOKS if spans else 0):
                ((sampler, span),) = self._chance.choices(spans, sizes)
                sampler.look_into(span, sampled)
                if sampled.looked_at + len(sampled.unreadable) >= count:
                    break
        return sampled

    def failures(self) -> list[Failure]:
        """The streams of which no snapshot can be made, by this code."""
        failures: list[Failure] = []
        with reading_cursor() as cursor:
            for cls in aggregates().values():
                partitions = partitions_of(cls, self._store.topics)
                failures += queries.failures(
                    cursor, partitions, snapshot_store(cls).made_with
                )
        return failures

    def start_again(self) -> Reviewed:
        """Have everything looked through anew: what is there, and signed by this store, is not made again."""
        with self._writer() as writer:
            opens = any(cls.reads_sealed for cls in aggregates().values())
            reviewed = review(writer.connection(), self._opener() if opens else None)
            for statement in statements.START_AGAIN:
                writer.connection().execute(statement)
        return reviewed

    # ---- inside

    @contextmanager
    def _writer(self) -> Iterator[SnapshotWriter]:
        """One for all classes: the topics are on one log."""
        made = SnapshotWriter(self._make_log(), _patient)
        try:
            yield made
        finally:
            made.close()

    def _tasks(self, builders: Sequence[Builder[Any]]) -> deque[Task]:
        """What is to be done: the streams that are to be tried again, and the partitions where something is left."""
        tasks: list[Task] = []
        for builder in builders:
            tasks.append(partial(builder.retry, RETRY_AFTER))
            tasks += [partial(builder.build, id_) for id_ in builder.lagging()]
        self._chance.shuffle(tasks)
        return deque(tasks)

    def _sampler(self, cls: type[Any], writer: SnapshotWriter) -> Sampler[Any]:
        return Sampler(self._snapshots(cls), self._store, writer, self._chance)

    def _snapshots(self, cls: type[Any]) -> SnapshotStore[Any]:
        return snapshot_store(cls, opener=self._opener() if cls.reads_sealed else None)

    @contextmanager
    def _builders(self) -> Iterator[list[Builder[Any]]]:
        with self._writer() as writer:
            yield [
                Builder(
                    self._snapshots(cls),
                    self._store,
                    writer,
                    self._clock,
                    bounds=self._bounds,
                )
                for cls in aggregates().values()
            ]


def _taken(task: Task, troubles: list[Retryable]) -> Built:
    """What one turn has built. Nothing where somebody else is at it, or the index was made anew meanwhile, or topic or key store
    does not answer: the next call will look, and classes that need no keys go on."""
    try:
        return task() or Built()
    except IndexRebuilt:
        logger.warning(
            "the index was rebuilt while a builder worked; the next run builds the rest",
            action="index-rebuilt",
        )
    except (SnapshotNotWritten, KeyStoreUnavailable) as error:
        troubles.append(error)
    return Built()


def _patient() -> psycopg.Connection[Any]:
    """A connection that may stand idle in its transaction for as long as a batch replays."""
    connection = connect()
    connection.execute(statements.LIMITS)
    return connection


def make_snapshotter() -> Snapshotter:
    """By the settings as they are now."""
    return Snapshotter(get_event_store(), SystemClock(), SystemRandom())
