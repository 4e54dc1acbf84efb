"""A snapshot as the topic holds it: one JSON object under the stream's id. docs/RECORD_FORMAT.md, "A snapshot"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, Literal
from uuid import UUID

import msgspec

from eventstore.events import STREAM_ID, instant_of, written
from eventstore.placement import partition_of
from eventstore.snapshots.snapshot import Snapshot, Stamp
from eventstore.snapshots.states import MAX_STATE_BYTES

if TYPE_CHECKING:
    from eventstore.events import Place

PREFIX: Final = "snapshots."
_Number = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
_TIME: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$"


class _Record(msgspec.Struct, forbid_unknown_fields=True):
    v: Literal[1]
    stream_id: str
    version: _Number
    event_id: UUID
    recorded_at: Annotated[str, msgspec.Meta(pattern=_TIME)]
    state_schema: _Number
    code: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    state: msgspec.Raw


@dataclass(frozen=True, slots=True)
class Garbage:
    """A record that is no snapshot. The reason is a stable word, never a part of the record."""

    reason: str


_DECODER: Final = msgspec.json.Decoder(_Record)
_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def topic_of(stream_type: str) -> str:
    """The topic of the snapshots of one kind of stream."""
    return PREFIX + stream_type


def encode(snapshot: Snapshot) -> bytes:
    """The record's value."""
    return msgspec.json.encode(
        _Record(
            v=1,
            stream_id=snapshot.stream_id,
            version=snapshot.version,
            event_id=snapshot.event_id,
            recorded_at=written(snapshot.recorded_at),
            state_schema=snapshot.stamp.state_schema,
            code=snapshot.stamp.code.hex(),
            state=msgspec.Raw(snapshot.state),
        )
    )


def decode(
    place: Place, partitions: int, key: bytes | None, value: bytes | None
) -> Snapshot | Garbage:
    """What a record of a snapshots topic says."""
    if value is None:
        return Garbage("null_value")
    try:
        record = _DECODER.decode(value)
        recorded_at = instant_of(record.recorded_at)
        state = bytes(record.state)
        _OBJECT.decode(state.decode())
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return Garbage("not_a_snapshot")
    if len(state) > MAX_STATE_BYTES:
        return Garbage("too_large")
    if key != record.stream_id.encode() or not STREAM_ID.fullmatch(record.stream_id):
        return Garbage("key_mismatch")
    if not _belongs(record.stream_id, place, partitions):
        return Garbage("misplaced")
    stamp = Stamp(record.state_schema, bytes.fromhex(record.code))
    return Snapshot(
        record.stream_id, record.version, record.event_id, recorded_at, stamp, state
    )


def _belongs(stream_id: str, place: Place, partitions: int) -> bool:
    topic = topic_of(stream_id.partition(".")[0])
    return (topic, partition_of(stream_id, partitions)) == (
        place.topic,
        place.partition,
    )
