"""Partitions that are not folded any further: noted by whoever meets it, set aside by a person who answers for it.

A partition that has stopped is complete up to where it stopped, as far as this code can know; newer code may have folded
more, and its readers may have seen it. So after a crash nobody reads its streams. Those of the others can be read as
soon as a person has set it aside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from datetime import datetime

    import psycopg


SET_ASIDE: Final = "set_aside"
TAKEN_BACK: Final = "taken_back"

_NOTE: Final = """
INSERT INTO eventstore_stoppedpartition (partition, code, cause, since)
VALUES (%(partition)s, %(code)s, %(cause)s, clock_timestamp())
    ON CONFLICT (partition) DO UPDATE SET code = excluded.code, cause = excluded.cause
 WHERE eventstore_stoppedpartition.cause <> excluded.cause
"""
_NOTED: Final = "SELECT partition FROM eventstore_stoppedpartition"
_CLEAR: Final = (
    "DELETE FROM eventstore_stoppedpartition WHERE partition = %(partition)s"
)
# A handful of rows in the life of a store.
_ASIDE: Final = """
SELECT partition FROM (
       SELECT DISTINCT ON (partition) partition, act FROM eventstore_partitionact ORDER BY partition, id DESC) last
 WHERE act = 'set_aside'
"""
# A writer may not lock what is append only.
_ONE_AT_A_TIME: Final = (
    "SELECT pg_advisory_xact_lock(hashtext('eventstore_partitionact'))"
)
_ACT: Final = """
INSERT INTO eventstore_partitionact (partition, act, reason, done_by, done_at)
VALUES (%(partition)s, %(act)s, %(reason)s, %(by)s, %(at)s)
"""
_ENDED: Final = """
INSERT INTO eventstore_partitionact (partition, act, reason, done_by, done_at)
SELECT partition, 'taken_back', 'it is folded again', 'mirror', clock_timestamp() FROM (
       SELECT partition, act FROM eventstore_partitionact
        WHERE partition = %(partition)s ORDER BY id DESC LIMIT 1) last
 WHERE act = 'set_aside'
"""
_UNMARK: Final = """
DELETE FROM eventstore_indexcomplete WHERE without @> ARRAY[%(partition)s::integer]
"""


def note(
    connection: psycopg.Connection[Any], partition: int, *, code: str, cause: str
) -> None:
    """It has stopped, and why. Its first time stays as long as it stands."""
    parameters = {"partition": partition, "code": code, "cause": cause}
    connection.execute(_NOTE, parameters)


def noted(connection: psycopg.Connection[Any]) -> frozenset[int]:
    """Those that somebody has noted as stopped."""
    return frozenset(row[0] for row in connection.execute(_NOTED))


def clear(connection: psycopg.Connection[Any], partition: int) -> None:
    """It goes on; that it was set aside has ended with that."""
    with connection.transaction():
        connection.execute(_CLEAR, {"partition": partition})
        connection.execute(_ENDED, {"partition": partition})


def set_aside(connection: psycopg.Connection[Any]) -> frozenset[int]:
    """Those of which a person said that the others shall be read without them."""
    return frozenset(row[0] for row in connection.execute(_ASIDE))


def decide(
    connection: psycopg.Connection[Any],
    partition: int,
    act: str,
    *,
    reason: str,
    by: str,
    at: datetime,
) -> bool:
    """Record what a person decided; False, and nothing is, where it changes nothing, or nothing has stopped there."""
    with connection.transaction():
        connection.execute(_ONE_AT_A_TIME)
        aside = partition in set_aside(connection)
        if act == SET_ASIDE:
            is_due = not aside and partition in noted(connection)
        else:
            is_due = aside
        if not is_due:
            return False
        parameters = {"partition": partition, "act": act, "reason": reason}
        connection.execute(_ACT, parameters | {"by": by, "at": at})
        if act == TAKEN_BACK:
            connection.execute(_UNMARK, {"partition": partition})
    return True
