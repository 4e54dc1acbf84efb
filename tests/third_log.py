"""A log adapter as somebody else would write it: nothing in the package knows it, the setting `LOG` names its factory.

It keeps its topics in this process. What it shows is the shape: the port's six methods and the two of `Restorable`, and
a factory. docs/EVENT_SOURCING_GUIDE.md, "Write a log adapter".
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from eventstore.errors import LogMisconfigured, LogTruncated, LogUnanswered
from eventstore.events import MAX_COMMIT_BYTES, Place
from eventstore.log.restoring import written_by_others
from eventstore.ports import Appended, Batch, Extent, LogRecord, NotWritten, Topic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from eventstore.database import Connect
    from eventstore.ports import Answer, Proposal

Partitions = list[list[LogRecord]]


@dataclass
class Memory:
    """What all instances of the log share."""

    lock: Lock = field(default_factory=Lock)
    ids: dict[str, str] = field(default_factory=dict)
    topics: dict[str, Partitions] = field(default_factory=dict)


MEMORY: Final = Memory()


def open_third(_connect: Connect) -> ThirdLog:
    """What `LOG` names."""
    return ThirdLog(MEMORY)


def open_with_feeds(_connect: Connect) -> ThirdLog:
    """The same, and accepted events are published beside it."""
    return ThirdLog(MEMORY)


open_with_feeds.has_feeds = True  # type: ignore[attr-defined]


class ThirdLog:
    """`eventstore.ports.Log`, and `Restorable`. memory: None for one that cannot be reached."""

    kind = "third"

    def __init__(self, memory: Memory | None) -> None:
        self._memory = memory

    def append(
        self, proposals: Sequence[Proposal], *, timeout_s: float
    ) -> Sequence[Answer]:
        """See `Log.append`."""
        del timeout_s  # nothing is waited for
        if self._memory is None:
            return [NotWritten("it cannot be reached")] * len(proposals)
        with self._memory.lock:
            return [self._write(self._memory, proposal) for proposal in proposals]

    def read(self, place: Place, offset: int, *, max_bytes: int = 4_000_000) -> Batch:
        """See `Log.read`."""
        there = self._records(place)
        if not 0 <= offset <= len(there):
            found = f"it holds offsets up to {len(there) - 1}"
            raise LogTruncated(place.topic, place.partition, cursor=offset, found=found)
        taken: list[LogRecord] = []
        for record in there[offset:]:
            if taken and max_bytes <= 0:
                break
            max_bytes -= len(record.value or b"")
            taken.append(record)
        return Batch(taken, offset + len(taken))

    def extents(self, places: Iterable[Place]) -> Mapping[Place, Extent]:
        """See `Log.extents`."""
        return {place: Extent(0, len(self._records(place))) for place in places}

    def topics(self, names: Iterable[str]) -> Mapping[str, Topic]:
        """See `Log.topics`."""
        memory = self._reached()
        return {
            name: Topic(name, memory.ids[name], len(memory.topics[name]))
            for name in names
            if name in memory.topics
        }

    def create(self, names: Iterable[str], *, partitions: int) -> None:
        """See `Log.create`."""
        memory = self._reached()
        with memory.lock:
            for name in names:
                memory.ids.setdefault(name, str(uuid4()))
                memory.topics.setdefault(name, [[] for _ in range(partitions)])

    def close(self) -> None:
        """See `Log.close`: there is no connection."""

    @contextmanager
    def restoring(self, topic: str) -> Iterator[None]:
        """See `Restorable.restoring`: whoever restores gives the times."""
        self._records(Place(topic, 0))
        yield

    def restore(self, place: Place, records: Sequence[LogRecord]) -> None:
        """See `Restorable.restore`."""
        there, memory = self._records(place), self._reached()
        with memory.lock:
            if len(there) != records[0].offset:
                raise written_by_others(place, records[0].offset, len(there))
            there.extend(records)

    # ---- inside

    def _write(self, memory: Memory, proposal: Proposal) -> Answer:
        place, partitions = proposal.place, memory.topics.get(proposal.place.topic, [])
        if not place.partition < len(partitions):
            return NotWritten(f"there is no {place}")
        if len(proposal.value) > MAX_COMMIT_BYTES:
            return NotWritten(f"the record is over {MAX_COMMIT_BYTES} bytes")
        there, now = partitions[place.partition], time.time_ns() // 1_000_000
        there.append(LogRecord(len(there), now, proposal.key, proposal.value))
        return Appended(len(there) - 1, now)

    def _records(self, place: Place) -> list[LogRecord]:
        partitions = self._reached().topics.get(place.topic, [])
        if not place.partition < len(partitions):
            problem = f"there is no partition {place.partition}"
            raise LogMisconfigured(
                place.topic, problem, "Run `manage.py create_topics`."
            )
        return partitions[place.partition]

    def _reached(self) -> Memory:
        if self._memory is None:
            reason = "it cannot be reached"
            raise LogUnanswered(reason)
        return self._memory
