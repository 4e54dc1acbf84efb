"""Whether the database has the tables that this version's code asks for: said at the first connection, not by each fold anew.

By PostgreSQL's catalog, which every role may read; what migrations were applied, not every role may.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.apps import apps
from django.db import router

from eventstore.errors import DatabaseUnfit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    import psycopg

FUNCTIONS: Final = ("eventstore_overtaken",)
"""Those that migrations make and statements call."""
_PACKAGE: Final = "eventstore"
_FIRST_MISSING: Final = """
SELECT name FROM (
       SELECT t || '.' || c FROM unnest(%(tables)s::text[], %(columns)s::text[]) AS wanted(t, c)
        WHERE NOT EXISTS (SELECT FROM pg_attribute
                           WHERE attrelid = to_regclass(t) AND attname = c AND NOT attisdropped)
        UNION ALL
       SELECT f || '()' FROM unnest(%(functions)s::text[]) AS called(f) WHERE to_regproc(f) IS NULL) AS missing(name)
 ORDER BY name LIMIT 1
"""
_complete: set[tuple[str, int, str, str]] = set()  # host, port, database, alias


def judge_schema(
    connection: psycopg.Connection[Any],
    alias: str,
    functions: Collection[str] = FUNCTIONS,
) -> None:
    """Raise `DatabaseUnfit` for a database in which something is missing; a process looks until it once was not."""
    info = connection.info
    where = (info.host, info.port, info.dbname, alias)
    if where in _complete:
        return
    if missing := first_missing(connection, alias, functions):
        problem = (
            f"The database is behind this version of the code: it has no {missing}."
        )
        raise DatabaseUnfit(
            problem,
            f"Run `manage.py migrate --database {alias}`; what reads and writes waits for it.",
            id="eventstore.E034",
        )
    _complete.add(where)


def first_missing(
    connection: psycopg.Connection[Any], alias: str, functions: Collection[str]
) -> str | None:
    """The first column or function that is not there, None if all are."""
    wanted = list(_columns(alias))
    row = connection.execute(
        _FIRST_MISSING,
        {
            "tables": [table for table, _ in wanted],
            "columns": [column for _, column in wanted],
            "functions": list(functions) if alias == "default" else [],
        },
    ).fetchone()
    return None if row is None else str(row[0])


def _columns(alias: str) -> Iterator[tuple[str, str]]:
    """Of the store's own tables in the database of this alias."""
    for config in apps.get_app_configs():
        if config.name.split(".")[0] != _PACKAGE:
            continue
        for model in config.get_models():
            if router.allow_migrate_model(alias, model):
                meta = model._meta  # noqa: SLF001  (Django's documented name)
                yield from (
                    (meta.db_table, one.column)
                    for one in meta.concrete_fields
                    if one.column
                )
