"""Roles by duty: what the database has to grant to those who work in it, and to nobody else.

The owner of the tables migrates, rebuilds and builds projections. Writers (web, worker, mirror, subscriptions) add rows and move
cursors; what is append only they neither change nor delete, and TRUNCATE is the owner's alone. Readers read the store's tables.
The key store is a database of its own, with an owner and a writer: who writes there mints and destroys, and no row ever leaves, for what was
destroyed must stay known. It has no reader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from psycopg.sql import SQL, Composed, Identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import psycopg

APPEND_ONLY: Final = (
    "eventstore_logrecord",
    "eventstore_record",
    "eventstore_event",
    "eventstore_subscriptionaction",
    "eventstore_partitionact",
)
_SCHEMA: Final = "SELECT current_schema()"
_STORES: Final = r"SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename LIKE 'eventstore\_%' ORDER BY 1"

_WRITER: Final = (
    "GRANT USAGE ON SCHEMA {schema} TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
    "GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
    "GRANT EXECUTE ON FUNCTION {schema}.eventstore_overtaken() TO {role}",
    "REVOKE TRUNCATE, REFERENCES, TRIGGER ON ALL TABLES IN SCHEMA {schema} FROM {role}",
    # what later migrations and builds of projections make
    "ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}",
    "ALTER DEFAULT PRIVILEGES GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO {role}",
    "ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO {role}",
)
_KEEPS: Final = "REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {role}"
_READER: Final = "GRANT USAGE ON SCHEMA {schema} TO {role}"
_READS: Final = "GRANT SELECT ON {table} TO {role}"

_KEYS: Final = r"SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename LIKE 'keys\_%' ORDER BY 1"
_KEEPER: Final = "GRANT USAGE ON SCHEMA {schema} TO {role}"
_KEEPS_KEYS: Final = (
    "GRANT SELECT, INSERT, UPDATE ON {table} TO {role}",
    "REVOKE DELETE, TRUNCATE, REFERENCES, TRIGGER ON {table} FROM {role}",
)


def statements(
    connection: psycopg.Connection[Any], *, writer: str, reader: str | None = None
) -> Iterator[Composed]:
    """The grants, in their order; to be repeated at will, and after each migration that makes a table append only."""
    schema = Identifier(_one(connection, _SCHEMA))
    role = Identifier(writer)
    for statement in _WRITER:
        yield SQL(statement).format(schema=schema, role=role)
    for table in APPEND_ONLY:
        yield SQL(_KEEPS).format(table=Identifier(table), role=role)
    if reader is not None:
        yield SQL(_READER).format(schema=schema, role=Identifier(reader))
        for (table,) in connection.execute(_STORES).fetchall():
            yield SQL(_READS).format(table=Identifier(table), role=Identifier(reader))


def statements_of_keys(
    connection: psycopg.Connection[Any], *, writer: str
) -> Iterator[Composed]:
    """The grants in the key store's database: a writer keeps every row, and what later migrations make is granted after them."""
    role = Identifier(writer)
    schema = Identifier(_one(connection, _SCHEMA))
    yield SQL(_KEEPER).format(schema=schema, role=role)
    for (table,) in connection.execute(_KEYS).fetchall():
        for statement in _KEEPS_KEYS:
            yield SQL(statement).format(table=Identifier(table), role=role)


def grant(connection: psycopg.Connection[Any], grants: Sequence[Composed]) -> None:
    """Grant them, all or none."""
    with connection.transaction():
        for statement in grants:
            connection.execute(statement)


def _one(connection: psycopg.Connection[Any], statement: str) -> str:
    row = connection.execute(statement.encode()).fetchone()
    return str(row[0]) if row else ""
