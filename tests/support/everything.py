"""All that an installation keeps: every row of both databases, the log's records among them, every sequence, every file."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.conf import settings  # noqa: TID251  (where the files are)
from django.db import connections
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_TABLES: Final = """
SELECT c.relnamespace::regnamespace::text, c.relname FROM pg_class c
 WHERE c.relkind = 'r' AND c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
 ORDER BY 1, 2
"""
_SEQUENCES: Final = "SELECT schemaname, sequencename, last_value FROM pg_sequences"
# Of the ledger's own streams, which a read may add to; in the log of record, in what is folded, in the state of its partitions.
_OF_THE_LEDGER: Final[Mapping[str, str]] = {
    "eventstore_record": "t.stream_id LIKE 'access.%%'",
    "eventstore_event": "t.stream_id LIKE 'access.%%'",
    "eventstore_stream": "t.stream_id LIKE 'access.%%'",
    "eventstore_partition": "t.topic = 'eventstore.access'",
    "eventstore_logrecord": "t.topic IN (SELECT id FROM eventstore_logtopic WHERE name = 'eventstore.access')",
    "eventstore_logtail": "t.topic IN (SELECT id FROM eventstore_logtopic WHERE name = 'eventstore.access')",
}


def everything() -> Mapping[str, frozenset[str]]:
    """By table, sequence and folder, what is in it; without what a read may add."""
    found: dict[str, frozenset[str]] = {}
    for alias in ("default", "keys"):
        with connections[alias].cursor() as cursor:
            cursor.execute(_TABLES)
            for schema, table in cursor.fetchall():
                cursor.execute(_rows(schema, table))
                rows = frozenset(str(row[0]) for row in cursor.fetchall())
                found[f"{alias}: {schema}.{table}"] = rows
            cursor.execute(_SEQUENCES)
            found[f"{alias}: sequences"] = frozenset(map(str, cursor.fetchall()))
    return found | dict(_files(_folders()))


def _rows(schema: str, table: str) -> sql.Composed:
    there = sql.Identifier(schema, table)
    kept = sql.SQL(_OF_THE_LEDGER.get(table, "false").replace("%%", "%"))
    return sql.SQL("SELECT t::text FROM {} t WHERE NOT ({})").format(there, kept)


def _folders() -> Iterable[Path]:
    """Where processes put files; not that of figures, which are counted."""
    yield Path(settings.CELERY_BROKER_TRANSPORT_OPTIONS["folder"])
    yield Path(settings.EVENTSTORE["KEK_FILE"]).parent / "key_file"
    yield Path(settings.STATIC_ROOT)


def _files(folders: Iterable[Path]) -> Iterable[tuple[str, frozenset[str]]]:
    for folder in folders:
        paths = [folder] if folder.is_file() else sorted(folder.rglob("*"))
        yield (
            f"files: {folder.name}",
            frozenset(
                f"{path.relative_to(folder)} {hashlib.sha256(path.read_bytes()).hexdigest()}"
                for path in paths
                if path.is_file()
            ),
        )
