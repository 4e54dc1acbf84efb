"""Puts into the table what the topics of the snapshots hold and it lacks; for as long as it runs, beside the mirror.

As a rule the builder has written the row itself, and this adds nothing. A builder that died between topic and row, and
a database that was made anew, are what it is for.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

import structlog

from eventstore import metrics
from eventstore.clock import BackOff, SystemClock
from eventstore.database import connect, described, is_the_databases
from eventstore.errors import (
    EventStoreError,
    LogTruncated,
    LogUnreadable,
    Unanswered,
)
from eventstore.events import stream_type_in
from eventstore.snapshots.record import Garbage, believed
from eventstore.snapshots.signing import signer
from eventstore.snapshots.store import make_log
from eventstore.snapshots.topics import check, snapshot_topics
from eventstore.snapshots.writing import insert

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from threading import Event

    import psycopg

    from eventstore.database import Connect
    from eventstore.events import Place
    from eventstore.log.topics import Topics
    from eventstore.ports import Clock, Extent, Log, LogRecord, Topic
    from eventstore.snapshots.snapshot import Snapshot

logger = structlog.get_logger(__name__)

_IDLE: Final = 2.0  # seconds between two looks: nobody waits for these rows
_LOOK_AT_TOPICS: Final = 60.0  # seconds
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0

_REGISTER: Final = """
INSERT INTO eventstore_snapshotpartition (id, topic, topic_id, "cursor")
VALUES (%(id)s, %(topic)s, %(topic_id)s, 0)
    ON CONFLICT (id) DO UPDATE SET topic = excluded.topic, topic_id = excluded.topic_id, "cursor" = 0
       WHERE eventstore_snapshotpartition.topic_id <> excluded.topic_id
RETURNING "cursor"
"""
_CURSOR: Final = """
SELECT "cursor" FROM eventstore_snapshotpartition WHERE id = %(id)s AND topic_id = %(topic_id)s
"""
# Compare-and-set: another process that has read the same stretch has moved it already. Taken before the rows, so that
# of two that would write the same rows one waits here.
_MOVE: Final = """
UPDATE eventstore_snapshotpartition SET "cursor" = %(next)s
 WHERE id = %(id)s AND topic_id = %(topic_id)s AND "cursor" = %(seen)s
