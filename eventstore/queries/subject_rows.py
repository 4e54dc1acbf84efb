"""How many rows there are of a person's streams, beside what is folded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from psycopg.sql import SQL, Identifier

from eventstore.queries.connection import read_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

# Snapshots by their primary key; of the other tables the rows are few: what could not be done.
_COUNTS: Final[Mapping[str, str]] = {
    "eventstore_snapshot": "SELECT count(*) FROM eventstore_snapshot WHERE stream_id = ANY(%(streams)s)",
    "eventstore_snapshotfailure": "SELECT count(*) FROM eventstore_snapshotfailure WHERE stream_id = ANY(%(streams)s)",
    "eventstore_parkedstream": "SELECT count(*) FROM eventstore_parkedstream WHERE stream_id = ANY(%(streams)s)",
    "eventstore_subscriptionaction": "SELECT count(*) FROM eventstore_subscriptionaction WHERE stream_id = ANY(%(streams)s)",
}
# The names are the register's.
_COUNT_BY: Final = SQL("SELECT count(*) FROM {table} WHERE {column} = %(subject)s")


def count_rows(streams: Collection[str]) -> Mapping[str, int]:
    """By table; superseded snapshots are rows like others, and so are those of versions of code that nobody runs any more."""
    given = {"streams": list(streams)}
    return {table: int(read_rows(sql, given)[0][0]) for table, sql in _COUNTS.items()}


def count_by(table: str, column: str, subject: str) -> int:
    """Of a project's table: the rows that have this subject in a column."""
    named = {"table": Identifier(table), "column": Identifier(column)}
    statement = _COUNT_BY.format(**named).as_string()
    [(count,)] = read_rows(statement, {"subject": subject})
    return int(count)
