"""An event store in memory, for unit tests of applications: the same door, the same fold, no log and no database.

It keeps what `EventStore` promises for one process (`store_contract` runs on it), and forgets all of it with itself.
"""

from __future__ import annotations

from concurrent.futures import Future
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from eventstore.appender.admission import Door
from eventstore.appender.closed import ClosedSealer
from eventstore.appender.pending import deadline_in
from eventstore.clock import SystemClock
from eventstore.conf import registry as configured
from eventstore.errors import (
    CommitTooLarge,
    CutBeyondEnd,
    EventStoreError,
    FutureInstant,
    StreamNotFound,
    SubjectErased,
)
from eventstore.events import MAX_COMMIT_BYTES, Cut, Expected, Place, StreamInfo
from eventstore.log.topics import Topics
from eventstore.opening.opener import KeyOpener
from eventstore.protocol.arguments import (
    commit_id_in,
    instant_in,
    refuse_bounds,
    stream_id_in,
)
from eventstore.protocol.codec import encode
from eventstore.protocol.placement import place_of
from eventstore.queries.commits import CommitOutcome, Decided
from eventstore.queries.reading import refuse_foreign, topics_of
from eventstore.sealing.sealer import KeySealer
from eventstore.testing.memory_keys import MemoryKeys
from eventstore.testing.memory_log import MemoryPartition, answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from eventstore.events import AppendResult, Commit, NewEvent, RecordedEvent
    from eventstore.ports import Clock, KeyRing, Opener
    from eventstore.registry import Event, Registry


