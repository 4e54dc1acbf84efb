"""What the mirror holds of one person: by the streams that are its own, and by a look through those that only name it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from eventstore.database.composing import composed
from eventstore.errors import InvalidEvent
from eventstore.indexer.columns import ACCEPTED, ACCEPTED_RECORD, listed
from eventstore.protocol.positions import first_of
from eventstore.queries.connection import read_rows
from eventstore.queries.feed import marks
from eventstore.queries.rows import recorded_events

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from eventstore.events import RecordedEvent
    from eventstore.registry import Registry

STEP: Final = 50_000
"""Offsets that are looked through at a time."""

BOXES: Final = 100
"""Sealed events that are kept, to be tried."""

# Index: the primary key. Bytes that do not name the person are not parsed; who is named is asked of the event's type.
_NAMING: Final = composed(
    """
SELECT position, recorded_at, first_version, convert_from(value, 'UTF8') FROM (
       SELECT {columns} FROM eventstore_record
        WHERE position >= %(start)s AND position < %(end)s AND verdict = {accepted}
        OFFSET 0) accepted
 WHERE position(%(needle)s::bytea IN value) > 0
 ORDER BY position
""",
    columns=listed(ACCEPTED_RECORD),
    accepted=ACCEPTED,
)
# Index: eventstore_record_stream.
_OWN: Final = composed(
    """
SELECT position, recorded_at, first_version, convert_from(value, 'UTF8') FROM (
       SELECT {columns} FROM eventstore_record
        WHERE stream_id = ANY(%(streams)s) AND first_version IS NOT NULL ORDER BY position) own
""",
    columns=listed(ACCEPTED_RECORD),
)


@dataclass(slots=True)
class About:
    """What is about a person: streams (of which one event at least is), records, events, and those that are sealed under its keys; some of these."""

    streams: set[str] = field(default_factory=set)
    records: int = 0
    events: int = 0
    sealed: int = 0
    boxes: list[RecordedEvent] = field(default_factory=list)


def about(
    subject: str, keys: Collection[str], types: Registry, *, step: int = STEP
) -> About:
    """Count it. keys: as records have them. Looks through all records of the stream types whose events name their subject in a field:
    some hundred thousand a second."""
    found = About()
    for events in _own(subject, types):
        _count(found, events, subject, keys, types)
    for events in _naming(subject, types, step):
        _count(found, events, subject, keys, types)
    return found


def _own(subject: str, types: Registry) -> Iterator[list[RecordedEvent]]:
    """Of the streams that have the person's id."""
    own = [
        f"{name}.{subject}"
        for name in types.stream_types
        if _is_own(name, types) and _is_about_somebody(name, types)
    ]
    return recorded_events(read_rows(_OWN, {"streams": own}))


def _naming(subject: str, types: Registry, step: int) -> Iterator[list[RecordedEvent]]:
    """Of the others, as far as the person is named."""
    topics = {
        known.topic
        for known in types.stream_types.values()
        if not _is_own(known.name, types) and _is_about_somebody(known.name, types)
    }
    needle = json.dumps(subject, ensure_ascii=False).encode()
    for mark in marks(topics).values():
        for offset in range(0, mark.cursor, step):
            parameters: dict[str, Any] = {
                "start": first_of(mark.id, offset),
                "end": first_of(mark.id, min(offset + step, mark.cursor)),
                "needle": needle,
            }
            yield from recorded_events(read_rows(_NAMING, parameters))


def _is_own(stream_type: str, types: Registry) -> bool:
    """Whether all of its events are about whom the stream's id names."""
    of_type = [one for one in types.event_types() if one.stream_type == stream_type]
    return all(not one.subject for one in of_type)


def _is_about_somebody(stream_type: str, types: Registry) -> bool:
    return any(
        one.subject is not None or one.sensitive
        for one in types.event_types()
        if one.stream_type == stream_type
    )


def _count(
    found: About,
    events: list[RecordedEvent],
    subject: str,
    keys: Collection[str],
    types: Registry,
) -> None:
    mine = [event for event in events if _is_about(event, subject, types)]
    if mine:
        found.records += 1
        found.events += len(mine)
        sealed = [one for one in mine if one.sealed and one.sealed.key in keys]
        found.sealed += len(sealed)
        found.boxes += sealed[: BOXES - len(found.boxes)]
        found.streams.add(mine[0].metadata.stream_id)


def _is_about(event: RecordedEvent, subject: str, types: Registry) -> bool:
    known = types.event_type_named(event.metadata.event_type)
    if known is None:
        return False
    try:
        return known.subject_of(event.metadata.stream_id, event.data) == subject
    except InvalidEvent:  # a foreign one, that names nobody
        return False
