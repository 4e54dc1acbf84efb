"""A snapshot as the topic holds it: one JSON object under the stream's id. docs/RECORD_FORMAT.md, "A snapshot"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

import msgspec

from eventstore.events import (
    STREAM_ID,
    Position,
    instant_of,
    pack,
    stream_type_of,
    written,
)
from eventstore.protocol.placement import place_of
from eventstore.snapshots.signing import said_by
from eventstore.snapshots.snapshot import Snapshot, Stamp
from eventstore.snapshots.states import MAX_STATE_BYTES

if TYPE_CHECKING:
    from eventstore.events import Place
    from eventstore.ports import LogRecord
    from eventstore.snapshots.signing import Signer

PREFIX: Final = "snapshots."
_Number = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
_TIME: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$"


_Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class _First(
    msgspec.Struct, forbid_unknown_fields=True, tag_field="v", tag=1, kw_only=True
):
    stream_id: str
    version: _Number
    event_id: UUID
    recorded_at: Annotated[str, msgspec.Meta(pattern=_TIME)]
    state_schema: _Number
    code: _Sha256
    state: msgspec.Raw


class _Signed(
    msgspec.Struct, forbid_unknown_fields=True, tag_field="v", tag=2, kw_only=True
):
    stream_id: str
    version: _Number
    event_id: UUID
    position: str
    recorded_at: Annotated[str, msgspec.Meta(pattern=_TIME)]
    state_schema: _Number
    code: _Sha256
    mac: _Sha256
    state: msgspec.Raw


@dataclass(frozen=True, slots=True)
class Garbage:
    """A record that is no snapshot. The reason is a stable word, never a part of the record."""

    reason: str


_DECODER: Final = msgspec.json.Decoder(_First | _Signed)
_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def topic_of(stream_type: str) -> str:
    """The topic of the snapshots of one kind of stream."""
    return PREFIX + stream_type


def encode(snapshot: Snapshot, signer: Signer) -> bytes:
    """The record's value. ValueError for a snapshot that does not say where its event stands."""
    mac = signer.mac(said_by(snapshot))
    return msgspec.json.encode(
        _Signed(
            stream_id=snapshot.stream_id,
            version=snapshot.version,
            event_id=snapshot.event_id,
            position=str(snapshot.position),
            recorded_at=written(snapshot.recorded_at),
            state_schema=snapshot.stamp.state_schema,
            code=snapshot.stamp.code.hex(),
            mac=mac.hex(),
            state=msgspec.Raw(snapshot.state),
        )
    )


def decode(
    place: Place, partitions: int, key: bytes | None, value: bytes | None
) -> Snapshot | Garbage:
    """What a record of a snapshots topic says; whether it may be believed, a `Signer` knows."""
    if value is None:
        return Garbage("null_value")
    try:
        record = _DECODER.decode(value)
        recorded_at = instant_of(record.recorded_at)
        position, mac = _signed(record)
        state = bytes(record.state)
        _OBJECT.decode(state.decode())
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return Garbage("not_a_snapshot")
    if len(state) > MAX_STATE_BYTES:
        return Garbage("too_large")
    if key != record.stream_id.encode() or not STREAM_ID.fullmatch(record.stream_id):
        return Garbage("key_mismatch")
    if not _belongs(record.stream_id, position, place, partitions):
        return Garbage("misplaced")
    stamp = Stamp(record.state_schema, bytes.fromhex(record.code))
    return Snapshot(
        record.stream_id,
        record.version,
        record.event_id,
        recorded_at,
        stamp,
        state,
        position,
        mac,
    )


def believed(
    place: Place, partitions: int, record: LogRecord, signer: Signer
) -> Snapshot | Garbage:
    """What a record of a snapshots topic says, if this store has signed it; of the format's first version nobody knows."""
    said = decode(place, partitions, record.key, record.value)
    if isinstance(said, Garbage):
        return said
    if said.position is None:
        return Garbage("unsigned")
    if not signer.knows(said_by(said), said.mac):
        return Garbage("not_ours")
    return said


def _signed(record: _First | _Signed) -> tuple[Position | None, bytes]:
    """Raises ValueError for a place in the log that is none."""
    if isinstance(record, _First):
        return None, b""
    position = Position.parse(record.position)
    pack(1, position.partition, position.offset, position.index)
    return position, bytes.fromhex(record.mac)


def _belongs(
    stream_id: str, position: Position | None, place: Place, partitions: int
) -> bool:
    """Whether the record stands where its stream's do, and says that its event does."""
    home = place_of(stream_id, partitions)
    if position and (position.topic, position.partition) != (
        home.topic,
        home.partition,
    ):
        return False
    topic = topic_of(stream_type_of(stream_id))
    return (topic, home.partition) == (place.topic, place.partition)
