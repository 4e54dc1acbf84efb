"""From rows of the mirror to what handlers are handed: events as their classes, or as the log holds them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from eventstore.bus import Published
from eventstore.conf import registry
from eventstore.events import Position, RecordedEvent, stream_type_of, unpack
from eventstore.queries.rows import decoded, opened_by, recorded_events
from eventstore.registry import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from eventstore.ports import Opener
    from eventstore.protocol.accepted import AcceptedCommit
    from eventstore.registry import Registry
    from eventstore.subscriptions.subscription import Subscription


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """One event on its way to a handler. position: packed. problem: why the registry cannot read it, or None."""

    position: int
    stream_id: str
    version: int
    event_type: str
    event_id: UUID
    correlation_id: UUID | None
    recorded_at: datetime
    handed: Any
    problem: Problem | None = None


def deliveries(
    rows: Sequence[tuple[Any, ...]],
    subscription: Subscription,
    *,
    first_time_from: int,
    opener: Opener | None = None,
) -> Iterator[Delivery]:
    """What the subscription wants of these records. first_time_from: packed; below it nothing happens for the first time.

    opener: opens what is sealed for the handler. Raises `KeyStoreUnavailable`.
    """
    wanted, streams = subscription.wanted, frozenset(subscription.streams or ())
    if subscription.raw_handler:
        made = _raw(rows, opener)
    else:
        made = _read(rows, first_time_from, opener)
    return (
        one
        for one in made
        if (wanted is None or one.event_type in wanted)
        # older code may have followed more of them, and its checkpoints stay
        and (not streams or stream_type_of(one.stream_id) in streams)
    )


def _raw(rows: Sequence[tuple[Any, ...]], opener: Opener | None) -> Iterator[Delivery]:
    recorded_rows = recorded_events(rows, opener=opener)
    for row, events in zip(rows, recorded_rows, strict=True):
        for recorded in events:
            yield _delivery_of(row[0] + recorded.position.index, recorded)


def _delivery_of(position: int, recorded: RecordedEvent) -> Delivery:
    metadata = recorded.metadata
    return Delivery(
        position,
        metadata.stream_id,
        metadata.version,
        metadata.event_type,
        metadata.event_id,
        metadata.correlation_id,
        recorded.recorded_at,
        recorded,
    )


def _read(
    rows: Iterable[tuple[Any, ...]], first_time_from: int, opener: Opener | None
) -> Iterator[Delivery]:
    types = registry()
    for (packed, recorded_at, first_version, *_), commit in decoded(rows, opener):
        place, live = _place(types, packed), packed >= first_time_from
        facts = _facts(types, commit, opener)
        for index, (event, fact) in enumerate(zip(commit.events, facts, strict=True)):
            handed = Published(
                fact,
                event.event_id,
                commit.stream_id,
                first_version + index,
                Position(*place, index),
                recorded_at,
                event.correlation_id,
                occurred_at=event.occurred_at,
                live=live,
            )
            yield Delivery(
                packed + index,
                commit.stream_id,
                first_version + index,
                event.type,
                event.event_id,
                event.correlation_id,
                recorded_at,
                handed,
                problem=fact if isinstance(fact, Problem) else None,
            )


def _facts(types: Registry, commit: AcceptedCommit, opener: Opener | None) -> list[Any]:
    """Each event as its class of today, or why it cannot be read."""
    stream_type = stream_type_of(commit.stream_id)
    return [
        types.read(stream_type, event, opened_by(opener, commit, event))
        for event in commit.events
    ]


def _place(types: Registry, packed: int) -> tuple[str, int, int]:
    """Topic, partition and offset of a record."""
    number, partition, offset, _ = unpack(packed)
    return types.topic_numbered(number), partition, offset
