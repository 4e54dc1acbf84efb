"""The export: accepted events as lines, in the order of the log, up to a cut that is fixed at the start.

The cut makes an export finite while others write, and is what the next one goes on from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from eventstore.events import Cut, Place, RecordedEvent, topic_of
from eventstore.exchange.cloudevents import export_line
from eventstore.queries.feed import (
    accepted_between,
    cut_of,
    marks,
    refuse_a_rebuilt_index,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from eventstore.ports import Clock, Store

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
) -> Summary:
    """Write the events of these topics, or all, that stand after the cut `after`. Raises `IndexRebuilt`."""
    up_to = marks(topics)
    events = accepted_between(after or Cut(), up_to)
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
) -> Summary:
    """Write the events of one stream that stand after the cut `after`. Raises `IndexRebuilt`."""
    up_to = marks({topic_of(stream_id)})
    cut, behind = cut_of(up_to), after or Cut()

    def events() -> Iterator[RecordedEvent]:
        yield from (e for e in store.read(stream_id) if _is_within(e, behind, cut))
        refuse_a_rebuilt_index(up_to)

    return _write(events(), stream, source, clock, cut, on_progress)


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
        buffer += export_line(event, source=source)
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
