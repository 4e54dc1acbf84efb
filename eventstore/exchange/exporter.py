"""The export: accepted events as lines, in the order of the log, up to a cut that is fixed at the start.

The cut makes an export finite while others write, and is what the next one goes on from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final
from uuid import UUID

from eventstore.conf import registry
from eventstore.errors import InvalidEvent
from eventstore.events import Cut, Place, RecordedEvent, topic_of
from eventstore.exchange.cloudevents import export_line
from eventstore.opening import recorded_opener
from eventstore.opening.recorder import subjects_of
from eventstore.queries.feed import (
    accepted_between,
    cut_of,
    marks,
    refuse_a_rebuilt_index,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from eventstore.opening import Access
    from eventstore.ports import Clock, Opener, Store

_BUFFER: Final = 1_000_000  # bytes


@dataclass(frozen=True, slots=True)
class Summary:
    """What was written. `cut`: up to where; give it as `after` to go on from there."""

    events: int
    bytes: int
    seconds: float
    cut: Cut

    @property
    def events_per_second(self) -> float:
        """The speed of all of it."""
        return self.events / self.seconds if self.seconds else 0.0


def export_events(
    stream: BinaryIO,
    *,
    source: str,
    clock: Clock,
    after: Cut | None = None,
    topics: Collection[str] | None = None,
    on_progress: Callable[[int], None] = lambda _: None,
    access: Access | None = None,
) -> Summary:
    """Write the events of these topics, or all, that stand after the cut `after`. Raises `IndexRebuilt`.

    access: who may see what is sealed, which is recorded before anything is written. Raises `AccessNotRecorded`, `KeyStoreUnavailable`.
    """
    up_to, behind = marks(topics), after or Cut()
    right = (
        None if access is None else _granted(access, accepted_between(behind, up_to))
    )
    events = accepted_between(behind, up_to, opener=right)
    return _write(events, stream, source, clock, cut_of(up_to), on_progress)


def export_stream(
    stream: BinaryIO,
    store: Store,
    stream_id: str,
    *,
    source: str,
    clock: Clock,
    after: Cut | None = None,
    on_progress: Callable[[int], None] = lambda _: None,
    access: Access | None = None,
) -> Summary:
    """Write the events of one stream that stand after the cut `after`. access, and what is raised: as of `export_events`."""
    up_to = marks({topic_of(stream_id)})
    cut, behind = cut_of(up_to), after or Cut()

    def events(right: Opener | None = None) -> Iterator[RecordedEvent]:
        read = store.read(stream_id, opener=right)
        yield from (event for event in read if _is_within(event, behind, cut))
        refuse_a_rebuilt_index(up_to)

    right = None if access is None else _granted(access, events())
    return _write(events(right), stream, source, clock, cut, on_progress)


ALL_FIELDS: Final = "*"


def line_of(event: RecordedEvent, *, source: str) -> bytes:
    """One line, as `export_line`; what of it stays here is asked of the registry."""
    left_out = None
    if event.sealed is None and event.withheld is not None:
        known = registry().event_type_named(event.metadata.event_type)
        # of a type that nobody knows even the names may be somebody's
        left_out = ",".join(sorted(known.sensitive)) if known else ALL_FIELDS
    return export_line(event, source=source, left_out=left_out)


def _granted(access: Access, events: Iterable[RecordedEvent]) -> Opener:
    """The right to open, once it is recorded of whom something is seen: whose keys there are, and whom others wrote of in the clear."""
    keys: set[UUID] = set()
    subjects: set[str] = set()
    for event in events:
        if event.sealed is not None:
            keys.add(UUID(event.sealed.key))
        elif event.withheld is not None:
            subjects.add(_subject_of(event))
    subjects |= subjects_of(keys)
    return recorded_opener(access, sorted(subjects))


def _subject_of(event: RecordedEvent) -> str:
    """Where its field names nobody, its stream's own id."""
    known = registry().event_type_named(event.metadata.event_type)
    stream_id = event.metadata.stream_id
    _, _, own = stream_id.partition(".")
    try:
        return (known and known.subject_of(stream_id, event.data)) or own
    except InvalidEvent:
        return own


def _is_within(event: RecordedEvent, after: Cut, up_to: Cut) -> bool:
    place = Place(event.position.topic, event.position.partition)
    start, end = after.offsets.get(place, 0), up_to.offsets.get(place, 0)
    return start <= event.position.offset < end


def _write(
    events: Iterable[RecordedEvent],
    stream: BinaryIO,
    source: str,
    clock: Clock,
    cut: Cut,
    on_progress: Callable[[int], None],
) -> Summary:
    started = clock.monotonic()
    buffer, count, size = bytearray(), 0, 0
    for event in events:
        buffer += line_of(event, source=source)
        count += 1
        if len(buffer) >= _BUFFER:
            stream.write(buffer)
            size += len(buffer)
            buffer.clear()
            on_progress(count)
    stream.write(buffer)
    stream.flush()
    on_progress(count)
    return Summary(count, size + len(buffer), clock.monotonic() - started, cut)
