"""Several processes' worth of stores on one real log and one real database, with a network between that can fail."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from eventstore import opening
from eventstore.appender.admission import Door
from eventstore.appender.waiting import Limits
from eventstore.clock import SystemClock
from eventstore.conf import conf, registry
from eventstore.database import Connect, connect
from eventstore.events import NewEvent, Place, pack
from eventstore.log.embedded import EmbeddedLog
from eventstore.ports import Appended, Clock, Log, Proposal, Sealer
from eventstore.protocol.fold import Verdict
from eventstore.protocol.placement import place_of
from eventstore.store import EventStore
from eventstore.testing.faulty_log import FaultyLog, Network
from eventstore.testing.shop import OrderChanged
from tests.support.places import names_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    from eventstore.log.topics import Topics

# In one message to the server: for what comes with it nobody is asked, as whoever owns the machine may have it.
WITHOUT_TRIGGERS = "SELECT set_config('session_replication_role', 'replica', true); "
_LOSE = """
WITH back AS (
  UPDATE eventstore_partition SET "cursor" = %(cursor)s, last_recorded_at = %(last)s WHERE id = %(partition)s
), records AS (
  DELETE FROM eventstore_record WHERE position >= %(from)s AND position < %(to)s
), events AS (
  DELETE FROM eventstore_event WHERE position >= %(from)s AND position < %(to)s
  RETURNING stream_id, version
), lost AS (
  SELECT stream_id, min(version) - 1 AS version FROM events GROUP BY stream_id
), moved AS (
  UPDATE eventstore_stream s SET version = lost.version, last_recorded_at =
         (SELECT e.recorded_at FROM eventstore_event e
           WHERE e.stream_id = s.stream_id AND e.version = lost.version)
    FROM lost WHERE lost.stream_id = s.stream_id AND lost.version > 0
)
DELETE FROM eventstore_stream s USING lost WHERE lost.stream_id = s.stream_id AND lost.version = 0
"""
_EMPTY = """
WITH t AS (SELECT id FROM eventstore_logtopic WHERE name = %(topic)s), tail AS (
  UPDATE eventstore_logtail SET next_offset = 0 FROM t WHERE topic = t.id AND partition = %(partition)s)
DELETE FROM eventstore_logrecord USING t WHERE topic = t.id AND partition = %(partition)s
"""
_LAST = """
SELECT coalesce(max(floor(extract(epoch FROM recorded_at) * 1000)::bigint), 0) FROM eventstore_record
 WHERE position >= %(first)s AND position < %(from)s