class MemoryEventStore:
    """The methods of `EventStore`; for use from many threads.

    types: the configured registry, if left out. keys: what it seals under; keys of its own in memory, if left out.
    """

    def __init__(
        self,
        types: Registry | None = None,
        *,
        clock: Clock | None = None,
        partitions: int = 3,
        keys: KeyRing | None = None,
    ) -> None:
        self._types = types or configured()
        self._clock = clock or SystemClock()
        self.topics = Topics.of(self._types, partitions)
        self.keys = MemoryKeys() if keys is None else keys
        self._sealer = KeySealer(self.keys)
        self._door = Door(self._types, self._clock, self._sealer)
        self._closed = Door(self._types, self._clock, ClosedSealer())
        self._lock = Lock()
        self._partitions = {
            place: MemoryPartition(place, partitions, self.topics.partition_id(place))
            for place in self.topics.places
        }

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
        """See `EventStore`."""
        deadline_in(0.0 if timeout_s is None else timeout_s, self._clock)
        own_id = uuid4() if commit_id is None else commit_id
        new = stream_id, events, expected, own_id
        try:
            commit = self._door.commit(*new)
        except SubjectErased as erased:
            return self._repeated(self._closed.commit(*new), erased)
        return self._decide(commit)

    async def aappend(
        self,
        stream_id: str,
        events: Sequence[NewEvent],
        expected: Expected | int | str,
        *,
        commit_id: UUID | None = None,
        timeout_s: float | None = None,
    ) -> AppendResult:
        """See `EventStore`."""
        return self.append(
            stream_id, events, expected, commit_id=commit_id, timeout_s=timeout_s
        )

    def submit(
        self,
        stream_id: str,
        events: Sequence[NewEvent],
        expected: Expected | int | str,
        *,
        commit_id: UUID | None = None,
    ) -> Future[AppendResult]:
        """See `EventStore`; decided at once."""
        future: Future[AppendResult] = Future()
        try:
            future.set_result(
                self.append(stream_id, events, expected, commit_id=commit_id)
            )
        except EventStoreError as error:
            future.set_exception(error)
        return future

    def submit_past(
        self,
        stream_id: str,
        events: Sequence[NewEvent],
        *,
        commit_id: UUID,
        first_version: int | None = None,
    ) -> Future[AppendResult]:
        """See `EventStore`; decided at once."""
        future: Future[AppendResult] = Future()
        try:
            past = stream_id, events, first_version, commit_id
            try:
                made = self._decide(self._door.past_commit(*past), past=True)
            except SubjectErased as erased:
                closed = self._closed.past_commit(*past)
                made = self._repeated(closed, erased, past=True)
            future.set_result(made)
        except EventStoreError as error:
            future.set_exception(error)
        return future

    def outcome(self, commit_id: UUID, stream_id: str | None = None) -> CommitOutcome:
        """See `EventStore`."""
        places, commit_id = self.topics.places, commit_id_in(commit_id)
        if stream_id is not None:
            stream_id = stream_id_in(stream_id)
            self._types.stream_type_of(stream_id)
            places = [place_of(stream_id, self.topics.partitions)]
        with self._lock:
            found: list[Decided] = [
                decided
                for place in places
                for (stream, known), decided in self._partitions[place].decided.items()
                if known == commit_id and stream_id in (None, stream)
            ]
            ends = {place: self._partitions[place].end for place in places}
        return CommitOutcome(found, Cut(ends))

    def _decide(self, commit: Commit, *, past: bool = False) -> AppendResult:
        value = encode(commit, self._door.registry.fields_of)
        if len(value) > MAX_COMMIT_BYTES:
            raise CommitTooLarge(size=len(value), limit=MAX_COMMIT_BYTES)
        partition = self._of(commit.stream_id)
        with self._lock:
            known = partition.decided.get((commit.stream_id, commit.commit_id))
            if known is not None:
                both = self._sealer.unsealed(known.commit, commit)
                return answer(known, *both, past=past, replayed=True)
            now = self._clock.now()
            made = partition.take(commit, value, now, past=past)
            return answer(made, made.commit, commit)

    def _repeated(
        self, closed: Commit, erased: SubjectErased, *, past: bool = False
    ) -> AppendResult:
        """The answer to a commit whose keys are gone since. Raises `erased` if there is none."""
        with self._lock:
            decided = self._of(closed.stream_id).decided
            known = decided.get((closed.stream_id, closed.commit_id))
        if known is None:
            raise erased
        return answer(known, known.commit, closed, past=past, replayed=True)

    # ---- reading

    def read(
        self,
        stream_id: str,
        from_version: int = 1,
        to_version: int | None = None,
        *,
        backwards: bool = False,
        limit: int | None = None,
        opener: Opener | None = None,
    ) -> Iterator[RecordedEvent]:
        """See `EventStore`."""
        stream_id = stream_id_in(stream_id)
        self._types.stream_type_of(stream_id)
        refuse_bounds(from_version, to_version, limit)
        with self._lock:
            events = [
                event
                for event in self._of(stream_id).events_of(
                    stream_id, self._types, opener
                )
                if event.metadata.version >= from_version
                and (to_version is None or event.metadata.version <= to_version)
            ]
        return islice(reversed(events) if backwards else events, limit)

    def history(
        self,
        stream_id: str,
        from_version: int = 1,
        to_version: int | None = None,
        *,
        opener: Opener | None = None,
    ) -> Iterator[Event]:
        """See `EventStore`."""
        read = self.read(stream_id, from_version, to_version, opener=opener)
        return map(self._types.event_of, read)

    def opener(self) -> Opener:
        """The right to see what is sealed in this store."""
        return KeyOpener(self.keys)

    async def aread(
        self,
        stream_id: str,
        from_version: int = 1,
        to_version: int | None = None,
        *,
        backwards: bool = False,
        limit: int | None = None,
        opener: Opener | None = None,
    ) -> Sequence[RecordedEvent]:
        """See `EventStore`."""
        found = self.read(
            stream_id,
            from_version,
            to_version,
            backwards=backwards,
            limit=limit,
            opener=opener,
        )
        return list(found)

    def read_all(
        self,
        after: Cut | None = None,
        *,
        types: Sequence[str] | None = None,
        limit: int = 1_000,
        opener: Opener | None = None,
    ) -> tuple[Sequence[RecordedEvent], Cut]:
        """See `EventStore`."""
        topics = set(topics_of(self._types, types, limit))
        refuse_foreign(after or Cut(), self.topics.places)
        offsets = dict((after or Cut()).offsets)
        with self._lock:
            for place, offset in offsets.items():
                if offset > (end := self._partitions[place].end):
                    raise CutBeyondEnd(str(place), offset, end=end)
            return self._next(topics, offsets, limit, opener)

    def stream_info(self, stream_id: str) -> StreamInfo:
        """See `EventStore`."""
        events = list(self.read(stream_id))
        if not events:
            raise StreamNotFound(stream_id)
        first, last = events[0], events[-1]
        return StreamInfo(
            stream_id, last.metadata.version, first.recorded_at, last.recorded_at
        )

    def version_as_of(self, stream_id: str, instant: datetime) -> int:
        """See `EventStore`."""
        events = self.read(stream_id)  # refuses what is no stream
        if instant_in(instant) > self._clock.now():
            raise FutureInstant
        return sum(event.recorded_at <= instant for event in events)

    def catch_up(self, places: Sequence[Place], *, timeout_s: float) -> Cut:
        """See `EventStore`: there is nothing to fold."""
        del timeout_s
        return Cut({place: self._partitions[place].end for place in places})

    def _next(
        self,
        topics: set[str],
        offsets: dict[Place, int],
        limit: int,
        opener: Opener | None,
    ) -> tuple[Sequence[RecordedEvent], Cut]:
        waiting = sorted(
            (row.recorded_at, self._id(place), row.position.offset, place, row)
            for place, partition in self._partitions.items()
            if place.topic in topics
            for row in partition.accepted
            if row.position.offset >= offsets.get(place, 0)
        )
        events: list[RecordedEvent] = []
        for _, _, offset, place, row in waiting:
            of_row = self._partitions[place].events_in(row, self._types, opener)
            if events and len(events) + len(of_row) > limit:
                return events, Cut(offsets)
            events += of_row
            offsets[place] = offset + 1
        ends = {place: self._partitions[place].end for place in self._partitions}
        passed = {p: end for p, end in ends.items() if end and p.topic in topics}
        return events, Cut(offsets | passed)

    def _of(self, stream_id: str) -> MemoryPartition:
        return self._partitions[place_of(stream_id, self.topics.partitions)]

    def _id(self, place: Place) -> int:
        """By which partitions are ordered where times are the same: of the type's number, not of its name."""
        return self.topics.partition_id(place)
