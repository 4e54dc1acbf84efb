"""The leaf of every integrity proof: what a record's hash covers. Golden vectors pin the layout."""

from __future__ import annotations

from hashlib import sha256
from struct import Struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eventstore.events import Place

_INT64 = Struct(">q")
_LEAF = b"\x00"  # RFC 9162: leaves and nodes of a Merkle tree must not be confusable


def record_hash(
    place: Place,
    offset: int,
    recorded_at: int,
    key: bytes | None,
    value: bytes | None,
) -> bytes:
    """SHA-256 over 0x00 and topic, partition, offset, recorded_at (ms, the fold's), key, value.

    Each field stands behind its length (a signed 64-bit big-endian number; -1 and nothing for null); numbers
    are signed 64-bit big-endian themselves. 32 bytes. Headers are not covered.
    """
    parts = [_LEAF]
    for field in (
        place.topic.encode(),
        _INT64.pack(place.partition),
        _INT64.pack(offset),
        _INT64.pack(recorded_at),
        key,
        value,
    ):
        parts.append(_INT64.pack(-1 if field is None else len(field)))
        if field:
            parts.append(field)
    return sha256(b"".join(parts)).digest()
