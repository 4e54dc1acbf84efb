"""Which snapshots are this store's own: each carries a MAC over what it says, and what nobody here has signed is not believed.

Topic and table are written to by whoever reaches them. A snapshot that is believed decides what an aggregate decides on,
so being able to write there must not be enough. docs/RECORD_FORMAT.md, "A snapshot"; docs/decisions/0008.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from eventstore.conf import secrets
from eventstore.events import pack
from eventstore.protocol.positions import within_topic

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from eventstore.queries.kept import Kept
    from eventstore.queries.snapshots import Made, StoredSnapshot
    from eventstore.snapshots.snapshot import Snapshot

LABEL: Final = b"eventstore.snapshots/3"
"""What the key is derived for: neither a cookie's signature nor a later format's is one of a snapshot."""
_BLOCK: Final = 64  # bytes, of SHA-256
_INT64: Final = struct.Struct(">q")
_NUMBERS: Final = struct.Struct(
    ">qqq16sqqqqq"
)  # version, event's id, place, schema, each behind its length; the code's length
_BOX: Final = b"eventstore.state/3"
_NO_KEY: Final = _INT64.pack(0)
_KEY: Final = _INT64.pack(16)


class Signer:
    """Signs under the first key, and knows what was signed under any of them."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._keys = [_Key(hmac.digest(one, LABEL, "sha256")) for one in secrets]

    def mac(self, said: bytes) -> bytes:
        """32 bytes, under the first key."""
        return self._keys[0].mac(said)

    def knows(self, said: bytes, mac: bytes) -> bool:
        """Whether it was signed so under one of the keys; in a time that tells nothing of either."""
        first, *earlier = self._keys
        return hmac.compare_digest(first.mac(said), mac) or any(
            hmac.compare_digest(key.mac(said), mac) for key in earlier
        )


class _Key:
    """HMAC-SHA-256 (RFC 2104), the key's part of it done once: every load signs, and `hmac.digest` takes twice as long."""

    def __init__(self, key: bytes) -> None:
        block = key.ljust(_BLOCK, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def mac(self, said: bytes) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(said)
        outer.update(inner.digest())
        return outer.digest()


def signer() -> Signer:
    """By the secrets as they are now. Raises ImproperlyConfigured where there is none."""
    return _signer_of(secrets())


@lru_cache(maxsize=8)
def _signer_of(secrets: tuple[bytes, ...]) -> Signer:
    return Signer(secrets)


def said_by(snapshot: Snapshot) -> bytes:
    """What is signed of a snapshot. ValueError for one that does not say where its event stands."""
    if snapshot.position is None:
        msg = "a snapshot that does not say where its event stands cannot be signed"
        raise ValueError(msg)
    at, stamp = snapshot.position, snapshot.stamp
    place = pack(1, at.partition, at.offset, at.index)
    return _said(snapshot, place, stamp.state_schema, stamp.code)


def said_by_row(row: StoredSnapshot | Kept, made: Made) -> bytes:
    """What is signed of a row of the table, whoever has written it."""
    return _said(row, row.position, made.schema, made.code)


def bound_to(snapshot: Snapshot, key_id: UUID) -> bytes:
    """What the box of its state is bound to: as associated data, so that it opens nowhere else. ValueError as `said_by`."""
    if snapshot.position is None:
        msg = "a snapshot that does not say where its event stands cannot be sealed"
        raise ValueError(msg)
    at, stamp = snapshot.position, snapshot.stamp
    place = pack(1, at.partition, at.offset, at.index)
    return _BOX + _about(snapshot, place, stamp.state_schema, stamp.code, key_id)


def bound_by_row(row: StoredSnapshot | Kept, made: Made, key_id: UUID) -> bytes:
    """The same of a row of the table."""
    return _BOX + _about(row, row.position, made.schema, made.code, key_id)


def _said(
    of: Snapshot | StoredSnapshot | Kept, place: int, schema: int, code: bytes
) -> bytes:
    state = of.state
    return b"".join(
        (_about(of, place, schema, code, of.key_id), _INT64.pack(len(state)), state)
    )


def _about(
    of: Snapshot | StoredSnapshot | Kept,
    place: int,
    schema: int,
    code: bytes,
    key_id: UUID | None,
) -> bytes:
    """Each field behind its length, so that no two snapshots say the same bytes. In few steps: every load goes this way."""
    stream_id = of.stream_id.encode()
    numbers = _NUMBERS.pack(
        8, of.version, 16, of.event_id.bytes, 8, within_topic(place), 8, schema, len(code)
    )  # fmt: skip
    key = _NO_KEY if key_id is None else _KEY + key_id.bytes
    return b"".join((_INT64.pack(len(stream_id)), stream_id, numbers, code, key))
