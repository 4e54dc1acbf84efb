"""From a stream's events to the snapshots that are due of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from eventstore.aggregates import Aggregate, replay
from eventstore.conf import registry
from eventstore.database import is_trouble
from eventstore.errors import (
    EventStoreError,
    StateNotStorable,
    UnreadableEvent,
)
from eventstore.snapshots.sealing import Opened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eventstore.events import RecordedEvent
    from eventstore.queries.snapshots import Due
    from eventstore.snapshots import Snapshot, SnapshotStore
    from eventstore.store import EventStore

T = TypeVar("T", bound=Aggregate[Any])

APPLY_FAILED: Final = "apply-failed"
GAP: Final = "mirror-has-a-gap"
_GAP: Final = (
    "the index has versions whose records the mirror lacks: run `manage.py verify`"
)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why there is no snapshot at a version. error: the code of the error. No value of an event is quoted.

    ends: whether nothing behind that version can be replayed either.
    """

    stream_id: str
    version: int
    error: str
    detail: str
    ends: bool


class ApplyError(Exception):
    """An aggregate's `apply` raised, which it must not."""

    def __init__(self, version: int, cause: str) -> None:
        self.version = version
        super().__init__(f"apply raised {cause} at version {version}")


@dataclass(slots=True)
class Replay(Generic[T]):
    """One pass over one stream. `events` counts what was applied; opened: of whose sealed fields, since the pass began.

    A class that reads what is sealed is replayed with the snapshots' opener, every other without one.
    """

    store: EventStore
    snapshots: SnapshotStore[T]
    events: int = field(default=0)
    opened: Opened = field(default_factory=Opened)

    def of(self, stream_id: str, due: Sequence[Due]) -> Iterator[Snapshot | Problem]:
        """One after the other the snapshots that are due, by version; a problem in the place of one.

        A state that cannot be kept is a problem of its version; an event that cannot be read, or is not there, and an
        `apply` that raises, of all versions from there on, and is the last that comes.
        """
        wanted = {one.version for one in due}
        self.opened = Opened()
        aggregate = self._start(stream_id, due[0].version - 1)
        try:
            for event in self._read(stream_id, aggregate.version + 1, due[-1].version):
                self.apply(aggregate, event)
                if event.metadata.version in wanted:
                    yield self._kept(aggregate, event)
        except UnreadableEvent as error:
            version = aggregate.version + 1
            yield Problem(stream_id, version, error.code, str(error), ends=True)
        except ApplyError as error:
            yield Problem(stream_id, error.version, APPLY_FAILED, str(error), ends=True)
        else:
            if aggregate.version < due[-1].version:
                version = aggregate.version + 1
                yield Problem(stream_id, version, GAP, _GAP, ends=True)

    def through(
        self, stream_id: str, versions: Sequence[int], begin: T | None = None
    ) -> Iterator[T]:
        """The aggregate at each of these versions, from its events alone; the same object, as it goes on.

        begin: one that was replayed from its events alone before, at a lower version. Raises `UnreadableEvent`,
        `ApplyError`.
        """
        aggregate, wanted = begin or self._blank(stream_id), set(versions)
        first, last = aggregate.version + 1, max(versions, default=0)
        for event in self._read(stream_id, first, last):
            self.apply(aggregate, event)
            if aggregate.version in wanted:
                yield aggregate

    def apply(self, aggregate: T, event: RecordedEvent) -> None:
        """The event, read by the registry as it is now. Raises `UnreadableEvent`, `ApplyError`."""
        try:
            replay(aggregate, [registry().event_of(event)])
        except EventStoreError:
            raise
        except Exception as error:  # (an application's code may raise anything)
            if is_trouble(error):
                raise
            # neither its text nor its traceback, which may quote what an event says
            version, name = event.metadata.version, type(error).__name__
            raise ApplyError(version, name) from None
        self.events += 1
        if self.snapshots.opener is not None:
            self.opened.note(event)

    def _read(self, stream_id: str, first: int, last: int) -> Iterator[RecordedEvent]:
        return self.store.read(stream_id, first, last, opener=self.snapshots.opener)

    def _start(self, stream_id: str, at_most: int) -> T:
        found = self.snapshots.newest_with_key(stream_id, at_most=at_most)
        if found is None:
            return self._blank(stream_id)
        newest, key = found
        if key is not None:
            self.opened.begin(key)
        return self.snapshots.aggregate_of(newest)

    def _blank(self, stream_id: str) -> T:
        return self.snapshots.aggregate(stream_id.partition(".")[2])

    def _kept(self, aggregate: T, event: RecordedEvent) -> Snapshot | Problem:
        try:
            return self.snapshots.snapshot_of(aggregate, event, opened=self.opened)
        except StateNotStorable as error:
            at = aggregate.stream_id, aggregate.version
            return Problem(*at, error.code, str(error), ends=False)
