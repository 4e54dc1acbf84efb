"""The mark "index complete": a row that PostgreSQL itself removes in crash recovery, and keeps otherwise (rule 16)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from eventstore.database import has_hung_up, translated
from eventstore.errors import PartitionStopped
from eventstore.indexer import stops
from eventstore.indexer.share import Patience

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import psycopg

    from eventstore.indexer.indexer import Indexer

_MARK: Final = "SELECT without FROM eventstore_indexcomplete"
# The cursors in the database decide, not those of a view: somebody may have emptied the tables meanwhile. A rebuild
# holds this table until its commit, so that the look at the cursors comes before all of it or behind it.
_SET: Final = """
INSERT INTO eventstore_indexcomplete (id, without)
SELECT 1, %(without)s::int[] WHERE NOT EXISTS (
       SELECT FROM unnest(%(partitions)s::int[], %(ends)s::bigint[]) folded(id, "end")
         LEFT JOIN eventstore_partition p ON p.id = folded.id
        WHERE p."cursor" IS NULL OR p."cursor" < folded."end")
    ON CONFLICT (id) DO UPDATE SET without = excluded.without
"""


class Asked(Protocol):
    """psycopg's cursor or Django's."""

    def execute(self, query: Any, params: Any = None) -> Any:
        """Run a statement."""

    def fetchone(self) -> Sequence[Any] | None:
        """The next row."""


def mark_of(cursor: Asked) -> frozenset[int] | None:
    """The partitions that a complete index leaves out, as a rule none; None if it is not complete, as far as this cursor's snapshot goes."""
    cursor.execute(_MARK)
    row = cursor.fetchone()
    return None if row is None else frozenset(row[0])


def complete(indexer: Indexer, patience: Patience | None = None) -> bool:
    """Fold every partition to the log's end and set the mark, if it is missing; whether it now stands.

    1. connect, and look for the mark      2. read the log's ends and fold to them; note what has stopped
    3. set the mark, if the database's cursors have come so far
    All on one connection: a crash in between ends it, so that what it took back cannot be marked complete. Raises as
    `Indexer.catch_up`: a partition that has stopped leaves the mark unset, unless a person has set it aside.
    """
    with translated():
        return _completed(indexer, patience or Patience())


def _completed(indexer: Indexer, patience: Patience) -> bool:
    for _ in range(2):
        if has_hung_up(indexer.connection()):
            indexer.close()
        connection = indexer.connection()  # 1
        if mark_of(connection.cursor()) == frozenset():
            return True
        ends, without = _fold(indexer, connection, patience)  # 2
        folded = {"partitions": list(ends), "ends": list(ends.values())}
        connection.execute(_SET, folded | {"without": without})  # 3
        if mark_of(connection.cursor()) == frozenset(without):
            return True
        for place in indexer.topics.places:  # views of what a rebuild has emptied
            indexer.forget(place)
    return False


def _fold(
    indexer: Indexer, connection: psycopg.Connection[Any], patience: Patience
) -> tuple[Mapping[int, int], list[int]]:
    """Where the cursors of the partitions then stand, and those that are left out: stopped, and set aside."""
    ends: dict[int, int] = {}
    without: list[int] = []
    stopped: PartitionStopped | None = None
    aside = stops.set_aside(connection)
    for place in indexer.topics.places:
        partition = indexer.topics.partition_id(place)
        try:
            ends[partition] = indexer.catch_up([place], patience)[place]
        except PartitionStopped as error:
            stops.note(connection, partition, code=error.code, cause=str(error))
            without.append(partition)
            if partition not in aside:
                stopped = stopped or error
    if stopped is not None:
        raise stopped
    return ends, without
