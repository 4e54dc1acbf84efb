"""The checkpoints: who holds one handles its partition, and moves it in the same transaction."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from eventstore.errors import IndexRebuilt
from eventstore.protocol.positions import first_of, offset_in

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from uuid import UUID

    from eventstore.queries.rows import Cursor

_LATELY: Final = 30.0  # seconds over which a rate is told

# Behind the index, or at its end with a stream that is due; in the order of the key. Index of the second:
# eventstore_parked_due. Who is beyond the index waits: what is not there now is not gone.
_BEHIND: Final = """
SELECT c.partition_id FROM eventstore_checkpoint c JOIN eventstore_partition p ON p.id = c.partition_id
 WHERE c.subscription = %(name)s AND c.version = %(version)s AND NOT c.paused
   AND (c."cursor" < p."cursor" OR c."cursor" = p."cursor" AND EXISTS (
        SELECT FROM eventstore_parkedstream s
         WHERE s.subscription = c.subscription AND s.partition_id = c.partition_id AND s.retry_at <= %(now)s))
"""
# Nobody waits here: what another worker holds it handles. Once newer code has said that it takes over, nothing is found.
_HOLD: Final = """
SELECT c."cursor", p."cursor", c.first_time_from, c.rate, c.moved_at, p.generation
  FROM eventstore_checkpoint c
  JOIN eventstore_subscription s ON s.name = c.subscription AND s.version = c.version
  JOIN eventstore_partition p ON p.id = c.partition_id
 WHERE c.subscription = %(name)s AND c.partition_id = %(partition)s AND c.version = %(version)s AND NOT c.paused
   FOR UPDATE OF c SKIP LOCKED
"""
_HOLD_ALL: Final = """
SELECT partition_id FROM eventstore_checkpoint WHERE subscription = %(name)s ORDER BY partition_id FOR UPDATE
"""
_MIRRORED: Final = (
    'SELECT "cursor", generation FROM eventstore_partition WHERE id = %(partition)s'
)
_MOVE: Final = """
UPDATE eventstore_checkpoint
   SET "cursor" = %(cursor)s, handled = handled + %(handled)s, skipped = skipped + %(skipped)s,
       rate = %(rate)s, moved_at = %(now)s
 WHERE subscription = %(name)s AND partition_id = %(partition)s
"""
# What is killed holds the row until its session is found dead: on a connection that has gone silent after seconds, not
# after hours; of a handler that hangs after as long as it may take.
_GUARD: Final = "SELECT set_config('idle_in_transaction_session_timeout', %(ms)s, true)"
# Nothing was written for it, so nothing is lost with it: it is looked through again.
_NOT_DURABLE: Final = "SET LOCAL synchronous_commit = off"
_STANDS: Final = """
SELECT c.version, count(*) FILTER (WHERE c."cursor" > p."cursor")
  FROM eventstore_checkpoint c JOIN eventstore_partition p ON p.id = c.partition_id
 WHERE c.subscription = %(name)s GROUP BY c.version
"""
# A kind of stream that came while a process ran: its rows are made by `create_topics`, which may be later than new code.
_LACKING: Final = """
SELECT EXISTS (
       SELECT FROM eventstore_partition p
        WHERE p.topic = ANY(%(topics)s) AND NOT EXISTS (
              SELECT FROM eventstore_checkpoint c WHERE c.subscription = %(name)s AND c.partition_id = p.id))
"""


@dataclass(frozen=True, slots=True)
class Held:
    """A checkpoint that this transaction holds. Offsets: the next to handle, and the first that is not folded yet."""

    partition_id: int
    cursor: int
    folded: int
    first_time_from: int
    rate: float
    moved_at: datetime
    generation: UUID

    @property
    def is_beyond(self) -> bool:
        """Whether the checkpoint is further than what is folded."""
        return self.cursor > self.folded

    @property
    def start(self) -> int:
        """The packed position to handle next."""
        return self.packed(self.cursor)

    @property
    def end(self) -> int:
        """The packed position before which everything is folded."""
        return self.packed(self.folded)

    def packed(self, offset: int) -> int:
        """The packed position of an offset here."""
        return first_of(self.partition_id, offset)

    def offset(self, position: int) -> int:
        """The offset of a packed position here."""
        return offset_in(position)

    def rate_after(self, offsets: int, now: datetime) -> float:
        """Offsets a second, lately, with so many more."""
        passed = max(0.001, (now - self.moved_at).total_seconds())
        return self.rate + (offsets / passed - self.rate) * -math.expm1(
            -passed / _LATELY
        )


def lagging(cursor: Cursor, name: str, version: int, now: datetime) -> list[int]:
    """The partitions in which there is something to do for this version of a subscription."""
    cursor.execute(_BEHIND, {"name": name, "version": version, "now": now})
    return [row[0] for row in cursor.fetchall()]


def hold(cursor: Cursor, name: str, version: int, partition_id: int) -> Held | None:
    """Lock the checkpoint for this transaction; None if somebody else holds it, it is paused, or of another version."""
    parameters = {"name": name, "version": version, "partition": partition_id}
    cursor.execute(_HOLD, parameters)
    return next((Held(partition_id, *row) for row in cursor.fetchall()), None)


def hold_all(cursor: Cursor, name: str) -> None:
    """Lock all of them for this transaction: waits for the turns that are under way, and no other begins."""
    cursor.execute(_HOLD_ALL, {"name": name})


def refuse_a_rebuilt_index(cursor: Cursor, held: Held) -> None:
    """Raise `IndexRebuilt` if the index was emptied since this was held: what was not found then may be there yet.

    To be asked behind the read that found nothing: whoever has read keeps the index from being emptied.
    """
    cursor.execute(_MIRRORED, {"partition": held.partition_id})
    [(folded, generation)] = cursor.fetchall()
    if generation != held.generation or folded < held.folded:
        raise IndexRebuilt


def guard(cursor: Cursor, timeout_s: float) -> None:
    """Have PostgreSQL end this transaction if nothing is heard of it for so long."""
    cursor.execute(_GUARD, {"ms": str(max(1, round(timeout_s * 1_000)))})


def move(
    cursor: Cursor,
    name: str,
    held: Held,
    *,
    to: int,
    handled: int,
    skipped: int,
    now: datetime,
    durable: bool,
) -> None:
    """Move it to this offset, with how many events that were. durable: False where nothing hangs on it."""
    parameters = {
        "name": name,
        "partition": held.partition_id,
        "cursor": to,
        "handled": handled,
        "skipped": skipped,
        "rate": held.rate_after(to - held.cursor, now),
        "now": now,
    }
    cursor.execute(_MOVE, parameters)
    if not durable:
        cursor.execute(_NOT_DURABLE)


def stands(cursor: Cursor, name: str) -> tuple[int | None, int]:
    """The version that may handle; and how many checkpoints are beyond what is folded."""
    cursor.execute(_STANDS, {"name": name})
    rows = cursor.fetchall()
    return max((row[0] for row in rows), default=None), sum(row[1] for row in rows)


def are_lacking(cursor: Cursor, name: str, topics: Collection[str]) -> bool:
    """Whether a partition of these topics has no checkpoint of the subscription."""
    cursor.execute(_LACKING, {"name": name, "topics": list(topics)})
    return any(row[0] for row in cursor.fetchall())
