"""Who works in the database as a writer can do all that the product does, and change nothing that is append only."""

from __future__ import annotations

from base64 import b64encode
from contextlib import closing
from io import StringIO
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from psycopg.errors import InsufficientPrivilege

from eventstore.database import connect
from eventstore.upkeep.roles import APPEND_ONLY
from tests.support.processes import a_process, heard, ordered, told
from tests.support.servers import a_server
from tests.support.worlds import changed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django.fixtures import Settings

    from eventstore.store import EventStore
    from tests.support.servers import Database

STREAM = "order_roles.o-1"
KEYS = ("keys_subject", "keys_datakey", "keys_mark")
FOR_GOOD = [
    {"since": "2020-01-01", "months": None, "purpose": "p", "need": "n", "source": "s"}
]
COLUMN = dict.fromkeys(APPEND_ONLY, "recorded_at") | {
    "eventstore_subscriptionaction": "id",
    "eventstore_partitionact": "id",
}


@pytest.fixture
def database(tmp_path: Path, settings: Settings) -> Iterator[Database]:
    """A server of the test's own with a store and its keys on it; role `app` is a writer of both."""
    settings.EVENTSTORE = {
        **settings.EVENTSTORE,
        "LOG": "embedded",
        "REGISTRY": "tests.shops.private_roles",
        "AGGREGATES": [],
        "SUBSCRIPTIONS": [],
        "PROJECTIONS": [],
        "PARTITIONS": 3,
        "KEYS": "eventstore.keys.configured.key_ring",
        "KEK": "env",
        "KEK_SECRETS": [b64encode(bytes(range(32))).decode()],
        "RETENTION": {"order": FOR_GOOD},
    }
    database = a_server(tmp_path)
    with a_process("prepare", database=database.settings) as process:
        heard(process)
    with psycopg.connect(database.server.url, autocommit=True) as owner:
        owner.execute("CREATE ROLE app LOGIN")
    ordered("database_roles", "--writer=app", "--apply", database=database.settings)
    to_keys = ("--writer=app", "--keys", "--apply")
    ordered("database_roles", *to_keys, database=database.settings)
    yield database
    database.server.stop()


def test_a_writer_does_all_the_product_does_and_is_refused_the_rest(
    database: Database,
) -> None:
    app = {**database.settings, "USER": "app"}
    with a_process("obey", database=app) as process:
        assert told(process, "append", stream=STREAM) == {"done": 1}
        assert told(process, "append", stream=STREAM) == {"done": 2}
        assert told(process, "read", stream=STREAM) == {"done": [1, 2]}
        assert told(process, "ready") == {"done": [200, "ok"]}
    ordered("mirror", "--once", database=app)
    ordered("verify", database=app)
    ordered("subscriptions", "list", database=app)

    with psycopg.connect(database.server.url, user="app", autocommit=True) as writer:
        for table in APPEND_ONLY:
            changes = f"UPDATE {table} SET {COLUMN[table]} = {COLUMN[table]}"  # noqa: S608
            delete = f"DELETE FROM {table}"  # noqa: S608
            for statement in (changes, delete, f"TRUNCATE {table}"):
                with pytest.raises(InsufficientPrivilege):
                    writer.execute(statement.encode())

    for table in KEYS:
        for statement in (f"DELETE FROM {table}", f"TRUNCATE {table}"):  # noqa: S608
            with pytest.raises(InsufficientPrivilege), keys_as(database, "app") as keys:
                keys.execute(statement.encode())
    with keys_as(database, "postgres") as keys:
        minted = keys.execute("SELECT in_log FROM keys_datakey").fetchall()
    assert minted == [(True,)]  # by the writer: what it appended is sealed

    ordered("rebuild_index", database=database.settings)  # the owner's
    ordered("verify", database=app)


def keys_as(database: Database, role: str) -> psycopg.Connection[tuple[Any, ...]]:
    """A session on the database that has the keys."""
    return psycopg.connect(
        database.server.url,
        user=role,
        dbname=f"{database.settings['NAME']}_keys",
        autocommit=True,
    )


def test_who_was_granted_nothing_reads_no_key(database: Database) -> None:
    with keys_as(database, "postgres") as owner:
        owner.execute("CREATE ROLE stranger LOGIN")
    with keys_as(database, "stranger") as stranger:
        for table in KEYS:
            with pytest.raises(InsufficientPrivilege):
                stranger.execute(f"SELECT * FROM {table}".encode())  # noqa: S608


@pytest.mark.parametrize("statement", ["UPDATE {} SET value = value", "DELETE FROM {}"])
def test_the_owner_changes_no_row_of_the_mirror(
    embedded_store: EventStore, statement: str
) -> None:
    topic = next(iter(embedded_store.topics.numbers))
    embedded_store.append(f"{topic.partition('.')[2]}.o-1", [changed()], 0)
    with closing(connect()) as owner:
        with pytest.raises(InsufficientPrivilege, match="append only"):
            owner.execute(statement.format("eventstore_record"))
        with pytest.raises(InsufficientPrivilege, match="append only"):
            owner.execute("DELETE FROM eventstore_event")


def test_every_table_that_is_append_only_has_its_trigger(
    transactional_db: None,
) -> None:
    with closing(connect()) as owner:
        found = owner.execute(
            "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'eventstore_%_append_only'"
        ).fetchone()

    assert found == (len(APPEND_ONLY),)


def test_the_grants_are_printed_and_nothing_is_done(transactional_db: None) -> None:
    out = StringIO()
    call_command("database_roles", writer="nobody_yet", stdout=out)

    assert (
        'REVOKE UPDATE, DELETE, TRUNCATE ON "eventstore_record" FROM "nobody_yet";'
        in out.getvalue()
    )


def test_the_grants_of_the_key_store_name_each_of_its_tables(
    transactional_db: None,
) -> None:
    out = StringIO()
    call_command("database_roles", "--keys", writer="nobody_yet", stdout=out)

    for table in KEYS:
        grant = f'GRANT SELECT, INSERT, UPDATE ON "{table}" TO "nobody_yet";'
        assert grant in out.getvalue()
    assert "eventstore_" not in out.getvalue()


def test_a_role_that_is_not_there_is_told_of(transactional_db: None) -> None:
    with pytest.raises(CommandError, match="no such role"):
        call_command("database_roles", "--keys", "--apply", writer="nobody_yet")


def test_the_migration_goes_back_and_forth(transactional_db: None) -> None:
    def triggers() -> int:
        with closing(connect()) as owner:
            row = owner.execute(
                "SELECT count(*) FROM pg_trigger WHERE tgfoid::regproc::text = 'eventstore_is_append_only'"
            ).fetchone()
        assert row is not None
        return int(row[0])

    call_command("migrate", "eventstore", "0006", verbosity=0)
    try:
        with closing(connect()) as owner:
            gone = "SELECT to_regproc('eventstore_is_append_only')"
            assert owner.execute(gone).fetchone() == (None,)
    finally:
        call_command("migrate", "eventstore", verbosity=0)
    assert triggers() == 4
