"""The mark "index complete": a row that PostgreSQL itself removes in crash recovery, and keeps otherwise (rule 16)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from eventstore.database import has_hung_up

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.indexer.advance import Indexer

_IS_SET: Final = "SELECT EXISTS (SELECT FROM eventstore_indexcomplete)"
# The cursors in the database decide, not those of a view: somebody may have emptied the tables meanwhile. A rebuild
# holds this table until its commit, so that the look at the cursors comes before all of it or behind it.
_SET: Final = """
INSERT INTO eventstore_indexcomplete (id)
SELECT 1 WHERE NOT EXISTS (
       SELECT FROM unnest(%(partitions)s::int[], %(ends)s::bigint[]) folded(id, "end")
         LEFT JOIN eventstore_partition p ON p.id = folded.id
        WHERE p."cursor" IS NULL OR p."cursor" < folded."end")
    ON CONFLICT (id) DO NOTHING
"""


class Asked(Protocol):
    """psycopg's cursor or Django's."""

    def execute(self, query: Any, params: Any = None) -> Any:
        """Run a statement."""

    def fetchone(self) -> Sequence[Any] | None:
        """The next row."""


def is_set(cursor: Asked) -> bool:
    """Whether the index is complete, as far as this cursor's snapshot goes."""
    cursor.execute(_IS_SET)
    return bool((cursor.fetchone() or [False])[0])


def complete(indexer: Indexer, deadline: float | None = None) -> bool:
    """Fold every partition to the log's end and set the mark, if it is missing; whether it now stands.

    1. connect, and look for the mark      2. read the log's ends and fold to them
    3. set the mark, if the database's cursors have come so far
    All on one connection: a crash in between ends it, so that what it took back cannot be marked complete. Raises as
    `Indexer.catch_up`: a partition that has stopped leaves the mark unset.
    """
    for _ in range(2):
        if has_hung_up(indexer.connection()):
            indexer.close()
        connection = indexer.connection()  # 1
        if is_set(connection.cursor()):
            return True
        places = indexer.topics.places
        ends = indexer.catch_up(places, deadline=deadline)  # 2
        ids = [indexer.topics.partition_id(place) for place in places]
        folded = {"partitions": ids, "ends": [ends[place] for place in places]}
        connection.execute(_SET, folded)  # 3
        if is_set(connection.cursor()):
            return True
        for place in places:  # views of what a rebuild has emptied
            indexer.forget(place)
    return False
