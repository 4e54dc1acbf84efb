"""Writes snapshots: to the topic, then to the table. One writer a thread; its log and its connection are its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from eventstore import metrics
from eventstore.conf import conf
from eventstore.database.arrays import array
from eventstore.errors import SnapshotNotWritten
from eventstore.events import Place, stream_type_of
from eventstore.ports import Appended, Proposal
from eventstore.protocol.placement import partition_of
from eventstore.queries.positions import packed_of
from eventstore.snapshots.record import encode, topic_of
from eventstore.snapshots.signing import said_by, signer

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    from eventstore.database import Connect
    from eventstore.ports import Log
    from eventstore.snapshots.snapshot import Snapshot

# In the order of the key, whoever writes: so that no two who write the same rows at once wait for each other. A row
# that is there and signed alike says the same; one that is not, somebody else has written, or this store under an
# earlier key, or of a log that had the event elsewhere. What has drifted stays set aside.
_INSERT: Final = """
INSERT INTO eventstore_snapshot AS s
       (stream_id, state_schema, code, version, event_id, position, key_id, state, mac, drifted)
SELECT *, false
  FROM unnest(%(streams)b::text[], %(schemas)b::int[], %(codes)b::bytea[], %(versions)b::int[], %(event_ids)b::uuid[],
              %(positions)b::bigint[], %(key_ids)b::uuid[], %(states)b::bytea[], %(macs)b::bytea[])
       AS given(stream_id, state_schema, code, version, event_id, position, key_id, state, mac)
 ORDER BY stream_id, state_schema, code, version, event_id
    ON CONFLICT (stream_id, state_schema, code, version, event_id) DO UPDATE
   SET position = excluded.position, key_id = excluded.key_id, state = excluded.state, mac = excluded.mac
 WHERE (s.mac, s.position, s.key_id, s.state)
       IS DISTINCT FROM (excluded.mac, excluded.position, excluded.key_id, excluded.state)
"""


def insert(connection: psycopg.Connection[Any], snapshots: Sequence[Snapshot]) -> int:
    """Put the rows there that are missing or not signed by us, signed; how many those were.

    ValueError for a snapshot that does not say where its event stands.
    """
    own = signer()
    # one row a key: a statement cannot set the same one twice
    snapshots = list({_key(s): s for s in snapshots}.values())
    columns = {
        "streams": array("text", [s.stream_id for s in snapshots]),
        "schemas": array("int4", [s.stamp.state_schema for s in snapshots]),
        "codes": array("bytea", [s.stamp.code for s in snapshots]),
        "versions": array("int4", [s.version for s in snapshots]),
        "event_ids": array("uuid", [s.event_id for s in snapshots]),
        "positions": array(
            "int8", [packed_of(s.position) for s in snapshots if s.position]
        ),
        "key_ids": array("uuid", [s.key_id for s in snapshots]),
        "macs": array("bytea", [own.mac(said_by(s)) for s in snapshots]),
        "states": array("bytea", [s.state for s in snapshots]),
    }
    return connection.execute(_INSERT, columns).rowcount


def count(snapshots: Sequence[Snapshot]) -> None:
    """Tell Prometheus what was committed."""
    for snapshot in snapshots:
        stream_type = stream_type_of(snapshot.stream_id)
        metrics.SNAPSHOTS_BUILT.labels(stream_type).inc()


class SnapshotWriter:
    """One thread's. `write` is idempotent: it can be repeated at any time, by anybody."""

    def __init__(self, log: Log, connect: Connect) -> None:
        self._log = log
        self._connect = connect
        self._open: psycopg.Connection[Any] | None = None

    def write(self, snapshots: Sequence[Snapshot]) -> None:
        """Keep them. Raises `SnapshotNotWritten`, and database trouble.

        1. to the topic      2. to the table
        A crash in between leaves rows that are missing; the mirror process fills them from the topic, or they are
        built again, which writes the same once more to the topic and once to the table.
        """
        self.to_topic(snapshots)  # 1
        insert(self.connection(), snapshots)  # 2
        count(snapshots)

    def to_topic(self, snapshots: Sequence[Snapshot]) -> None:
        """Append them, durably. Raises `SnapshotNotWritten`; some of them may be there all the same."""
        proposals = [_proposal(snapshot) for snapshot in snapshots]
        answers = self._log.append(proposals, timeout_s=conf.APPEND_TIMEOUT)
        for proposal, answer in zip(proposals, answers, strict=True):
            if not isinstance(answer, Appended):
                msg = f"{proposal.place.topic}: {answer.reason}"
                raise SnapshotNotWritten(msg)

    def connection(self) -> psycopg.Connection[Any]:
        """The writer's own connection, opened if need be."""
        if self._open is None or self._open.closed:
            self._open = self._connect()
        return self._open

    def close(self) -> None:
        """Let go of log and connection; a later call opens them anew."""
        self._log.close()
        if self._open is not None:
            self._open.close()
            self._open = None


def _proposal(snapshot: Snapshot) -> Proposal:
    stream_id = snapshot.stream_id
    place = Place(
        topic_of(stream_type_of(stream_id)), partition_of(stream_id, conf.PARTITIONS)
    )
    return Proposal(place, stream_id.encode(), encode(snapshot, signer()))


def _key(snapshot: Snapshot) -> tuple[object, ...]:
    return (snapshot.stream_id, snapshot.stamp, snapshot.version, snapshot.event_id)