RETURNING id
"""


class Filler:
    """The loop and its single round. Several may run: a compare-and-set moves each cursor once."""

    def __init__(
        self,
        topics: Topics,
        make_log: Callable[[], Log],
        connect: Connect,
        clock: Clock,
        stop: Event,
    ) -> None:
        self._topics = topics
        self._make_log = make_log
        self._connect = connect
        self._clock = clock
        self._stop = stop
        self._told: dict[Place, str] = {}

    def run(self) -> None:
        """Fill until stopped. Whatever fails says so in the log and begins anew; the mirror is not held up by it.

        Ends at once where no class has snapshots.
        """
        if not self._topics.places:
            return
        back_off = BackOff(self._clock, _FIRST_PAUSE, _LONGEST_PAUSE)
        while not self._stop.is_set():
            try:
                with self._connect() as connection:
                    self._follow(connection)
            except Exception as error:
                foreseen = isinstance(error, EventStoreError) or is_the_databases(error)
                logger.log(
                    logging.WARNING if foreseen else logging.ERROR,
                    "filling in snapshots waits and retries",
                    action="snapshot-filling-delayed",
                    code=getattr(error, "code", type(error).__name__),
                    cause=_cause(error),
                    pause_s=(pause_s := back_off.failed()),
                    exc_info=None if foreseen else error,
                )
                self._stop.wait(pause_s)
            else:
                back_off.succeeded()

    def once(self) -> int:
        """Fill to the topics' ends as they are now; how many rows that added. Raises what the log raises."""
        if not self._topics.places:
            return 0
        log = self._make_log()
        try:
            with self._connect() as connection:
                return self._round(log, connection, check(self._topics, log))
        finally:
            log.close()

    def _follow(self, connection: psycopg.Connection[Any]) -> None:
        """Rounds, until it is time to look at the topics again: one may have been made anew under the same name."""
        log = self._make_log()
        try:
            topics = check(self._topics, log)
            until = self._clock.monotonic() + _LOOK_AT_TOPICS
            while not self._stop.is_set() and self._clock.monotonic() < until:
                if not self._round(log, connection, topics):
                    self._stop.wait(_IDLE)
        finally:
            log.close()

    def _round(
        self, log: Log, connection: psycopg.Connection[Any], topics: dict[str, Topic]
    ) -> int:
        added = 0
        for place, extent in log.extents(self._topics.places).items():
            try:
                added += self._fill(log, connection, topics[place.topic], place, extent)
                self._told.pop(place, None)
            except (
                LogUnreadable
            ) as error:  # this place waits for a person; the others go on
                self._tell_once(place, error)
        return added

    def _fill(
        self,
        log: Log,
        connection: psycopg.Connection[Any],
        topic: Topic,
        place: Place,
        extent: Extent,
    ) -> int:
        """Read one place from its cursor to its end.

        1. read a stretch, outside any transaction; then in one transaction:
        2. move the cursor, if it stands where it was seen        3. put in the rows that are missing
        A crash rolls both back, and the next round reads the same stretch.
        """
        row = {"id": self._topics.partition_id(place), "topic_id": topic.id}
        cursor = self._cursor(connection, place, row, extent)
        added = 0
        while cursor < extent.end and not self._stop.is_set():
            try:
                batch = log.read(place, cursor)  # 1
            except LogTruncated:  # it lost its beginning: what is left counts
                batch = log.read(place, extent.start)
            if batch.next_offset <= cursor:  # it has a hole, or nothing to show yet
                break
            snapshots = self._snapshots(place, batch.records)
            with connection.transaction():
                moved = connection.execute(
                    _MOVE, row | {"seen": cursor, "next": batch.next_offset}
                ).fetchone()  # 2
                if moved is None:
                    return added
                filled = insert(connection, snapshots) if snapshots else 0  # 3
            _count(place, filled)
            added += filled
            cursor = batch.next_offset
        return added

    def _cursor(
        self,
        connection: psycopg.Connection[Any],
        place: Place,
        row: dict[str, object],
        extent: Extent,
    ) -> int:
        """Where to go on; at the beginning in a topic that is new, or shorter than what was read of it."""
        cursor_row = connection.execute(_CURSOR, row).fetchone()
        if cursor_row is None:
            connection.execute(_REGISTER, row | {"topic": place.topic})
            return 0
        if cursor_row[0] > extent.end:
            logger.warning(
                "a topic of snapshots lost records; the mirror reads it anew",
                action="snapshot-topic-shortened",
                place=str(place),
            )
            again = row | {"seen": cursor_row[0], "next": 0}
            connection.execute(_MOVE, again)
            return 0
        return int(cursor_row[0])

    def _snapshots(self, place: Place, records: Sequence[LogRecord]) -> list[Snapshot]:
        """The snapshots among the records that this store has signed; all else is counted, told and passed."""
        own = signer()
        good, passed = [], dict[str, list[int]]()
        for record in records:
            said = believed(place, self._topics.partitions, record, own)
            if isinstance(said, Garbage):
                metrics.SNAPSHOT_GARBAGE.labels(said.reason).inc()
                passed.setdefault(said.reason, []).append(record.offset)
            else:
                good.append(said)
        for reason, offsets in passed.items():
            logger.warning(
                "records are no snapshots of this store; the mirror passes them",
                action="snapshot-records-passed",
                place=str(place),
                reason=reason,
                records=len(offsets),
                first_offset=offsets[0],
            )
        return good

    def _tell_once(self, place: Place, error: EventStoreError) -> None:
        if self._told.get(place) != str(error):
            self._told[place] = str(error)
            logger.error(
                "a partition of snapshots cannot be read",
                action="snapshot-partition-unread",
                place=str(place),
                code=error.code,
                cause=str(error),
            )


def make_filler(stop: Event) -> Filler:
    """By the settings as they are now."""
    return Filler(snapshot_topics(), make_log, connect, SystemClock(), stop)


def _count(place: Place, filled: int) -> None:
    if filled:
        stream_type = stream_type_in(place.topic)
        metrics.SNAPSHOTS_FILLED.labels(stream_type).inc(filled)


def _cause(error: Exception) -> str:
    """Our own errors in full; a driver's by its kind, because its text may quote a row."""
    if isinstance(error, Unanswered):
        return error.reason
    return str(error) if isinstance(error, EventStoreError) else described(error)
