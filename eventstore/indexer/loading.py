"""How a view begins: cursor and state in one snapshot, compared with the log before anything is folded on it (rule 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

    from eventstore.events import Place
    from eventstore.indexer.entries import Own
    from eventstore.indexer.session import Session
    from eventstore.ports import Batch
    from eventstore.protocol.fold import Entry


class Loader:
    """Reads a session's log, from where a view stands or for a view to begin with."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def load(self, place: Place) -> View:
        """A view of the place at its cursor.

        Raises `UnknownRuleVersion` if newer code has folded what this code cannot, `LogTruncated` if the log does not hold the record before it as the mirror does, `LogMisconfigured`
        if there is no row for the place, `LogUnanswered` if the log shows an old end.
        """
        topics, connection = self._session.topics, self._session.connection()
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
            self._compare(view, offset_in(position), hash_)
        elif view.cursor:
            # nothing mirrored, but the offset must be there
            self.read(place, view.cursor)
        return view

    def next_entries(
        self, view: View, own: Mapping[int, Own]
    ) -> tuple[list[Entry], int]:
        """The next stretch of the log, and the cursor behind it: what this process produced at exactly the cursor, else a fetch."""
        entries = []
        cursor = view.cursor
        while cursor in own:
            entries.append(own[cursor].entry)
            cursor += 1
        if entries:
            return entries, cursor
        batch = self.read(view.place, view.cursor)
        if batch.next_offset == view.cursor:
            msg = f"{view.place} does not show offset {view.cursor} yet"
            raise LogUnanswered(msg)
        return [entry_of(record) for record in batch.records], batch.next_offset

    def read(self, place: Place, offset: int) -> Batch:
        """Read; a log that seems too short gets a second look with fresh metadata before the alarm."""
        try:
            return self._session.log.read(place, offset)
        except LogTruncated:
            self._look_again(place, offset, offset)
            raise

    def _compare(self, view: View, offset: int, hash_: bytes) -> None:
        """Hold the last mirrored record against the log's."""
        try:
            batch = self.read(view.place, offset)
        except LogTruncated as error:
            raise _truncated(view, error.found) from None
        if batch.next_offset == offset:  # an end where there must be a record
            self._look_again(view.place, offset, offset + 1)
        record = next(iter(batch.records), None)
        if record is None or record.offset != offset:
            raise _truncated(view, f"its offset {offset} holds no record any more")
        time_ = folded_time(record.recorded_at, view.last_recorded_at)
        hash_in_log = record_hash(view.place, offset, time_, record.key, record.value)
        if hash_in_log != hash_:
            raise _truncated(
                view, f"its offset {offset} holds another record than the mirror"
            )

    def _look_again(self, place: Place, start: int, end: int) -> None:
        """Raise `LogUnanswered` if the log holds all from `start` to `end` after all."""
        extent = self._session.log.extents([place])[place]
        if extent.start <= start and end <= extent.end:
            msg = f"{place} showed an old end for a moment"
            raise LogUnanswered(msg)


def _truncated(view: View, found: str) -> LogTruncated:
    place = view.place
    return LogTruncated(place.topic, place.partition, cursor=view.cursor, found=found)
