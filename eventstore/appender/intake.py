"""From what a caller proposes to a commit on its way: admitted, encoded, with its place. All of it in the caller's thread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import uuid4

from eventstore import metrics
from eventstore.appender.closed import ClosedSealer
from eventstore.appender.pending import Pending
from eventstore.errors import CommitTooLarge
from eventstore.events import MAX_COMMIT_BYTES
from eventstore.protocol.codec import encode
from eventstore.protocol.placement import place_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from eventstore.appender.admission import Door
    from eventstore.events import Commit, Expected, NewEvent


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes commits in for the appender. What is refused leaves no trace. Waits for nothing but keys that are not in memory.

    Deadlines are on the monotonic clock.
    """

    door: Door
    partitions: int

    @metrics.refusals("append")
    def commit(
        self,
        stream_id: str,
        events: Sequence[NewEvent],
        expected: Expected | int | str,
        commit_id: UUID | None,
        deadline: float,
        *,
        at_once: bool = False,
    ) -> Pending:
        """A commit of new events, under an id of its own if none is given. Raises as `Door.commit`, and `CommitTooLarge`."""
        own = uuid4() if commit_id is None else commit_id
        commit = self.door.commit(stream_id, events, expected, own, at_once=at_once)
        fresh = commit_id is None and all(event.event_id is None for event in events)
        return self._on_its_way(commit, deadline, fresh=fresh)

    def past_commit(
        self,
        stream_id: str,
        events: Sequence[NewEvent],
        first_version: int | None,
        commit_id: UUID,
        deadline: float,
    ) -> Pending:
        """A commit of facts that another log has accepted. Raises as `Door.past_commit`, and `CommitTooLarge`."""
        commit = self.door.past_commit(stream_id, events, first_version, commit_id)
        return self._on_its_way(commit, deadline, past=True)

    def closed(self) -> Intake:
        """One that takes in what can be compared and cannot be written, for the keys are gone."""
        return Intake(replace(self.door, sealer=ClosedSealer()), self.partitions)

    def _on_its_way(
        self,
        commit: Commit,
        deadline: float,
        *,
        fresh: bool = False,
        past: bool = False,
    ) -> Pending:
        if isinstance(self.door.sealer, ClosedSealer):
            place = place_of(commit.stream_id, self.partitions)
            return Pending(
                commit, b"", place, deadline, self.door.sealer, fresh=False, past=past
            )
        value = encode(commit, self.door.registry.fields_of)
        if len(value) > MAX_COMMIT_BYTES:
            raise CommitTooLarge(size=len(value), limit=MAX_COMMIT_BYTES)
        place = place_of(commit.stream_id, self.partitions)
        return Pending(commit, value, place, deadline, self.door.sealer, fresh, past)
