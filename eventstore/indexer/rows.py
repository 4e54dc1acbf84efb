"""What a stretch of the log, once judged, demands of the tables: rows of mirror, index and heads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from eventstore.events import Commit, Place, from_milliseconds, instant_of, pack
from eventstore.protocol.fold import Judged, Verdict
from eventstore.protocol.hashing import record_hash

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

Row = tuple[Any, ...]


@dataclass(slots=True)
class Rows:
    """What a stretch of the log demands of the tables, column for column as the statements take it."""

    records: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    new: list[Row] = field(default_factory=list)
    moved: list[Row] = field(default_factory=list)


def rows_of(place: Place, number: int, judged: Sequence[Judged]) -> Rows:
    """The rows of mirror, index, new heads and moved heads; what `verify` holds the tables against, too."""
    rows = Rows()
    heads: dict[str, tuple[int, datetime, datetime, int]] = {}
    for one in judged:
        recorded_at = from_milliseconds(one.recorded_at)
        rows.records.append(_record(place, number, one, recorded_at))
        commit = one.entry.content
        if one.verdict is not Verdict.ACCEPTED or not isinstance(commit, Commit):
            continue
        rows.events += _events(place, number, one, commit, recorded_at)
        head = one.head or 0
        _, first, _, met = heads.get(
            commit.stream_id, (0, recorded_at, recorded_at, head)
        )
        heads[commit.stream_id] = head + len(commit.events), first, recorded_at, met
    rows.new = [
        (s, v, first, last) for s, (v, first, last, met) in heads.items() if not met
    ]
    rows.moved = [(s, v, last) for s, (v, _, last, met) in heads.items() if met]
    return rows


def _record(place: Place, number: int, one: Judged, recorded_at: datetime) -> Row:
    entry = one.entry
    commit = entry.content if isinstance(entry.content, Commit) else None
    if one.verdict is Verdict.MALFORMED:
        commit = None  # nothing of it enters a column but its bytes (rule 5)
    return (
        pack(number, place.partition, entry.offset),
        recorded_at,
        one.verdict.value,
        one.reason,
        one.head,
        commit and commit.commit_id,
        commit and commit.stream_id,
        one.first_version,
        commit and len(commit.events),
        entry.key,
        entry.value,
        record_hash(place, entry.offset, one.recorded_at, entry.key, entry.value),
    )


def _events(
    place: Place, number: int, one: Judged, commit: Commit, recorded_at: datetime
) -> list[Row]:
    first = pack(number, place.partition, one.entry.offset)
    return [
        (
            first + index,
            event.event_id,
            commit.stream_id,
            (one.first_version or 0) + index,
            event.type,
            instant_of(event.occurred_at),
            recorded_at,
            event.correlation_id,
            event.causation_id,
        )
        for index, event in enumerate(commit.events)
    ]
