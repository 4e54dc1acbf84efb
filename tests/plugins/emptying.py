"""After a test that really committed only those tables are emptied that hold something.

Django's own way truncates all of them and makes content types and permissions anew, which takes longer than most tests. What
this leaves behind is the same: no row but those that the migrations' end had made, and no table that was analysed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.test import TransactionTestCase
from psycopg.sql import SQL, Composable, Identifier, Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from django.db.backends.utils import CursorWrapper
    from pytest_django import DjangoDbBlocker

SMALL: Final = (
    64 * 1024
)  # bytes: rows of such a table are deleted; what they leave is never more

_FILLED: Final = SQL("SELECT {} WHERE EXISTS (SELECT FROM {})")
# An estimate of the rows is there only where something was analysed: the planner would go on to believe it.
_ANALYSED: Final = (
    "SELECT relname FROM pg_class WHERE oid = ANY (%s::regclass[]) AND reltuples >= 0"
)
_SIZES: Final = "SELECT relname, pg_relation_size(oid) FROM pg_class WHERE oid = ANY (%s::regclass[])"
_DIGEST: Final = SQL("SELECT md5(string_agg(r::text, ',' ORDER BY r::text)) FROM {} r")
_OTHERS: Final = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
_REFERRING: Final = """
    WITH RECURSIVE found AS (
        SELECT unnest(%s::regclass[]) AS oid
        UNION SELECT conrelid FROM pg_constraint JOIN found ON confrelid = found.oid WHERE contype = 'f')
    SELECT relname FROM found JOIN pg_class USING (oid)
"""


@dataclass(frozen=True)
class Emptying:
    """Of one database: its tables, and what those hold that are never quite empty."""

    alias: str
    tables: Sequence[str]
    kept: Mapping[str, str]

    def __call__(self) -> bool:
        """Whether all is as it was made; if not, what is kept was changed.

        Whoever still writes is waited for, as TRUNCATE would.
        """
        with transaction.atomic(self.alias), connections[self.alias].cursor() as cursor:
            cursor.execute(
                "SELECT set_config('session_replication_role', 'replica', true),"  # no table's triggers refuse it
                " set_config('synchronous_commit', 'off', true)"
            )
            cursor.execute(_locked(self.tables))
            if digests(cursor, self.kept) != self.kept:
                return False
            self._empty(cursor)
        return True

    def _empty(self, cursor: CursorWrapper) -> None:
        others = [name for name in self.tables if name not in self.kept]
        touched = filled(cursor, others)
        cursor.execute(_ANALYSED, [others])
        large = {name for (name,) in cursor.fetchall()}
        cursor.execute(_SIZES, [sorted(touched)])
        large |= {name for name, size in cursor.fetchall() if size > SMALL}
        for name in touched - large:
            cursor.execute(SQL("DELETE FROM {}").format(Identifier(name)))
        if large:
            cursor.execute(_REFERRING, [sorted(large)])
            cursor.execute(_truncated([name for (name,) in cursor.fetchall()]))


def emptying(alias: str) -> Emptying:
    """Of a database that is as empty as it gets."""
    connection = connections[alias]
    tables = sorted(
        connection.introspection.django_table_names(
            only_existing=True, include_views=False
        )
    )
    with connection.cursor() as cursor:
        kept = digests(cursor, filled(cursor, tables))
    return Emptying(alias, tables, kept)


def filled(cursor: CursorWrapper, tables: Collection[str]) -> set[str]:
    """Which of these hold a row."""
    asked = [_FILLED.format(Literal(name), Identifier(name)) for name in tables]
    cursor.execute(SQL(" UNION ALL ").join(asked))
    return {name for (name,) in cursor.fetchall()}


def digests(cursor: CursorWrapper, tables: Collection[str]) -> dict[str, str]:
    """What they hold, in short."""
    found: dict[str, str] = {}
    for name in tables:
        cursor.execute(_DIGEST.format(Identifier(name)))
        [(found[name],)] = cursor.fetchall()
    return found


def _locked(tables: Sequence[str]) -> Composable:
    names = SQL(", ").join(map(Identifier, tables))
    return SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(names)


def _truncated(tables: Sequence[str]) -> Composable:
    return SQL("TRUNCATE {}").format(SQL(", ").join(map(Identifier, tables)))


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """pytest-django's, whose databases are then emptied in this way, and at the end let go by all before they are dropped."""
    known: dict[str, Emptying] = {}

    def empty(case: Any) -> None:
        for alias in case._databases_names(include_mirrors=False):
            if alias not in known or not known[alias]():
                _flush(alias)
                known[alias] = emptying(alias)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty)
        yield
    with django_db_blocker.unblock():
        _until_alone(DEFAULT_DB_ALIAS)
        # pytest-django closes the wrappers that it began with; a follower's turn may have put others in their place
        connections.close_all()


def _until_alone(alias: str, timeout_s: float = 30.0) -> None:
    """A live server's thread may still be about its last answer: PostgreSQL drops no database that somebody is in."""
    deadline = time.monotonic() + timeout_s
    with connections[alias].cursor() as cursor:
        while True:
            cursor.execute(_OTHERS)
            [(others,)] = cursor.fetchall()
            if not others or time.monotonic() > deadline:
                return
            time.sleep(0.05)


def _flush(alias: str) -> None:
    options = {"verbosity": 0, "interactive": False, "reset_sequences": False}
    call_command("flush", database=alias, **options)
