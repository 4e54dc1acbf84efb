"""A snapshot as the topic holds it: one JSON object under the stream's id. docs/RECORD_FORMAT.md, "A snapshot"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final
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
from eventstore.snapshots.snapshot import FORM, Snapshot, Stamp
from eventstore.snapshots.states import MAX_STATE_BYTES

if TYPE_CHECKING:
    from eventstore.events import Place
    from eventstore.ports import LogRecord
    from eventstore.snapshots.signing import Signer

PREFIX: Final = "snapshots."
NONCE_BYTES: Final = 12
MAX_BOX_BYTES: Final = NONCE_BYTES + MAX_STATE_BYTES + 16  # AES-GCM's tag
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


class _Sealed(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    key: UUID
    nonce: bytes
    box: bytes


class _Third(
    msgspec.Struct,
    forbid_unknown_fields=True,
    tag_field="v",
    tag=FORM,
    kw_only=True,
    omit_defaults=True,
):
    stream_id: str
    version: _Number
    event_id: UUID
    position: str
    recorded_at: Annotated[str, msgspec.Meta(pattern=_TIME)]
    state_schema: _Number
    code: _Sha256
    mac: _Sha256
    state: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    sealed: _Sealed | msgspec.UnsetType = msgspec.UNSET


@dataclass(frozen=True, slots=True)
class Garbage:
    """A record that is no snapshot. The reason is a stable word, never a part of the record."""

    reason: str


_DECODER: Final = msgspec.json.Decoder(_First | _Signed | _Third)
_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_FORMS: Final[dict[Any, int]] = {_First: 1, _Signed: 2, _Third: FORM}


def topic_of(stream_type: str) -> str:
    """The topic of the snapshots of one kind of stream."""
    return PREFIX + stream_type


def encode(snapshot: Snapshot, signer: Signer) -> bytes:
    """The record's value. ValueError for a snapshot that does not say where its event stands."""
    mac = signer.mac(said_by(snapshot))
    return msgspec.json.encode(
        _Third(
            stream_id=snapshot.stream_id,
            version=snapshot.version,
            event_id=snapshot.event_id,
            position=str(snapshot.position),
            recorded_at=written(snapshot.recorded_at),
            state_schema=snapshot.stamp.state_schema,
            code=snapshot.stamp.code.hex(),
            mac=mac.hex(),
            **_held(snapshot),
        )
    )


def _held(snapshot: Snapshot) -> dict[str, Any]:
    """The state, or its box."""
    if snapshot.key_id is None:
        return {"state": msgspec.Raw(snapshot.state)}
    nonce, box = snapshot.state[:NONCE_BYTES], snapshot.state[NONCE_BYTES:]
    return {"sealed": _Sealed(key=snapshot.key_id, nonce=nonce, box=box)}


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
        state, key_id = _state_of(record)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return Garbage("not_a_snapshot")
    if len(state) > (MAX_STATE_BYTES if key_id is None else MAX_BOX_BYTES):
        return Garbage("too_large")
    if key != record.stream_id.encode() or not STREAM_ID.fullmatch(record.stream_id):
        return Garbage("key_mismatch")
    if not _belongs(record.stream_id, position, place, partitions):
        return Garbage("misplaced")
    stamp = Stamp(record.state_schema, bytes.fromhex(record.code))
    about = record.stream_id, record.version, record.event_id, recorded_at, stamp
    return Snapshot(*about, state, position, key_id, mac, _FORMS[type(record)])


def believed(
    place: Place, partitions: int, record: LogRecord, signer: Signer
) -> Snapshot | Garbage:
    """What a record of a snapshots topic says, if this store has signed it. Of an earlier form of it nobody knows what it holds."""
    said = decode(place, partitions, record.key, record.value)
    if isinstance(said, Garbage):
        return said
    if said.form != FORM:
        return Garbage("earlier_form")
    if not signer.knows(said_by(said), said.mac):
        return Garbage("not_ours")
    return said


def _state_of(record: _First | _Signed | _Third) -> tuple[bytes, UUID | None]:
    """The state's bytes, or its nonce and box and their key. Raises ValueError where there is neither, or both."""
    held, sealed = record.state, getattr(record, "sealed", msgspec.UNSET)
    if isinstance(held, msgspec.Raw) and sealed is msgspec.UNSET:
        state = bytes(held)
        _OBJECT.decode(state.decode())
        return state, None
    if isinstance(held, msgspec.Raw) or not isinstance(sealed, _Sealed):
        msg = "a state stands in it as it is, or sealed"
        raise ValueError(msg)  # noqa: TRY004  (as all that is wrong with a record)
    if len(sealed.nonce) != NONCE_BYTES:
        msg = "a nonce has 12 bytes"
        raise ValueError(msg)
    return sealed.nonce + sealed.box, sealed.key


def _signed(record: _First | _Signed | _Third) -> tuple[Position | None, bytes]:
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