"""


class FaultyStore(EventStore):
    """A store on the embedded log behind a network, its connections over lines that can fail."""

    def __init__(
        self, network: Network, line: Connect, log_line: Connect, **rest: Any
    ) -> None:
        self.network = network
        self._log_line = log_line
        super().__init__(connect=line, **rest)

    def make_log(self) -> Log:
        """See `EventStore`."""
        return FaultyLog(EmbeddedLog(self._log_line), self.network)


@dataclass(slots=True)
class World:
    """What the stores of a test share, and what a test asks of it from outside."""

    topics: Topics
    network: Network = field(default_factory=Network)
    stores: list[EventStore] = field(default_factory=list)
    _log: EmbeddedLog = field(default_factory=lambda: EmbeddedLog(connect))

    # ---- processes

    def store(
        self,
        *,
        line: Connect = connect,
        log_line: Connect = connect,
        network: Network | None = None,
        clock: Clock | None = None,
        sealer: Sealer | None = None,
        capacity: int = 1_000,
        of: type[FaultyStore] = FaultyStore,
        **limits: Any,
    ) -> FaultyStore:
        """One more process: it shares nothing with the others but log, database and, if not its own, network."""
        clock = clock or SystemClock()
        store = of(
            network or self.network,
            line,
            log_line,
            topics=self.topics,
            door=Door(registry(), clock, sealer or opening.sealer()),
            clock=clock,
            limits=Limits(capacity, **limits),
        )
        self.stores.append(store)
        return store

    def fold(self, store: EventStore) -> None:
        """Have this process fold everything that the log holds."""
        store.catch_up(self.topics.places, timeout_s=30)

    def close(self) -> None:
        """End all of it."""
        for store in self.stores:
            store.close()
        self._log.close()

    # ---- streams and records

    @property
    def log(self) -> EmbeddedLog:
        """The log itself, without a network."""
        return self._log

    @property
    def stream_type(self) -> str:
        """The one type of stream."""
        return next(iter(self.topics.numbers)).removeprefix("eventstore.")

    def stream(self, partition: int = 0, n: int = 0) -> str:
        """The n-th of the streams that live in this partition."""
        names = names_in(partition, self.stream_type, conf.PARTITIONS)
        return f"{self.stream_type}.{next(islice(names, n, None))}"

    def place(self, stream_id: str) -> Place:
        """Where a stream lives."""
        return place_of(stream_id, conf.PARTITIONS)

    def foreign(self, place: Place, value: bytes, key: bytes | None = b"k") -> int:
        """Append as some other producer; the offset."""
        (answer,) = self.log.append([Proposal(place, key, value)], timeout_s=10)
        assert isinstance(answer, Appended), answer
        return answer.offset

    def replace_log(
        self, place: Place, records: Sequence[tuple[bytes | None, bytes]]
    ) -> None:
        """What an unclean election or a re-created topic does: the log holds other records now."""
        with connect() as connection, connection.transaction():
            name = {"topic": place.topic, "partition": place.partition}
            connection.execute("ALTER TABLE eventstore_logrecord DISABLE TRIGGER USER")
            connection.execute(_EMPTY, name)
            connection.execute("ALTER TABLE eventstore_logrecord ENABLE TRIGGER USER")
        for key, value in records:
            self.foreign(place, value, key)

    def cut_log_before(self, place: Place, start: int) -> None:
        """What retention or DeleteRecords does: the log begins later."""
        with connect() as connection, connection.transaction():
            connection.execute("ALTER TABLE eventstore_logrecord DISABLE TRIGGER USER")
            connection.execute(
                'DELETE FROM eventstore_logrecord WHERE partition = %s AND "offset" < %s',
                [place.partition, start],
            )
            connection.execute("ALTER TABLE eventstore_logrecord ENABLE TRIGGER USER")

    def end(self, place: Place) -> int:
        """How many records the place holds."""
        return self.log.extents([place])[place].end

    # ---- the database, seen from outside

    def query(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        """Rows, by a connection of the test's own."""
        with connect() as connection:
            connection.execute("SET session_replication_role = replica")
            return connection.execute(sql, params).fetchall()

    def cursor(self, place: Place) -> int:
        """The committed cursor."""
        sql = 'SELECT "cursor" FROM eventstore_partition WHERE id = %s'
        return int(self.query(sql, self.topics.partition_id(place))[0][0])

    def verdicts(self, place: Place) -> list[str]:
        """The mirror's verdicts in offset order."""
        first, beyond = self.range_of(place)
        sql = "SELECT verdict FROM eventstore_record WHERE position BETWEEN %s AND %s ORDER BY position"
        return [Verdict(v).word for (v,) in self.query(sql, first, beyond)]

    def lose_folds(self, place: Place, cursor: int) -> None:
        """What a crash of the database does: cursor, mirror, index and heads go back together."""
        first, beyond = self.range_of(place)
        cut = {"first": first, "from": first + (cursor << 10), "to": beyond}
        with connect() as connection, connection.transaction():
            partition = self.topics.partition_id(place)
            lock = "SELECT 1 FROM eventstore_partition WHERE id = %s FOR UPDATE"
            connection.execute(lock, [partition])
            row = connection.execute(_LAST, cut).fetchone()
            assert row is not None
            given = cut | {"partition": partition, "cursor": cursor, "last": row[0]}
            connection.execute("SET session_replication_role = replica")
            connection.execute(_LOSE, given)

    def hold_row(self, place: Place) -> psycopg.Connection[Any]:
        """A connection that holds the partition's row, as a paused process does, until it is closed."""
        connection = connect()
        connection.execute("BEGIN")
        sql = "SELECT 1 FROM eventstore_partition WHERE id = %s FOR UPDATE"
        connection.execute(sql, [self.topics.partition_id(place)])
        return connection

    def range_of(self, place: Place) -> tuple[int, int]:
        """The packed positions that a place may have."""
        first = pack(self.topics.numbers[place.topic], place.partition, 0)
        return first, first + (1 << 48) - 1


def changed(quantity: int = 1, event_id: UUID | None = None) -> NewEvent:
    """An event that any stream takes."""
    return NewEvent(OrderChanged(quantity=quantity), event_id=event_id)


def record(stream_id: str, **changes: Any) -> bytes:
    """The bytes of a commit of one event as another producer may write them, with some fields of its own."""
    event = {
        "event_id": str(uuid4()),
        "type": "OrderChanged",
        "schema": 1,
        "occurred_at": "2026-11-23T09:00:00.123456Z",
        "correlation_id": None,
        "causation_id": None,
        "data": {"quantity": 1},
    }
    whole = {
        "v": 1,
        "commit_id": str(uuid4()),
        "stream_id": stream_id,
        "expected": "any",
        "events": [event],
    }
    return json.dumps(whole | changes).encode()


def versions(store: EventStore, stream_id: str) -> Sequence[int]:
    """What a reader sees."""
    return [e.metadata.version for e in store.read(stream_id)]
