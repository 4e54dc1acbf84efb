"""How a view begins: cursor and state in one snapshot, held against the log before anything is folded on it (rule 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eventstore.errors import (
    LogMisconfigured,
    LogTruncated,
    LogUnanswered,
    UnknownRuleVersion,
)
from eventstore.indexer.entries import entry_of
from eventstore.indexer.statements import LOAD
from eventstore.indexer.view import View
from eventstore.log.topics import NO_ROWS_REMEDY
from eventstore.protocol.fold import KNOWN_RULE_VERSION, folded_time
from eventstore.protocol.hashing import record_hash
from eventstore.protocol.positions import offset_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg

    from eventstore.events import Place
    from eventstore.indexer.entries import Own
    from eventstore.log.topics import Topics
    from eventstore.ports import Batch, Log
    from eventstore.protocol.fold import Entry


def load(
    topics: Topics, log: Log, connection: psycopg.Connection[Any], place: Place
) -> View:
    """A view of the place at its cursor.

    Raises `UnknownRuleVersion` if newer code has folded what this code cannot, `LogTruncated` if the log does not hold the record before it as the mirror does, `LogMisconfigured`
    if there is no row for the place, `LogUnanswered` if the log shows an old end.
    """
    partition = topics.partition_id(place)
    row = connection.execute(LOAD, {"partition": partition}).fetchone()
    if row is None:
        raise LogMisconfigured(
            place.topic,
            "the database has no rows for it",
            NO_ROWS_REMEDY,
        )
    *state, position, hash_ = row
    view = View(place, partition, *state)
    if view.rule_version > KNOWN_RULE_VERSION:
        raise UnknownRuleVersion(
            place.topic, place.partition, view.cursor, view.rule_version
        )
    if position is not None:
        _compare(log, view, offset_in(position), hash_)
    elif view.cursor:
        read(log, place, view.cursor)  # nothing mirrored, but the offset must be there
    return view


def next_entries(
    log: Log, view: View, own: Mapping[int, Own]
) -> tuple[list[Entry], int]:
    """The next stretch of the log, and the cursor behind it: what this process produced at exactly the cursor, else a fetch."""
    entries = []
    cursor = view.cursor
    while cursor in own:
        entries.append(own[cursor].entry)
        cursor += 1
    if entries:
        return entries, cursor
    batch = read(log, view.place, view.cursor)
    if batch.next_offset == view.cursor:
        msg = f"{view.place} does not show offset {view.cursor} yet"
        raise LogUnanswered(msg)
    return [entry_of(record) for record in batch.records], batch.next_offset


def read(log: Log, place: Place, offset: int) -> Batch:
    """Read; a log that seems too short gets a second look with fresh metadata before the alarm."""
    try:
        return log.read(place, offset)
    except LogTruncated:
        _look_again(log, place, offset, offset)
        raise


def _compare(log: Log, view: View, offset: int, hash_: bytes) -> None:
    """Hold the last mirrored record against the log's."""
    try:
        batch = read(log, view.place, offset)
    except LogTruncated as error:
        raise _truncated(view, error.found) from None
    if batch.next_offset == offset:  # an end where there must be a record
        _look_again(log, view.place, offset, offset + 1)
    record = next(iter(batch.records), None)
    if record is None or record.offset != offset:
        raise _truncated(view, f"its offset {offset} holds no record any more")
    time_ = folded_time(record.recorded_at, view.last_recorded_at)
    found = record_hash(view.place, offset, time_, record.key, record.value)
    if found != hash_:
        raise _truncated(
            view, f"its offset {offset} holds another record than the mirror"
        )


def _look_again(log: Log, place: Place, start: int, end: int) -> None:
    """Raise `LogUnanswered` if the log holds all from `start` to `end` after all."""
    extent = log.extents([place])[place]
    if extent.start <= start and end <= extent.end:
        msg = f"{place} showed an old end for a moment"
        raise LogUnanswered(msg)


def _truncated(view: View, found: str) -> LogTruncated:
    place = view.place
    return LogTruncated(place.topic, place.partition, cursor=view.cursor, found=found)
