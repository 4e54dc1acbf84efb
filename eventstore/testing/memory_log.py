"""One partition of the store in memory: the fold's state, and what it has decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore.errors import CommitIdReused, EventIdReused, WrongExpectedVersion
from eventstore.events import (
    Position,
    from_milliseconds,
    to_milliseconds,
)
from eventstore.protocol.fold import Entry, State, StreamKey, Verdict, fold
from eventstore.protocol.positions import first_of
from eventstore.protocol.repeats import difference
from eventstore.queries.commits import Decided
from eventstore.queries.rows import recorded_events

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from eventstore.events import AppendResult, Commit, Place, RecordedEvent
    from eventstore.ports import Opener
    from eventstore.registry import Registry


class MemoryPartition:
    """Not for use from many threads: the store has a lock."""

    def __init__(self, place: Place, partitions: int, id_: int) -> None:
        self.place = place
        self._partitions = partitions
        self._id = id_
        self.end = 0
        self.decided: dict[StreamKey, Decided] = {}
        self.accepted: list[Decided] = []
        self._values: dict[int, bytes] = {}
        self._heads: dict[str, int] = {}
        self._event_ids: set[tuple[str, UUID]] = set()
        self._last = 0

    def take(
        self, commit: Commit, value: bytes, now: datetime, *, past: bool = False
    ) -> Decided:
        """Write the commit and fold it; what can never hold again is told without leaving a record (rule 11)."""
        head = self._heads.get(commit.stream_id, 0)
        expected = commit.expected
        may_hold = expected.holds_for if past else expected.can_still_hold
        if not may_hold(head):
            return self._decided(Verdict.WRONG_EXPECTED_VERSION, head, None, commit)
        state = State(
            self.place,
            self._partitions,
            last_recorded_at=self._last,
            heads={commit.stream_id: head},
            commits=self.decided.keys(),
            event_ids=self._event_ids,
        )
        key = commit.stream_id.encode()
        entry = Entry(self.end, to_milliseconds(now), key, value, commit)
        folded = fold(state, [entry])
        (judged,) = folded.judged
        self._last = folded.last_recorded_at
        self._heads |= folded.heads
        self._event_ids |= folded.event_ids
        made = self._decided(judged.verdict, head, judged.first_version, commit)
        self.decided[commit.stream_id, commit.commit_id] = made
        if made.verdict is Verdict.ACCEPTED:
            self.accepted.append(made)
            self._values[self.end] = value
        self.end += 1
        return made

    def events_of(
        self, stream_id: str, types: Registry, opener: Opener | None = None
    ) -> list[RecordedEvent]:
        """All that was accepted of a stream."""
        return [
            event
            for row in self.accepted
            if row.commit.stream_id == stream_id
            for event in self.events_in(row, types, opener)
        ]

    def events_in(
        self, row: Decided, types: Registry, opener: Opener | None = None
    ) -> list[RecordedEvent]:
        """Those of one accepted commit."""
        offset = row.position.offset
        position = first_of(self._id, offset)
        value = self._values[offset]
        rows = [(position, row.recorded_at, row.first_version, value)]
        return next(recorded_events(rows, types, opener))

    def _decided(
        self, verdict: Verdict, head: int, first_version: int | None, commit: Commit
    ) -> Decided:
        place = self.place
        return Decided(
            Position(place.topic, place.partition, self.end),
            from_milliseconds(self._last),
            verdict,
            head,
            first_version,
            commit,
        )


def answer(
    known: Decided,
    earlier: Commit,
    commit: Commit,
    *,
    past: bool = False,
    replayed: bool = False,
) -> AppendResult:
    """What the caller is told of a commit that was decided. earlier: what was decided, opened if it could be. Raises what an append raises."""
    found = difference(earlier, commit, circumstances=past)
    if found is not None:
        raise CommitIdReused(
            str(commit.commit_id),
            commit.stream_id,
            differs=found.what,
            index=found.index,
        )
    if known.verdict is Verdict.ACCEPTED:
        return known.result(replayed=replayed)
    if known.verdict is Verdict.WRONG_EXPECTED_VERSION:
        raise WrongExpectedVersion(
            commit.stream_id,
            expected=commit.expected.value,
            current_version=known.head,
        )
    raise EventIdReused(commit.stream_id)
