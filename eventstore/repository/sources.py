"""What a repository needs of a store and of snapshots: the part of each that it uses, so that tests can hand in others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from eventstore.events import AppendResult, Expected, NewEvent, RecordedEvent
    from eventstore.queries.streams import StreamInfo
    from eventstore.registry import Event


class Streams(Protocol):
    """What a repository needs of an event store; see `EventStore`."""

    def append(
        self,
        stream_id: str,
        events: Sequence[NewEvent],
        expected: Expected | int | str,
        *,
        commit_id: UUID | None = None,
    ) -> AppendResult:
        """See `EventStore`."""

    async def aappend(
        self,
        stream_id: str,
        events: Sequence[NewEvent],
        expected: Expected | int | str,
        *,
        commit_id: UUID | None = None,
    ) -> AppendResult:
        """See `EventStore`."""

    def read(
        self, stream_id: str, from_version: int = 1, to_version: int | None = None
    ) -> Iterator[RecordedEvent]:
        """See `EventStore`."""

    def history(
        self, stream_id: str, from_version: int = 1, to_version: int | None = None
    ) -> Iterator[Event]:
        """See `EventStore`."""

    async def aread(
        self, stream_id: str, from_version: int = 1, to_version: int | None = None
    ) -> Sequence[RecordedEvent]:
        """See `EventStore`."""

    def stream_info(self, stream_id: str) -> StreamInfo:
        """See `EventStore`."""

    def version_as_of(self, stream_id: str, instant: datetime) -> int:
        """See `EventStore`."""


class StoredState(Protocol):
    """A snapshot, as far as a load needs it. state: JSON of the class's `state_type`."""

    @property
    def version(self) -> int: ...
    @property
    def state(self) -> bytes: ...


class Snapshots(Protocol):
    """Where snapshots of one class come from."""

    def newest(
        self, stream_id: str, *, at_most: int | None = None
    ) -> StoredState | None:
        """The newest one at or below the version that today's code would have made, too; None if there is none."""
