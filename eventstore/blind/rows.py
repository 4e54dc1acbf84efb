"""The rows of blind indexes, by SQL on Django's connection: what a handler writes moves with its checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.backends.utils import CursorWrapper

    from eventstore.events import EventMetadata

# Index: eventstore_blind_digest (name, digest).
_FIND: Final = """
SELECT stream_id FROM eventstore_blinddigest WHERE name = %(name)s AND digest = %(digest)s ORDER BY stream_id
"""
# A key's own, until the end of the transaction.
_HOLD: Final = (
    "SELECT pg_advisory_xact_lock(hashtext('eventstore blind'), hashtext(%(key)s))"
)
_PUT: Final = """
INSERT INTO eventstore_blinddigest AS known (name, stream_id, version, key, digest)
VALUES (%(name)s, %(stream)s, %(version)s, %(key)s, %(digest)s)
    ON CONFLICT (name, stream_id) DO UPDATE
   SET version = excluded.version, key = excluded.key, digest = excluded.digest
 WHERE known.version <= excluded.version
"""
# Index: eventstore_blind_key (key).
_REMOVE: Final = (
    "DELETE FROM eventstore_blinddigest WHERE key = %(key)s AND name = %(name)s"
)


def find(cursor: CursorWrapper, name: str, digest: bytes) -> Sequence[str]:
    """The ids of the streams."""
    cursor.execute(_FIND, {"name": name, "digest": digest})
    return [row[0] for row in cursor.fetchall()]


def hold(cursor: CursorWrapper, key: str) -> None:
    """Wait for whoever takes up or lets go of what was sealed with this key, and hold it for this transaction."""
    cursor.execute(_HOLD, {"key": key})


def put(
    cursor: CursorWrapper, name: str, event: EventMetadata, key: str, digest: bytes
) -> None:
    """The stream's value, unless a newer one is there."""
    given: dict[str, Any] = {
        "name": name,
        "stream": event.stream_id,
        "version": event.version,
        "key": key,
        "digest": digest,
    }
    cursor.execute(_PUT, given)


def remove(cursor: CursorWrapper, name: str, key: str) -> None:
    """All that was sealed with this key."""
    cursor.execute(_REMOVE, {"name": name, "key": key})
