"""One event with everything that speaks for it: index row, mirrored record, hash, neighbours.

The metadata comes from the index, the payload from the mirror's bytes. Where the two disagree, or the bytes do
not give the stored hash, the event is shown all the same, and what is wrong is said.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from eventstore.conf import registry
from eventstore.database.composing import composed
from eventstore.events import (
    Commit,
    CommitEvent,
    EventMetadata,
    Place,
    Position,
    instant_of,
    stream_type_of,
    to_milliseconds,
)
from eventstore.indexer.columns import DECIDING, EVENT, RECORD, listed
from eventstore.protocol.codec import decode
from eventstore.protocol.fold import Verdict
from eventstore.protocol.hashing import record_hash
from eventstore.queries.browse import EventRow, event_rows
from eventstore.queries.completeness import refuse_if_set_aside
from eventstore.queries.connection import reading_cursor
from eventstore.queries.positions import packed_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from eventstore.registry import Problem


@dataclass(frozen=True, slots=True)
class Evidence:
    """An event's record as the mirror holds it, and whether it proves what the index says.

    event: without what is sensitive in the clear; None if the bytes hold no such event. hash_holds: whether bytes, place and time give the stored hash.
    index_agrees: whether the index says of the event what the bytes say.
    """

    verdict: str
    recorded_at: datetime
    commit_id: UUID | None
    first_version: int | None
    event_count: int | None
    size: int
    stored_hash: str
    hash_holds: bool
    commit: Commit | None
    event: CommitEvent | None
    index_agrees: bool
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class OneEvent:
    """An event and what stands beside it in its stream. evidence: None if the mirror lacks its record. What caused it, and what it caused: `related`."""

    row: EventRow
    evidence: Evidence | None
    head: int
    previous: EventRow | None
    next: EventRow | None


def one_event(position: Position) -> OneEvent | None:
    """The event at a position, None if there is none."""
    try:
        key = packed_of(position)
    except ValueError:
        return None
    rows = event_rows(_BY_POSITION, {"position": key})
    if not rows:
        return None
    row = rows[0]
    near = event_rows(
        _NEIGHBOURS,
        {
            "stream_id": row.stream_id,
            "versions": [row.version - 1, row.version + 1],
        },
    )
    by_version = {r.version: r for r in near if r.stream_id == row.stream_id}
    record, head = _record(key - position.index, row.stream_id)
    return OneEvent(
        row,
        None if record is None else _evidence(row, record),
        head,
        by_version.get(row.version - 1),
        by_version.get(row.version + 1),
    )


def with_commit_id(commit_id: UUID) -> Sequence[EventRow]:
    """The first event of each accepted commit with this id (ids are unique within a stream only). At most 20."""
    return event_rows(_BY_COMMIT_ID, {"commit_id": commit_id})


# ---- below: how ------------------------------------------------------------------------------------------------------

_BY_POSITION: Final = composed(
    "SELECT {columns} FROM eventstore_event WHERE position = %(position)s",
    columns=listed(EVENT),
)
# constraint eventstore_event_version
_NEIGHBOURS: Final = composed(
    """
    SELECT {columns} FROM eventstore_event
     WHERE stream_id = %(stream_id)s AND version = ANY (%(versions)s)
""",
    columns=listed(EVENT),
)
# index eventstore_record_commit, whose condition names the deciding verdicts; accepted ones have events at its position
_BY_COMMIT_ID: Final = composed(
    """
    SELECT {columns} FROM eventstore_record r JOIN eventstore_event e ON e.position = r.position
     WHERE r.commit_id = %(commit_id)s AND r.verdict IN {deciding}
     ORDER BY r.stream_id LIMIT 20
""",
    columns=listed(EVENT, of="e"),
    deciding=DECIDING,
)
_RECORD: Final = composed(
    """
    SELECT {columns}, (SELECT version FROM eventstore_stream WHERE stream_id = %(stream_id)s)
      FROM eventstore_record WHERE position = %(position)s
""",
    columns=listed(RECORD),
)


def _record(position: int, stream_id: str) -> tuple[Mapping[str, Any] | None, int]:
    """The mirrored record, and the stream's head."""
    with reading_cursor() as db:
        refuse_if_set_aside(stream_id)
        db.execute(_RECORD, {"position": position, "stream_id": stream_id})
        row = db.fetchone()
    if row is None:
        return None, 0
    *columns, head = row
    return dict(zip(RECORD, columns, strict=True)), head or 0


def _evidence(row: EventRow, record: Mapping[str, Any]) -> Evidence:
    key, value = _bytes(record["key"]), _bytes(record["value"])
    content = decode(key, value)
    commit = content if isinstance(content, Commit) else None
    event = _event_at(commit, row.position.index)
    stored = bytes(record["hash"])
    return Evidence(
        verdict=Verdict(record["verdict"]).word,
        recorded_at=record["recorded_at"],
        commit_id=record["commit_id"],
        first_version=record["first_version"],
        event_count=record["event_count"],
        size=len(value or b""),
        stored_hash=stored.hex(),
        hash_holds=_hash(row.position, record["recorded_at"], key, value) == stored,
        commit=commit,
        event=_shown(event),
        index_agrees=_metadata(commit, row.position.index, record) == _indexed(row)
        and record["recorded_at"] == row.recorded_at,
        problem=_problem(row, event),
    )


def _bytes(column: Any) -> bytes | None:
    return None if column is None else bytes(column)


def _hash(
    position: Position, recorded_at: datetime, key: bytes | None, value: bytes | None
) -> bytes:
    return record_hash(
        Place(position.topic, position.partition),
        position.offset,
        to_milliseconds(recorded_at),
        key,
        value,
    )


def _event_at(commit: Commit | None, index: int) -> CommitEvent | None:
    if commit is None or index >= len(commit.events):
        return None
    return commit.events[index]


def _shown(event: CommitEvent | None) -> CommitEvent | None:
    """Without what is sensitive: what another writer left in the clear is shown to nobody either, and of an unknown type nothing is."""
    known = None if event is None else registry().event_type_named(event.type)
    if event is not None and known is None:
        return replace(
            event, data={}
        )  # nobody knows which of its fields are somebody's
    if event is None or known is None or known.sensitive.isdisjoint(event.data):
        return event
    open_ = {n: v for n, v in event.data.items() if n not in known.sensitive}
    return replace(event, data=open_)


def _problem(row: EventRow, event: CommitEvent | None) -> Problem | None:
    if event is None:
        return None
    return registry().problem_of(stream_type_of(row.stream_id), event)


def _metadata(
    commit: Commit | None, index: int, record: Mapping[str, Any]
) -> EventMetadata | None:
    """What the bytes say of the event."""
    event = _event_at(commit, index)
    if commit is None or event is None or record["first_version"] is None:
        return None
    return EventMetadata(
        event_id=event.event_id,
        stream_id=commit.stream_id,
        event_type=event.type,
        version=record["first_version"] + index,
        timestamp=instant_of(event.occurred_at),
        correlation_id=event.correlation_id,
        causation_id=event.causation_id,
    )


def _indexed(row: EventRow) -> EventMetadata:
    """What the index says of it."""
    return EventMetadata(
        event_id=row.event_id,
        stream_id=row.stream_id,
        event_type=row.event_type,
        version=row.version,
        timestamp=row.occurred_at,
        correlation_id=row.correlation_id,
        causation_id=row.causation_id,
    )
