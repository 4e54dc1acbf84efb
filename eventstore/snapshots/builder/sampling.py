"""Holds some snapshots against a full replay: what they say must be what the events say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import structlog

from eventstore import metrics
from eventstore.aggregates import Aggregate
from eventstore.errors import StateNotStorable, StateWithheld, UnreadableEvent
from eventstore.protocol.positions import record_of
from eventstore.queries import snapshots as queries
from eventstore.queries.connection import reading_cursor
from eventstore.snapshots.builder import statements
from eventstore.snapshots.builder.places import partitions_of
from eventstore.snapshots.builder.replaying import ApplyError, Replay
from eventstore.snapshots.signing import said_by_row, signer
from eventstore.snapshots.states import encoded, says_the_same

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

    from eventstore.queries.snapshots import StoredSnapshot
    from eventstore.snapshots import SnapshotStore
    from eventstore.snapshots.writing import SnapshotWriter
    from eventstore.store import EventStore

logger = structlog.get_logger(__name__)

T = TypeVar("T", bound=Aggregate[Any])


@dataclass(slots=True)
class Sampled:
    """How many snapshots were looked at; which of them a replay contradicts, and with which it cannot be compared.

    refused: those that this store has not signed.
    """

    looked_at: int = 0
    events: int = 0
    drifted: list[str] = field(default_factory=list)  # "order.order-1 at version 10"
    unreadable: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


class Sampler(Generic[T]):
    """Of one class's snapshots. One thread's, as its writer is."""

    def __init__(
        self,
        snapshots: SnapshotStore[T],
        store: EventStore,
        writer: SnapshotWriter,
        chance: Random,
    ) -> None:
        self._snapshots = snapshots
        self._writer = writer
        self._chance = chance
        self._topics = store.topics
        self._replay = Replay(store, snapshots)

    def spans(self) -> list[tuple[int, int]]:
        """The packed positions of each partition between which there are snapshots. Raises `IndexIncomplete`."""
        snapshots = self._snapshots
        partitions = partitions_of(snapshots.aggregate, self._topics)
        arguments = partitions, snapshots.made_with, snapshots.frequency
        with reading_cursor() as cursor:
            spans = queries.looked_through(cursor, *arguments)
        return [span for span in spans if span[0] < span[1]]

    def look_into(self, span: tuple[int, int], sampled: Sampled) -> None:
        """Compare one snapshot by chance, if there is one near that place in the log.

        One that has drifted is an error in the log, counted, and never loaded again: whoever loads replays from the
        one before it. Raises `IndexIncomplete`, and database trouble.
        """
        made, before = self._snapshots.made_with, self._replay.events
        at = record_of(self._chance.randrange(*span))
        with reading_cursor() as cursor:
            there = queries.near(cursor, at, span[1], made)
            if not there:
                return
            stream_id, version = self._chance.choice(there)
            snapshot = queries.newest(cursor, stream_id, made, version)
        if snapshot is not None and not signer().knows(
            said_by_row(snapshot, made), snapshot.mac
        ):
            sampled.refused.append(f"{stream_id} at version {snapshot.version}")
            self._snapshots.refuse(snapshot)
        elif snapshot is not None:
            self._compare(snapshot, sampled)
        sampled.events += self._replay.events - before

    def _compare(self, snapshot: StoredSnapshot, sampled: Sampled) -> None:
        """Where it has drifted, all of its stream are compared."""
        replayed = self._replayed(snapshot.stream_id, [snapshot.version], sampled)
        if any(self._has_drifted(snapshot, whole, sampled) for whole in replayed):
            self._compare_all(snapshot.stream_id, sampled)

    def _compare_all(self, stream_id: str, sampled: Sampled) -> None:
        """Those that were built from one that has drifted have drifted, too."""
        made = self._snapshots.made_with
        with reading_cursor() as cursor:
            others = queries.versions(cursor, stream_id, made)
        for whole in self._replayed(stream_id, others, sampled):
            with reading_cursor() as cursor:
                other = queries.newest(cursor, stream_id, made, whole.version)
            if other is not None and other.version == whole.version:
                self._has_drifted(other, whole, sampled)

    def _replayed(
        self, stream_id: str, versions: Sequence[int], sampled: Sampled
    ) -> Iterator[T]:
        """The aggregate at each of these versions, from its events alone, as far as they can be read."""
        left = list(versions)
        try:
            for whole in self._replay.through(stream_id, versions):
                left.remove(whole.version)
                yield whole
        except (UnreadableEvent, ApplyError) as error:
            self._cannot_be_held(stream_id, left[0], error, sampled)

    def _has_drifted(
        self, snapshot: StoredSnapshot, whole: T, sampled: Sampled
    ) -> bool:
        try:
            value = encoded(type(whole).__name__, whole.state)
        except StateWithheld:  # it was made before something of it was erased
            return False
        except StateNotStorable as error:
            self._cannot_be_held(snapshot.stream_id, snapshot.version, error, sampled)
            return False
        state = self._snapshots.state_in(snapshot)
        if state is None:
            return False
        sampled.looked_at += 1
        if self._says(state, value):
            self._count("same")
            return False
        sampled.drifted.append(f"{snapshot.stream_id} at version {snapshot.version}")
        self._set_aside(snapshot)
        return True

    def _cannot_be_held(
        self, stream_id: str, version: int, error: Exception, sampled: Sampled
    ) -> None:
        sampled.unreadable.append(f"{stream_id} at version {version}")
        self._count("unreadable")
        logger.error(
            "a snapshot cannot be compared with a replay",
            action="snapshot-comparison-failed",
            stream=stream_id,
            version=version,
            cause=str(error),
        )

    def _says(self, state: bytes, value: bytes) -> bool:
        """Whether a snapshot says what a replay says; as states, for a set has no order."""
        return says_the_same(state, value, self._snapshots.aggregate.state_type)

    def _set_aside(self, snapshot: StoredSnapshot) -> None:
        row = {
            "stream": snapshot.stream_id,
            "version": snapshot.version,
            "event_id": snapshot.event_id,
        }
        parameters = self._snapshots.made_with.parameters
        self._writer.connection().execute(statements.DRIFTED, parameters | row)
        self._count("drifted")
        logger.error(
            "a snapshot has drifted: it says another state than its events",
            action="snapshot-drifted",
            stream=snapshot.stream_id,
            version=snapshot.version,
            remedy="docs/guide/SNAPSHOTS.md, 'A snapshot has drifted'",
        )

    def _count(self, result: str) -> None:
        stream_type = self._snapshots.aggregate.stream_type
        metrics.SNAPSHOT_SAMPLES.labels(stream_type, result).inc()
