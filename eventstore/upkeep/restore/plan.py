"""What is missing of a partition, or why it cannot be put back. Pure: decided by what log and mirror hold."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from eventstore.errors import NotRestorable
from eventstore.protocol.fold import folded_time
from eventstore.protocol.hashing import record_hash

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eventstore.events import Place
    from eventstore.ports import Extent, LogRecord

_NEW_TOPIC: Final = (
    "Back up what the topic holds if it matters, delete the topic, and run restore_log again:"
    " it creates it and puts everything back."
)
_NEW_STORE: Final = (
    "Carry the events over: `manage.py export_events`, then `import_events` into a new store."
    " That keeps streams, versions, ids and data, but not positions and recorded_at."
)
_DAMAGED: Final = "Bring that row of eventstore_record back from a backup of PostgreSQL, then run restore_log again."


@dataclass(frozen=True, slots=True)
class Mirrored:
    """A record as the mirror holds it. `record.recorded_at` is the fold's time, never less than the one before."""

    record: LogRecord
    hash: bytes


@dataclass(frozen=True, slots=True)
class PartitionStatus:
    """How a partition stands: its cursor, what its log holds, and the first offset at which something is amiss.

    differs: where the log holds something else than the mirror. gap: where the log ended and the mirror has nothing.
    damaged: where the mirror's bytes are not those that were folded.
    """

    place: Place
    cursor: int
    extent: Extent
    differs: int | None = None
    gap: int | None = None
    damaged: int | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """The offsets to put back: from `first` up to, without, `end`. Empty if the log has all that was folded."""

    place: Place
    first: int
    end: int

    def __len__(self) -> int:
        return self.end - self.first


def plan(status: PartitionStatus) -> Missing:
    """What the log lacks. Raises `NotRestorable` if it cannot get it back under its old offsets."""
    place, extent = status.place, status.extent
    refusals = (
        (
            extent.start or None,
            f"the log begins at {extent.start}, and nothing can be written before its beginning",
            _NEW_TOPIC,
        ),
        (
            status.differs,
            "the log holds something else there than what was folded",
            _NEW_TOPIC,
        ),
        (
            status.damaged,
            "the mirror's bytes there are not those that were folded",
            _DAMAGED,
        ),
        (
            status.gap,
            "the mirror has no record there; the log had a transaction's marker, which cannot be written again",
            _NEW_STORE,
        ),
    )
    for offset, problem, remedy in refusals:
        if offset is not None:
            raise NotRestorable(place.topic, place.partition, offset, problem, remedy)
    return Missing(place, min(extent.end, status.cursor), status.cursor)


def first_difference(
    place: Place, log: Iterable[LogRecord], mirror: Iterable[Mirrored]
) -> int | None:
    """The first offset at which the two, read over the same offsets, do not hold the same record."""
    last = 0
    for logged, wanted in zip_longest(log, mirror):
        if logged is None:
            return int(wanted.record.offset)
        if wanted is None:
            return int(logged.offset)
        if logged.offset != wanted.record.offset:
            return int(min(logged.offset, wanted.record.offset))
        last = folded_time(logged.recorded_at, last)
        leaf = record_hash(place, logged.offset, last, logged.key, logged.value)
        if leaf != wanted.hash:
            return int(logged.offset)
    return None


def first_trouble(
    place: Place, mirror: Iterable[Mirrored], first: int, end: int
) -> tuple[int | None, int | None]:
    """The first gap, and the first damaged record, of the mirror from `first` to `end`; whichever comes first."""
    expected = first
    for one in mirror:
        record = one.record
        if record.offset != expected:
            return expected, None
        leaf = record_hash(
            place, record.offset, record.recorded_at, record.key, record.value
        )
        if leaf != one.hash:
            return None, record.offset
        expected += 1
    return (expected, None) if expected < end else (None, None)
