"""What an erasure asks of the blind indexes: how many digests stand under keys, and that they go at once.

A follower lets go of them too, when the log tells it; but nobody waits for a follower with an erasure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from eventstore.blind.rows import hold
from eventstore.queries.connection import atomic, unchecked_cursor

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

# Index: eventstore_blind_key.
_COUNT: Final = (
    "SELECT count(*) FROM eventstore_blinddigest WHERE key = ANY(%(keys)s::uuid[])"
)
_REMOVE: Final = "DELETE FROM eventstore_blinddigest WHERE key = ANY(%(keys)s::uuid[])"


def digests_under(keys: Collection[UUID]) -> int:
    """How many values that are sealed with these keys are in an index."""
    with unchecked_cursor() as cursor:
        cursor.execute(_COUNT, {"keys": list(keys)})
        return int(cursor.fetchall()[0][0])


def remove_digests(keys: Collection[UUID]) -> None:
    """Take them out. Who takes up a value at the same moment is before, or finds its key gone."""
    with atomic(), unchecked_cursor() as cursor:
        for key in sorted(keys):
            hold(cursor, str(key))
        cursor.execute(_REMOVE, {"keys": list(keys)})
