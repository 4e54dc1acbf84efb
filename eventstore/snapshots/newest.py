"""Whether there is a snapshot of a stream, and of which version: its state is not looked at, so no key is asked for, and nothing is noted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eventstore.conf import registry
from eventstore.queries import snapshots as queries
from eventstore.queries.connection import prepared_cursor
from eventstore.snapshots.signing import said_by_row, signer
from eventstore.snapshots.snapshot import stamp_of

if TYPE_CHECKING:
    from datetime import datetime

    from eventstore.aggregates import Aggregate


def newest_known(
    aggregate: type[Aggregate[Any]], stream_id: str
) -> tuple[int, datetime] | None:
    """Version and time of the newest that a load would look at, if this store has signed it. Raises `IndexIncomplete`."""
    stamp = stamp_of(aggregate, registry())
    made = queries.Made(stamp.state_schema, stamp.code)
    with prepared_cursor() as cursor:
        stored = queries.newest(cursor, stream_id, made)
    if stored is None or not signer().knows(said_by_row(stored, made), stored.mac):
        return None
    return stored.version, stored.recorded_at
