"""Which snapshots are this store's own: each carries a MAC over what it says, and what nobody here has signed is not believed.

Topic and table are written to by whoever reaches them. A snapshot that is believed decides what an aggregate decides on,
so being able to write there must not be enough. docs/RECORD_FORMAT.md, "A snapshot"; docs/decisions/0008.
"""

from __future__ import annotations

import hmac
import struct
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from eventstore.conf import secrets
from eventstore.events import pack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.queries.kept import Kept
    from eventstore.queries.snapshots import Found, Made
    from eventstore.snapshots.snapshot import Snapshot

LABEL: Final = b"eventstore.snapshots/1"
"""What the key is derived for: neither a cookie's signature nor a later format's is one of a snapshot."""
_PLACE: Final = (
    1 << 57
) - 1  # of a packed position: the type's number is no part of the log
_INT64: Final = struct.Struct(">q")


class Signer:
    """Signs under the first key, and knows what was signed under any of them."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._keys = [hmac.digest(secret, LABEL, "sha256") for secret in secrets]

    def mac(self, said: bytes) -> bytes:
        """32 bytes, under the first key."""
        return hmac.digest(self._keys[0], said, "sha256")

    def knows(self, said: bytes, mac: bytes) -> bool:
        """Whether it was signed so under one of the keys; in a time that tells nothing of either."""
        return any(
            hmac.compare_digest(hmac.digest(key, said, "sha256"), mac)
            for key in self._keys
        )


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
    return _fields(
        snapshot.stream_id.encode(),
        _INT64.pack(snapshot.version),
        snapshot.event_id.bytes,
        _INT64.pack(pack(1, at.partition, at.offset, at.index) & _PLACE),
        _INT64.pack(stamp.state_schema),
        stamp.code,
        snapshot.state,
    )


def said_by_row(row: Found | Kept, made: Made) -> bytes:
    """What is signed of a row of the table, whoever has written it."""
    return _fields(
        row.stream_id.encode(),
        _INT64.pack(row.version),
        row.event_id.bytes,
        _INT64.pack(row.position & _PLACE),
        _INT64.pack(made.schema),
        made.code,
        row.state,
    )


def _fields(*fields: bytes) -> bytes:
    """Each behind its length, so that no two snapshots say the same bytes."""
    return b"".join(
        part for field in fields for part in (_INT64.pack(len(field)), field)
    )
