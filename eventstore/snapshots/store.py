"""What applications use: the newest snapshot of a stream, and writing one. The stores differ in their log only."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar

import msgspec
import structlog
from asgiref.sync import sync_to_async

from eventstore import metrics
from eventstore.aggregates import Aggregate
from eventstore.conf import conf, registry
from eventstore.database import Connect, connect
from eventstore.errors import StateWithheld
from eventstore.events import Position, topic_of, unpack
from eventstore.log import configured
from eventstore.opening import key_ring
from eventstore.queries import snapshots as queries
from eventstore.queries.connection import prepared_cursor
from eventstore.snapshots.refusing import is_news, pass_by, refuse
from eventstore.snapshots.sealing import sealed, state_in
from eventstore.snapshots.signing import said_by_row, signer
from eventstore.snapshots.snapshot import Snapshot, Stamp, stamp_of
from eventstore.snapshots.states import decoded, encoded
from eventstore.snapshots.writing import SnapshotWriter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eventstore.events import RecordedEvent
    from eventstore.log.configured import LogFactory
    from eventstore.ports import DataKey, KeyRing, Log, Opener
    from eventstore.queries.kept import Kept
    from eventstore.snapshots.sealing import Opened

logger = structlog.get_logger(__name__)

T = TypeVar("T", bound=Aggregate[Any])

_LOOKS: Final = 3
"""At snapshots of a stream that are not ours, one below the other, until a load replays all."""


class SnapshotStore(Generic[T]):
    """The snapshots of one class of aggregates, with topics in the configured log; for use from many threads.

    A snapshot saves time and decides nothing: whoever loads takes `newest`, applies the events after it, and would
    come to the same state from the events alone.

    opener: of a class that reads what is sealed, whose states are for those who may open it; without one there is no newest, and none is made.
    ring: what those states are sealed under; the configured one, if left out.
    """

    _open: ClassVar[LogFactory] = staticmethod(configured.open_log)

    def __init__(
        self,
        aggregate: type[T],
        *,
        connect: Connect = connect,
        opener: Opener | None = None,
        ring: KeyRing | None = None,
    ) -> None:
        self.aggregate = aggregate
        self.opener = opener if aggregate.reads_sealed else None
        self._ring = ring
        self._states = msgspec.json.Decoder(aggregate.state_type)
        self._connect = connect

    def make_log(self) -> Log:
        """A log adapter for one thread."""
        return self._open(self._connect)

    @property
    def stamp(self) -> Stamp:
        """What this process makes this class's states with."""
        return stamp_of(self.aggregate, registry())

    @property
    def frequency(self) -> int:
        """Events between two snapshots of a stream: the class's own, or the configured one."""
        return self.aggregate.snapshot_frequency or int(conf.SNAPSHOT_FREQUENCY)

    # ---- reading

    def newest(self, stream_id: str, *, at_most: int | None = None) -> Snapshot | None:
        """The stream's newest snapshot, or its newest at or below a version, if there is one that is true.

        True: made with this process's stamp, its last event still the stream's at that version and place, signed by this
        store, and its state is one. One statement; another for each that is not signed by this store, up to a few.
        Raises `IndexIncomplete`, `InvalidStreamId`.
        """
        found = self.newest_with_key(stream_id, at_most=at_most)
        return None if found is None else found[0]

    def newest_with_key(
        self, stream_id: str, *, at_most: int | None = None
    ) -> tuple[Snapshot, DataKey | None] | None:
        """The same, opened, and under which key it was sealed, if it was."""
        types = registry()
        types.stream_type_of(stream_id)
        if self.aggregate.reads_sealed and self.opener is None:
            return None
        stamp, own = stamp_of(self.aggregate, types), signer()
        made = queries.Made(stamp.state_schema, stamp.code)
        for _ in range(_LOOKS):
            with prepared_cursor() as cursor:
                stored = queries.newest(cursor, stream_id, made, at_most)
            if stored is None:
                break
            if not own.knows(said_by_row(stored, made), stored.mac):
                self.refuse(stored)
            elif (held := self._held(stored, made)) is not None:
                return _snapshot(stored, stamp, held[0]), held[1]
            at_most = stored.version - 1
        return None

    async def anewest(
        self, stream_id: str, *, at_most: int | None = None
    ) -> Snapshot | None:
        """`newest` for coroutines."""
        return await sync_to_async(self.newest)(stream_id, at_most=at_most)

    def aggregate_of(self, snapshot: Snapshot) -> T:
        """The aggregate as it stood then. Raises `msgspec.DecodeError` for a state that `newest` did not give."""
        _, _, aggregate_id = snapshot.stream_id.partition(".")
        state = decoded(snapshot.state, self.aggregate.state_type)
        return self.aggregate(aggregate_id, state=state, version=snapshot.version)

    # ---- writing

    def snapshot_of(
        self, aggregate: T, last: RecordedEvent, *, opened: Opened | None = None
    ) -> Snapshot:
        """The aggregate's state after the event that was applied last; sealed, where something was opened for it.

        opened: what was, which a class must be told that reads what is sealed. Raises `StateNotStorable`, which names the field, `StateWithheld`; ValueError if the aggregate does not stand at that event, or
        has recorded others that nobody has accepted yet.
        """
        meta = last.metadata
        if (aggregate.stream_id, aggregate.version) != (meta.stream_id, meta.version):
            msg = f"the aggregate stands at version {aggregate.version}, not at the event's"
            raise ValueError(msg)
        if aggregate._domain_events:  # noqa: SLF001  (the aggregate's contract with us)
            msg = "the aggregate has recorded events that are not accepted yet: save it first"
            raise ValueError(msg)
        name = self.aggregate.__name__
        about = meta.stream_id, meta.version, meta.event_id, last.recorded_at
        state = encoded(name, aggregate.state)
        made = Snapshot(*about, self.stamp, state, last.position)
        if not self.aggregate.reads_sealed:
            return made
        if opened is None:
            msg = "nobody says what of it was opened"
            raise StateWithheld(name, msg)
        return sealed(name, made, opened, self._ring or key_ring())

    def write(self, snapshots: Sequence[Snapshot]) -> None:
        """Keep them: topic, then row. Idempotent. Raises `SnapshotNotWritten`."""
        with self.writer() as writer:
            writer.write(snapshots)

    async def awrite(self, snapshots: Sequence[Snapshot]) -> None:
        """`write` for coroutines."""
        await sync_to_async(self.write)(snapshots)

    @contextmanager
    def writer(self) -> Iterator[SnapshotWriter]:
        """A writer for one thread, for whoever writes often; closed at the end."""
        made = SnapshotWriter(self.make_log(), self._connect)
        try:
            yield made
        finally:
            made.close()

    def refuse(self, found: queries.StoredSnapshot) -> None:
        """Log a snapshot that this store has not signed, and note its stream, so that a builder makes it again."""
        refuse(self._connect, found, self.made_with)

    def state_in(self, found: queries.StoredSnapshot | Kept) -> bytes | None:
        """The state of a row that this store has signed, opened if need be; None where it cannot be. Raises `KeyStoreUnavailable`."""
        if found.key_id is None:
            return found.state
        if self.opener is None:
            return None
        opened = state_in(found, self.made_with, self.opener)
        return None if opened is None else opened[0]

    # ---- inside

    @property
    def made_with(self) -> queries.Made:
        """The stamp as the queries take it."""
        stamp = self.stamp
        return queries.Made(stamp.state_schema, stamp.code)

    def _held(
        self, stored: queries.StoredSnapshot, made: queries.Made
    ) -> tuple[bytes, DataKey | None] | None:
        """Its state and the key, if it can be had and is one."""
        if stored.key_id is None:
            return (
                (stored.state, None) if self._is_state(stored, stored.state) else None
            )
        if self.opener is None:  # another code of this name has read what is sealed
            return None
        found = state_in(stored, made, self.opener)
        if found is None:
            pass_by(self._connect, stored, made)
            return None
        return found if self._is_state(stored, found[0]) else None

    def _is_state(self, stored: queries.StoredSnapshot, state: bytes) -> bool:
        """Whether the bytes are a state of the class: an `apply` may have made another than the class says."""
        if _decodes(self._states, state):
            return True
        metrics.SNAPSHOT_GARBAGE.labels("bad_state").inc()
        if is_news(stored.stream_id, stored.version):
            logger.error(  # without a traceback, which may quote the state
                "a snapshot holds no state of its class; loads replay all events",
                action="snapshot-state-unreadable",
                stream=stored.stream_id,
                version=stored.version,
            )
        return False


