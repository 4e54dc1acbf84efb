"""The log in PostgreSQL tables: for the quickstart and for installations of one machine.

The same promises as Kafka's: offsets without gaps in commit order, durable before it is acknowledged.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import nullcontext
from math import ceil
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from eventstore.database import (
    described,
    has_hung_up,
    is_full,
    is_the_databases,
    kind_of,
    translated,
)
from eventstore.database.arrays import array
from eventstore.errors import (
    DatabaseUnanswered,
    LogMisconfigured,
    LogTruncated,
    LogUnanswered,
)
from eventstore.events import MAX_COMMIT_BYTES, Place
from eventstore.log.embedded_restore import put_back
from eventstore.log.embedded_statements import (
    APPEND,
    CREATE,
    EXTENTS,
    LIMIT,
    READ,
    TOPICS,
)
from eventstore.log.restoring import cut_short
from eventstore.ports import (
    Answer,
    Appended,
    Batch,
    Extent,
    LogRecord,
    NotWritten,
    Proposal,
    Topic,
    Unknown,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

    import psycopg

    from eventstore.database import Connect

_READ_S = 60.0


class EmbeddedLog:
    """`eventstore.ports.Log` on PostgreSQL. One instance a thread; its connection is its own."""

    kind = "embedded"

    def __init__(self, connect: Connect, *, rows: int = 2_000) -> None:
        self._connect = connect
        self._rows = rows  # of a read; its bytes are bounded apart
        self._open: psycopg.Connection[Any] | None = None
        self._known: dict[str, tuple[int, int]] = {}  # name → number, partitions
        self._limit_quarters = 0  # seconds · 4, of the open connection

    # ---- eventstore.ports.Log

    def append(
        self, proposals: Sequence[Proposal], *, timeout_s: float
    ) -> Sequence[Answer]:
        """See the port."""
        try:
            refused = {i: r for i, p in enumerate(proposals) if (r := self._refusal(p))}
        except LogUnanswered as error:
            return [NotWritten(error.reason)] * len(proposals)
        wanted = [p for i, p in enumerate(proposals) if i not in refused]
        answers = iter(self._insert(wanted, timeout_s) if wanted else ())
        return [refused.get(i) or next(answers) for i in range(len(proposals))]

    def read(self, place: Place, offset: int, *, max_bytes: int = 4_000_000) -> Batch:
        """See the port."""
        for _ in range(2):  # somebody may append between the two looks
            if records := self._from(place, offset, max_bytes):
                return Batch(records, records[-1].offset + 1)
            extent = self.extents([place])[place]
            if offset == extent.end:
                return Batch([], offset)
        contents = f"it now holds offsets {extent.start} to {extent.end - 1}"
        if extent.start <= offset < extent.end:
            contents += f", but not {offset}"
        raise LogTruncated(place.topic, place.partition, cursor=offset, found=contents)

    def extents(self, places: Iterable[Place]) -> Mapping[Place, Extent]:
        """See the port."""
        numbers = {(self._number(p)[0], p.partition): p for p in places}
        rows = self._query(
            EXTENTS,
            topics=[topic for topic, _ in numbers],
            partitions=[partition for _, partition in numbers],
        )
        return {
            numbers[topic, partition]: Extent(start, end)
            for topic, partition, end, start in rows
        }

    def topics(self, names: Iterable[str]) -> Mapping[str, Topic]:
        """See the port."""
        rows = self._query(TOPICS, names=list(names))
        self._known |= {name: (number, n) for number, name, _, n in rows}
        return {name: Topic(name, str(id_), n) for _, name, id_, n in rows}

    def create(self, names: Iterable[str], *, partitions: int) -> None:
        """See the port."""
        for name in names:
            self._query(CREATE, name=name, partitions=partitions, topic_id=uuid4())

    def restoring(self, topic: str) -> AbstractContextManager[None]:
        """See `Restorable`. Nothing to switch: whoever inserts gives the time."""
        self._number(Place(topic, 0))
        return nullcontext()

    def restore(self, place: Place, records: Sequence[LogRecord]) -> None:
        """See `Restorable`."""
        number, _ = self._number(place)
        try:
            with translated():
                put_back(self._connection(), number, place, records)
        except DatabaseUnanswered as error:
            self.close()
            raise cut_short(place, records[0].offset, _reason_of(error)) from error

    def close(self) -> None:
        """See the port."""
        if self._open is not None:
            self._open.close()
            self._open = None

    # ---- inside

    def _from(self, place: Place, offset: int, max_bytes: int) -> list[LogRecord]:
        """The records from an offset on, if there is one at it."""
        rows = self._query(
            READ,
            topic=self._number(place)[0],
            partition=place.partition,
            offset=offset,
            max_bytes=max(1, max_bytes),
            max_records=self._rows,
        )
        begins = bool(rows) and rows[0][0] == offset
        return [LogRecord(*row) for row in rows] if begins else []

    def _refusal(self, proposal: Proposal) -> NotWritten | None:
        if len(proposal.value) > MAX_COMMIT_BYTES:
            return NotWritten(f"the record is over {MAX_COMMIT_BYTES} bytes")
        if proposal.headers:
            return NotWritten("the embedded log has no place for headers")
        try:
            self._number(proposal.place)
        except LogMisconfigured as error:
            return NotWritten(error.problem)
        return None

    def _insert(
        self, proposals: Sequence[Proposal], timeout_s: float
    ) -> Sequence[Answer]:
        """One durable transaction for all of them (rule 7: it says so itself)."""
        parameters = {
            "topics": array("int2", [self._number(p.place)[0] for p in proposals]),
            "partitions": array("int2", [p.place.partition for p in proposals]),
            "keys": array("bytea", [p.key for p in proposals]),
            "values": array("bytea", [p.value for p in proposals]),
        }
        try:
            with translated():
                connection = self._connection()
                self._limit(connection, timeout_s)
        except DatabaseUnanswered as error:
            self.close()
            return [NotWritten(_reason_of(error))] * len(proposals)
        try:
            rows = connection.execute(APPEND, parameters).fetchall()
        except Exception as error:
            if not is_the_databases(error):
                raise
            return [self._after(error, connection)] * len(proposals)
        return self._answers(proposals, rows)

    def _limit(self, connection: psycopg.Connection[Any], timeout_s: float) -> None:
        """Have the server give up in time; rounded up, so that this is seldom another limit than the last."""
        quarters = max(1, ceil(timeout_s * 4))
        if quarters != self._limit_quarters:
            connection.execute(LIMIT, [str(quarters * 250)])
            self._limit_quarters = quarters

    def _after(self, error: Exception, connection: psycopg.Connection[Any]) -> Answer:
        """A refusal by a living server undid everything; a lost connection may have lost only the answer."""
        if connection.closed:  # whatever the error's class
            self._open = None
            return Unknown(_reason_of(error))
        connection.rollback()
        return NotWritten(_reason_of(error))

    def _answers(
        self, proposals: Sequence[Proposal], rows: Sequence[tuple[Any, ...]]
    ) -> Sequence[Answer]:
        by_place: dict[tuple[int, int], list[Appended]] = defaultdict(list)
        for topic, partition, offset, recorded_at in sorted(rows, reverse=True):
            by_place[topic, partition].append(Appended(offset, recorded_at))
        return [
            self._answer(by_place[self._number(p.place)[0], p.place.partition])
            for p in proposals
        ]

    def _answer(self, rows: list[Appended]) -> Answer:
        """The next row of a place. None is there only if the topic was dropped: then nothing was written."""
        if rows:
            return rows.pop()
        self._known.clear()
        return NotWritten("the topic is not there any more")

    def _number(self, place: Place) -> tuple[int, int]:
        """The topic's number and partition count. Raises `LogMisconfigured` for what is not there."""
        if place.topic not in self._known:
            self.topics([place.topic])
        known = self._known.get(place.topic)
        if known is None or not 0 <= place.partition < known[1]:
            problem = (
                "it does not exist"
                if known is None
                else f"it has {known[1]} partitions, none is {place.partition}"
            )
            raise LogMisconfigured(
                place.topic, problem, "Run `manage.py create_topics`."
            )
        return known

    def _query(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        try:
            with translated():
                connection = self._connection()
                self._limit(connection, _READ_S)
                cursor = connection.execute(sql, parameters)
                return cursor.fetchall() if cursor.description else []
        except DatabaseUnanswered as error:
            self.close()
            raise LogUnanswered(_reason_of(error)) from error

    def _connection(self) -> psycopg.Connection[Any]:
        if self._open is None or has_hung_up(self._open):
            self._open = self._connect()
            self._limit_quarters = 0
        return self._open


def _reason_of(error: Exception) -> str:
    """The kind of trouble, without the server's text, which may quote a row."""
    if is_full(error):
        return described(error)
    return f"the embedded log's database answered {kind_of(error)}"
