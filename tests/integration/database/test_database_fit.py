"""A PostgreSQL that cannot keep a store is named as what it is, in one line, wherever it is met."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.core.signals import request_started
from django.db import DatabaseError, connection

from eventstore.database import connect, named, schema
from eventstore.database.schema import first_missing, judge_schema
from eventstore.database.server import judge, unfit
from eventstore.errors import DatabaseUnanswered, DatabaseUnfit
from eventstore.queries.connection import unchecked_cursor
from teddy_es import limits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from wsgiref.types import WSGIApplication

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.mark.parametrize(
    ("version", "encoding", "says"),
    [
        (150_018, "UTF8", "PostgreSQL 15"),
        (169_999, "UTF8", "PostgreSQL 16"),
        (170_000, "SQL_ASCII", "SQL_ASCII"),
    ],
)
def test_an_unfit_server_is_named(version: int, encoding: str, says: str) -> None:
    problem = unfit(version, encoding)

    assert problem is not None
    assert says in str(problem)


def test_a_fit_server_is_none() -> None:
    assert unfit(170_000, "UTF8") is None
    with closing(connect()) as own:
        judge(own)


def setting(name: str, value: str) -> Iterator[None]:
    """As a role has it in this database for whoever connects anew; those of other tests that run meanwhile keep theirs."""
    with closing(connect()) as own:
        role = psycopg.sql.SQL("ALTER ROLE CURRENT_USER IN DATABASE {} ").format(
            psycopg.sql.Identifier(own.info.dbname)
        )
        name_ = psycopg.sql.Identifier(name)
        own.execute(role + psycopg.sql.SQL("SET {} = {}").format(name_, value))
        connection.close()
        try:
            yield
        finally:
            own.execute(role + psycopg.sql.SQL("RESET {}").format(name_))
            connection.close()


@pytest.fixture
def _read_only(transactional_db: None) -> Iterator[None]:
    yield from setting("default_transaction_read_only", "on")


@pytest.fixture
def _german_dates(transactional_db: None) -> Iterator[None]:
    yield from setting("DateStyle", "German")


@pytest.mark.usefixtures("_read_only")
def test_a_read_only_database_is_named_where_the_store_connects() -> None:
    with pytest.raises(DatabaseUnanswered) as found:
        connect()

    assert "read-only" in found.value.reason
    assert found.value.word == "database-read-only"


@pytest.mark.usefixtures("_read_only")
def test_a_read_only_database_is_named_where_django_writes() -> None:
    with pytest.raises(DatabaseError) as found, unchecked_cursor() as cursor:
        cursor.execute("CREATE TABLE nowhere ()")

    assert "read-only" in str(named(found.value))


@pytest.mark.usefixtures("_german_dates")
def test_instants_are_read_whatever_style_the_role_has() -> None:
    with unchecked_cursor() as cursor, closing(connect()) as own:
        cursor.execute("SELECT now(), interval '1 day'")
        mine = own.execute("SELECT now(), interval '1 day'").fetchone()

        assert mine is not None
        assert cursor.fetchone()[1] == mine[1]


def test_pages_have_the_servers_limits_and_commands_have_none(settings: Any) -> None:
    settings.TEDDY_DATABASE_STATEMENT_TIMEOUT = 7
    settings.TEDDY_DATABASE_TRANSACTION_TIMEOUT = 0
    asked = "SELECT current_setting('statement_timeout'), current_setting('transaction_timeout')"

    def limited() -> tuple[Any, ...]:
        connection.close()
        with unchecked_cursor() as cursor:
            cursor.execute(asked)
            found: tuple[Any, ...] = cursor.fetchone()
            return found

    limits.of_commands()
    assert limited() == ("0", "0")
    limits.of_pages()
    try:
        assert limited() == ("7s", "0")
    finally:
        limits.of_commands()
        connection.close()


@pytest.fixture
def application() -> WSGIApplication:
    """The web's own, whose import sets the limits of pages: no other test may have them."""
    from teddy_es.wsgi import application

    limits.of_commands()
    return application


def test_whether_it_lives_is_answered_without_django(
    application: WSGIApplication,
) -> None:
    answered: list[str] = []
    begun: list[object] = []
    request_started.connect(
        lambda **_: begun.append(1), weak=False, dispatch_uid="seen"
    )
    try:
        body = application(
            {"PATH_INFO": "/healthz", "REQUEST_METHOD": "GET"},
            lambda status, _headers, _exc=None: answered.append(status),  # type: ignore[arg-type]
        )
    finally:
        request_started.disconnect(dispatch_uid="seen")

    assert (list(body), answered, begun) == ([b"ok\n"], ["200 OK"], [])


@pytest.mark.parametrize(
    ("functions", "missing"),
    [
        ((), None),
        (("eventstore_overtaken",), None),
        (("not_made_yet",), "not_made_yet()"),
    ],
)
def test_a_function_that_no_migration_has_made_is_missed(
    functions: tuple[str, ...], missing: str | None
) -> None:
    with closing(connect()) as own:
        assert first_missing(own, "default", functions) == missing


def test_a_database_behind_the_code_is_named_until_it_was_migrated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(schema, "_complete", set())
    with closing(connect()) as own:
        own.execute("ALTER TABLE eventstore_jobrun RENAME COLUMN job TO job_before")
        schema._complete.clear()
        try:
            with pytest.raises(DatabaseUnfit, match=r"eventstore_jobrun\.job.*migrate"):
                connect()
        finally:
            own.execute("ALTER TABLE eventstore_jobrun RENAME COLUMN job_before TO job")

    connect().close()
    assert len(schema._complete) == 1


def test_a_table_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(connect()) as own:
        own.execute("ALTER TABLE eventstore_jobrun RENAME TO jobrun_before")
        monkeypatch.setattr(schema, "_complete", set())
        try:
            with pytest.raises(DatabaseUnfit) as found:
                judge_schema(own, "default")
        finally:
            own.execute("ALTER TABLE jobrun_before RENAME TO eventstore_jobrun")

    assert "eventstore_jobrun." in found.value.problem
