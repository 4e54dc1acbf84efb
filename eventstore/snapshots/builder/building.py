"""Builds what is due, a bounded batch at a time. One builder a partition and code; the others pass by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import structlog

from eventstore import metrics
from eventstore.aggregates import Aggregate
from eventstore.errors import IndexRebuilt, StateWithheld
from eventstore.protocol.placement import place_of
from eventstore.protocol.positions import first_of
from eventstore.queries import snapshots as queries
from eventstore.queries.connection import reading_cursor
from eventstore.snapshots.builder import statements
from eventstore.snapshots.builder.batch import Batch, Bounds, replayed
from eventstore.snapshots.builder.places import partitions_of, topic_of
from eventstore.snapshots.builder.replaying import GAP, Problem, Replay
from eventstore.snapshots.builder.reviewing import review
from eventstore.snapshots.writing import count, insert

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import timedelta
    from uuid import UUID

    from eventstore.ports import Clock
    from eventstore.queries.snapshots import Due
    from eventstore.snapshots import SnapshotStore
    from eventstore.snapshots.writing import SnapshotWriter
    from eventstore.store import EventStore

logger = structlog.get_logger(__name__)

T = TypeVar("T", bound=Aggregate[Any])

_RETRIES: Final = 20  # streams a call


@dataclass(frozen=True, slots=True)
class Built:
    """What was done. more: whether something is left to look through. withheld: states that may not be kept."""

    events: int = 0
    snapshots: int = 0
    problems: Sequence[Problem] = ()
    more: bool = False
    withheld: int = 0

    def __add__(self, other: Built) -> Built:
        return Built(
            self.events + other.events,
            self.snapshots + other.snapshots,
            [*self.problems, *other.problems],
            self.more or other.more,
            self.withheld + other.withheld,
        )


class Builder(Generic[T]):
    """Of one class's snapshots. One thread's, as its writer is."""

    def __init__(
        self,
        snapshots: SnapshotStore[T],
        store: EventStore,
        writer: SnapshotWriter,
        clock: Clock,
        *,
        bounds: Bounds = Bounds(),  # noqa: B008  (frozen)
    ) -> None:
        self.snapshots = snapshots
        self._bounds = bounds
        self._writer = writer
        self._clock = clock
        self._made = snapshots.made_with
        self._frequency = snapshots.frequency
        self._key = self._made.parameters | {"frequency": self._frequency}
        self._topics = store.topics
        self._replay = Replay(store, snapshots)

    def lagging(self) -> list[int]:
        """The ids of the partitions in which something is left to look through."""
        topic = topic_of(self.snapshots.aggregate)
        with reading_cursor() as cursor:
            return queries.lagging(cursor, topic, self._made, self._frequency)

    def build(self, partition: int) -> Built | None:
        """Build a batch of what is due in a partition; None if somebody else is at it.

        1. take the partition's row of this code; then in the same transaction:
        2. look for what is due beyond its cursor        3. replay it, from the newest snapshots there are
        4. write to the topic        5. rows, problems, and the cursor behind them; commit
        A crash leaves the cursor where it was, and the next builder finds due what has no row. After 4 the mirror
        process may put the rows in meanwhile, or the same snapshots are made again: twice in the topic, once in the
        table. Raises `IndexRebuilt`, `IndexIncomplete`, `SnapshotNotWritten`, and database trouble.
        """
        key = self._key | {"partition": partition}
        connection = self._writer.connection()
        connection.execute(statements.REGISTER, key)
        with connection.transaction():
            row = connection.execute(statements.TAKE, key).fetchone()  # 1
            if row is None:
                return None
            due, moved, end = self._due(partition, *row)  # 2
            batch = self._replayed(due, partition, moved["generation"])  # 3
            if batch.snapshots:
                self._writer.to_topic(batch.snapshots)  # 4
                insert(connection, batch.snapshots)  # 5
            self._note(batch.problems.values(), partition)
            if batch.undone:
                moved["next"] = min(one.position for one in batch.undone.values())
            connection.execute(statements.MOVE, key | moved)
        return self._built(batch, more=moved["next"] < end)

    def build_stream(self, stream_id: str) -> Built:
        """Build what is due of one stream, whoever else may be at it. Raises as `build`.

        1. take out what this store has not signed, and what is sealed under a key that is gone      2. build what is due, batch by batch
        3. if that went well, it counts as failing no more
        4. build what others have passed meanwhile because it did. What a batch wrote stays, and a call that was cut short
        can be repeated.
        """
        opener = self.snapshots.opener
        review(self._writer.connection(), opener, stream_id=stream_id)  # 1
        partition = self._topics.partition_id(
            place_of(stream_id, self._topics.partitions)
        )
        built = self._all_of(stream_id, partition)  # 2
        if not built.problems:
            key = self._key | {"stream": stream_id}
            self._writer.connection().execute(statements.WORKED, key)  # 3
            built += self._all_of(stream_id, partition)  # 4
        self._note(built.problems[:1], partition)
        return built

    def retry(self, after: timedelta) -> Built:
        """Try some of the streams again that failed longer ago than this."""
        before = self._clock.now() - after
        partitions = partitions_of(self.snapshots.aggregate, self._topics)
        arguments = partitions, self._made, before
        with reading_cursor() as cursor:
            streams = queries.to_retry(cursor, *arguments, most=_RETRIES)
        return sum((self.build_stream(stream) for stream in streams), Built())

    # ---- inside

    def _all_of(self, stream_id: str, partition: int) -> Built:
        """What is due of a stream, up to what cannot be replayed."""
        generation, _ = self._folded_to(partition)
        built, after = Built(), 0
        while due := self._due_of_stream(stream_id, after):
            batch = self._replayed(due, partition, generation)
            if batch.snapshots:
                self._writer.to_topic(batch.snapshots)
                insert(self._writer.connection(), batch.snapshots)
            built += self._built(batch, more=False)
            if any(problem.ends for problem in batch.problems.values()):
                break
            left = [version for _, version in batch.undone]
            after = min(left) - 1 if left else due[-1].version
        return built

    def _replayed(self, due: Sequence[Due], partition: int, generation: UUID) -> Batch:
        """The batch of what is due. Raises `IndexRebuilt` where events are missing because the index is made anew."""
        batch = replayed(self._replay, due, self._clock, self._bounds)
        if any(problem.error == GAP for problem in batch.problems.values()):
            now, _ = self._folded_to(partition)
            if now != generation:
                raise IndexRebuilt
        return batch

    def _folded_to(self, partition: int) -> tuple[UUID, int]:
        with reading_cursor() as cursor:
            return queries.folded_to(cursor, partition)

    def _due(
        self, partition: int, cursor: int, generation: UUID
    ) -> tuple[list[Due], dict[str, Any], int]:
        """What is due beyond the cursor; where it then stands, and where the partition's folded events end.

        The generation is read before the events: if the index is made anew meanwhile, the next batch begins anew.
        """
        with reading_cursor() as reading:
            now, end = queries.folded_to(reading, partition)
            if now != generation:
                cursor = first_of(partition)
            due, next_ = queries.due(
                reading,
                (cursor, end),
                self._made,
                self._frequency,
                most=self._bounds.snapshots,
                scan=self._bounds.scan,
            )
        return due, {"next": next_, "generation": now}, end

    def _due_of_stream(self, stream_id: str, after: int) -> list[Due]:
        arguments = stream_id, after, self._made, self._frequency
        with reading_cursor() as cursor:
            return queries.due_of_stream(
                cursor, *arguments, most=self._bounds.snapshots
            )

    def _note(self, problems: Iterable[Problem], partition: int) -> None:
        """Record, count and tell what could not be made; each stream is told of when it fails first."""
        for problem in sorted(problems, key=lambda one: one.stream_id):
            row = {
                "stream": problem.stream_id,
                "partition": partition,
                "version": problem.version,
                "error": problem.error,
                "detail": problem.detail,
                "now": self._clock.now(),
            }
            connection = self._writer.connection()
            row_before = connection.execute(
                statements.FAILED, self._key | row
            ).fetchone()
            stream_type = self.snapshots.aggregate.stream_type
            metrics.SNAPSHOT_FAILURES.labels(stream_type, problem.error).inc()
            if row_before == (1,):
                logger.error(
                    "no snapshot can be built of a stream; loads replay all its events",
                    action="snapshot-build-failed",
                    stream=problem.stream_id,
                    version=problem.version,
                    code=problem.error,
                    cause=problem.detail,
                )

    def _built(self, batch: Batch, *, more: bool) -> Built:
        """What was committed, told to Prometheus."""
        count(batch.snapshots)
        now = self._clock.now()
        age = metrics.SNAPSHOT_AGE_SECONDS.labels(self.snapshots.aggregate.stream_type)
        for snapshot in batch.snapshots:
            age.observe(max(0.0, (now - snapshot.recorded_at).total_seconds()))
        stream_type = self.snapshots.aggregate.stream_type
        if batch.withheld:
            failed = metrics.SNAPSHOT_FAILURES.labels(stream_type, StateWithheld.code)
            failed.inc(batch.withheld)
        problems = list(batch.problems.values())
        return Built(batch.events, len(batch.snapshots), problems, more, batch.withheld)
