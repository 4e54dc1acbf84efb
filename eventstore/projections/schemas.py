"""Where the tables of a version are: those that are read in the application's schema, each other one's in its own.

A version's handler runs with that schema first in the search path, so it writes by the same models. The switch moves
tables between schemas; whoever reads goes on reading by the same names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db import connection
from psycopg.sql import SQL, Identifier

from eventstore.projections.identifying import models_of
from eventstore.queries.connection import unchecked_cursor

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.db.models import Model

    from eventstore.projections.projection import Projection

# Once: events that are handled one by one would make it longer and longer.
_FIRST: Final = """
SELECT set_config('search_path', quote_ident(%(schema)s) || ', ' || current_setting('search_path'), true)
 WHERE split_part(current_setting('search_path'), ', ', 1) <> quote_ident(%(schema)s)
"""
_MISSING: Final = """
SELECT name FROM unnest(%(tables)s::text[]) name
 WHERE NOT EXISTS (SELECT FROM pg_tables WHERE schemaname = %(schema)s AND tablename = name)
"""
_COLUMNS: Final = """
SELECT column_name FROM information_schema.columns
 WHERE table_schema = %(schema)s AND table_name = %(table)s ORDER BY ordinal_position
"""
_PATH: Final = "SELECT current_setting('search_path')"
_SET_PATH: Final = "SELECT set_config('search_path', %(path)s, true)"
_CREATE: Final = SQL("CREATE SCHEMA IF NOT EXISTS {schema}")
_DROP: Final = SQL("DROP SCHEMA IF EXISTS {schema} CASCADE")
_MOVE: Final = SQL("ALTER TABLE {from_}.{table} SET SCHEMA {to}")
_TABLES: Final = (
    "SELECT tablename FROM pg_tables WHERE schemaname = %(schema)s ORDER BY tablename"
)
_CURRENT: Final = "SELECT current_schema()"


def schema_of(name: str, version: int) -> str:
    """That of a version which is not the one that is read."""
    return f"projection_{name}_v{version}"


def table_of(model: type[Model]) -> str:
    """Its name in the database."""
    return str(model._meta.db_table)  # noqa: SLF001  (Django's public API, by its documentation)


def put_first(schema: str) -> None:
    """Until the end of this transaction tables are looked for there first."""
    with unchecked_cursor() as cursor:
        cursor.execute(_FIRST, {"schema": schema})


def missing_tables(projection: Projection) -> Sequence[str]:
    """Those of its models that its own schema does not hold. Without them its handler would write to those that are read."""
    schema = schema_of(projection.name, projection.version)
    tables = [table_of(model) for model in models_of(projection.models)]
    with unchecked_cursor() as cursor:
        cursor.execute(_MISSING, {"schema": schema, "tables": tables})
        return [row[0] for row in cursor.fetchall()]


def columns_of(schema: str, table: str) -> Sequence[str]:
    """In their order; empty if there is no such table."""
    with unchecked_cursor() as cursor:
        cursor.execute(_COLUMNS, {"schema": schema, "table": table})
        return [row[0] for row in cursor.fetchall()]


def create_tables(projection: Projection) -> None:
    """Its models' tables in its own schema, empty, with the indexes and constraints that the models have. In a transaction."""
    schema = schema_of(projection.name, projection.version)
    run(_CREATE.format(schema=Identifier(schema)))
    with unchecked_cursor() as cursor:
        cursor.execute(_PATH)
        [path] = cursor.fetchone()
        put_first(schema)
        with connection.schema_editor() as editor:
            for model in projection.models:
                editor.create_model(model)
        cursor.execute(_SET_PATH, {"path": path})


def drop_tables(name: str, version: int) -> None:
    """The schema of a version with all that is in it."""
    run(_DROP.format(schema=Identifier(schema_of(name, version))))


def move_tables(tables: Iterable[str], *, from_: str, to: str) -> None:
    """From one schema into another, with their indexes, constraints and sequences. Waits for those who read."""
    for table in tables:
        run(
            _MOVE.format(
                from_=Identifier(from_), table=Identifier(table), to=Identifier(to)
            )
        )


def create_schema(schema: str) -> None:
    """If it is not there."""
    run(_CREATE.format(schema=Identifier(schema)))


def tables_in(schema: str) -> Sequence[str]:
    """The names of a schema's tables."""
    with unchecked_cursor() as cursor:
        cursor.execute(_TABLES, {"schema": schema})
        return [row[0] for row in cursor.fetchall()]


def current_schema() -> str:
    """That of the tables which are read."""
    with unchecked_cursor() as cursor:
        cursor.execute(_CURRENT)
        return str(cursor.fetchone()[0])


def run(statement: Any) -> None:
    """A composed statement, on Django's connection."""
    with unchecked_cursor() as cursor:
        cursor.execute(statement)
