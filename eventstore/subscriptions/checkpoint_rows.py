"""What happens to checkpoints outside of a turn: made, taken over, set elsewhere, renamed, forgotten; and how far they are.

Each in the caller's transaction. What a turn does with the one that it holds: `checkpoints`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from eventstore.events import MAX_OFFSET

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django.db.backends.utils import CursorWrapper

    from eventstore.queries.rows import Cursor

_ADD: Final = """
INSERT INTO eventstore_checkpoint (subscription, partition_id, version, "cursor", first_time_from, paused, handled, skipped, rate, moved_at)
SELECT %(name)s, place.id, %(version)s, place.start, greatest(place.born, %(first_time_from)s), false, 0, 0, 0, %(now)s
  FROM unnest(%(ids)s::int[], %(starts)s::bigint[], %(born)s::bigint[]) place(id, start, born)
    ON CONFLICT (subscription, partition_id) DO NOTHING
"""
# Waits for the turns of the older code that are under way; no later one finds its version.
_TAKE_OVER: Final = """
UPDATE eventstore_checkpoint SET version = %(version)s WHERE subscription = %(name)s AND version < %(version)s
"""
_PAUSE: Final = (
    "UPDATE eventstore_checkpoint SET paused = %(paused)s WHERE subscription = %(name)s"
)
# What was handled before happens no more for the first time.
_RESET: Final = """
UPDATE eventstore_checkpoint c
   SET first_time_from = greatest(first_time_from, "cursor"), "cursor" = place.start, rate = 0, moved_at = %(now)s
  FROM unnest(%(ids)s::int[], %(starts)s::bigint[]) place(id, start)
 WHERE c.subscription = %(name)s AND c.partition_id = place.id
"""
_SKIPPED: Final = """
UPDATE eventstore_checkpoint SET skipped = skipped + 1
 WHERE subscription = %(name)s AND partition_id = %(partition)s
"""
_RENAME: Final = "UPDATE eventstore_checkpoint SET subscription = %(to)s WHERE subscription = %(name)s"
_FIRST_TIME: Final = 'UPDATE eventstore_checkpoint SET first_time_from = "cursor" WHERE subscription = %(name)s'
_NO_FIRST_TIME: Final = "UPDATE eventstore_checkpoint SET first_time_from = %(never)s WHERE subscription = %(name)s"
_FORGET: Final = "DELETE FROM eventstore_checkpoint WHERE subscription = %(name)s"
_OFFSET: Final = """
SELECT "cursor" FROM eventstore_checkpoint WHERE subscription = %(name)s AND partition_id = %(partition)s
"""
# Index: the key. A partition that the subscription does not follow has no row, and nothing to wait for.
_LACKING: Final = """
SELECT coalesce(sum(greatest(wanted.next - c."cursor", 0)), 0)::bigint
  FROM unnest(%(ids)s::int[], %(nexts)s::bigint[]) wanted(id, next)
  JOIN eventstore_checkpoint c ON c.subscription = %(name)s AND c.partition_id = wanted.id
"""
# A partition that only the one behind follows is compared with what is folded.
_LAGGING: Final = """
SELECT coalesce(sum(least(b."cursor", coalesce(r."cursor", p."cursor"))), 0)::bigint,
       coalesce(sum(coalesce(r."cursor", p."cursor")), 0)::bigint
  FROM eventstore_checkpoint b
  JOIN eventstore_partition p ON p.id = b.partition_id
  LEFT JOIN eventstore_checkpoint r ON r.subscription = %(before)s AND r.partition_id = b.partition_id
 WHERE b.subscription = %(name)s
"""


def add(
    cursor: Cursor,
    name: str,
    version: int,
    places: Mapping[str, list[int]],
    *,
    first_time_from: int,
    now: datetime,
) -> None:
    """Make those that are missing. places: ids of partitions, and for each the offset to start at (`starts`), and the one
    below which nothing happens for the first time (`born`)."""
    parameters = {"name": name, "version": version, "now": now}
    cursor.execute(_ADD, {**parameters, "first_time_from": first_time_from, **places})


def take_over(cursor: CursorWrapper, name: str, version: int) -> bool:
    """Have them be of this version; whether any were of an older one."""
    cursor.execute(_TAKE_OVER, {"name": name, "version": version})
    return bool(cursor.rowcount)


def pause(cursor: Cursor, name: str, *, paused: bool) -> None:
    """Whether nobody may hold them."""
    cursor.execute(_PAUSE, {"name": name, "paused": paused})


def reset(cursor: Cursor, name: str, starts: Mapping[int, int], now: datetime) -> None:
    """Set them to these offsets, by the partition's id."""
    parameters = {"ids": list(starts), "starts": list(starts.values())}
    cursor.execute(_RESET, {**parameters, "name": name, "now": now})


def count_skipped(cursor: Cursor, name: str, partition_id: int) -> None:
    """One event more was skipped there."""
    cursor.execute(_SKIPPED, {"name": name, "partition": partition_id})


def rename(cursor: Cursor, name: str, to: str) -> None:
    """Have them be another subscription's."""
    cursor.execute(_RENAME, {"name": name, "to": to})


def first_time_from_here(cursor: Cursor, name: str) -> None:
    """What is handled from now on happens for the first time."""
    cursor.execute(_FIRST_TIME, {"name": name})


def no_first_time(cursor: Cursor, name: str) -> None:
    """Whatever is handled has happened before."""
    cursor.execute(_NO_FIRST_TIME, {"name": name, "never": MAX_OFFSET})


def forget(cursor: Cursor, name: str) -> None:
    """Take them out."""
    cursor.execute(_FORGET, {"name": name})


def offset_of(cursor: Cursor, name: str, partition_id: int) -> int | None:
    """The next offset to handle; None if the subscription does not follow the partition."""
    cursor.execute(_OFFSET, {"name": name, "partition": partition_id})
    return next((int(row[0]) for row in cursor.fetchall()), None)


def lacking(cursor: Cursor, name: str, wanted: Mapping[int, int]) -> int:
    """How many records lie before these offsets and are not handled. wanted: by the partition's id."""
    parameters = {"name": name, "ids": list(wanted), "nexts": list(wanted.values())}
    cursor.execute(_LACKING, parameters)
    ((count,),) = cursor.fetchall()
    return int(count)


def as_far_as(cursor: Cursor, name: str, before: str) -> tuple[int, int]:
    """How many of the records that another subscription has handled, this one has, too; and how many that one has."""
    parameters: dict[str, Any] = {"name": name, "before": before}
    cursor.execute(_LAGGING, parameters)
    ((done, total),) = cursor.fetchall()
    return done, total