def _decodes(states: msgspec.json.Decoder[Any], state: bytes) -> bool:
    try:
        states.decode(state)
    except msgspec.DecodeError:
        return False
    return True


def _snapshot(stored: queries.StoredSnapshot, stamp: Stamp, state: bytes) -> Snapshot:
    _, partition, offset, index = unpack(stored.position)
    return Snapshot(
        stored.stream_id,
        stored.version,
        stored.event_id,
        stored.recorded_at,
        stamp,
        state,
        Position(topic_of(stored.stream_id), partition, offset, index),
        stored.key_id,
        stored.mac,
    )


class EmbeddedSnapshotStore(SnapshotStore[T]):
    """The store whose topics are in PostgreSQL, whatever the setting says."""

    _open = staticmethod(configured.open_embedded)


class KafkaSnapshotStore(SnapshotStore[T]):
    """The store whose topics are in Kafka, by the configured addresses, whatever the setting says."""

    _open = staticmethod(configured.open_kafka)


KINDS: Final[dict[str, type[SnapshotStore[Any]]]] = {
    configured.EMBEDDED: EmbeddedSnapshotStore,
    configured.KAFKA: KafkaSnapshotStore,
}


def snapshot_store(
    aggregate: type[T], *, opener: Opener | None = None
) -> SnapshotStore[T]:
    """The store of a class's snapshots on the configured log. Cheap to make: it holds no connection."""
    return KINDS.get(conf.LOG, SnapshotStore)(aggregate, opener=opener)


def make_log() -> Log:
    """The configured log's adapter for one thread, without any class of aggregates."""
    return configured.open_log(connect)
