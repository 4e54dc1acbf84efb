"""What the store has in PostgreSQL, found by the names of its tables; and a connection for much of it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from eventstore.database import connect

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import psycopg

_TABLES: Final = r"""
SELECT relname FROM pg_class
 WHERE relkind = 'r' AND relname LIKE 'eventstore\_%%' AND (relname LIKE 'eventstore\_log%%') = %(log)s ORDER BY relname
"""
_SIZE: Final = """
SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint
  FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = %(schema)s::regnamespace AND c.relname = ANY(%(tables)s)
"""
_ALL_OF: Final = "SELECT tablename FROM pg_tables WHERE schemaname = %(schema)s"


@contextmanager
def patient_connection() -> Iterator[psycopg.Connection[Any]]:
    """One on which a statement may take as long as a million rows need."""
    with connect() as connection:
        connection.execute("SET statement_timeout = 0")
        connection.execute("SET transaction_timeout = 0")
        yield connection


def tables(*, of_log: bool) -> list[str]:
    """Those of the embedded log, or those that are folded into."""
    return [name for (name,) in _asked(_TABLES, log=of_log)]


def tables_of(schema: str) -> list[str]:
    """All of a schema."""
    return [name for (name,) in _asked(_ALL_OF, schema=schema)]


def size(names: Sequence[str], *, schema: str = "public") -> int:
    """Bytes that these tables take, indexes and long values included."""
    [(total,)] = _asked(_SIZE, tables=list(names), schema=schema)
    return int(total)


def _asked(sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with connect() as connection:
        return connection.execute(sql, parameters).fetchall()
