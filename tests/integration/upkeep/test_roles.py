"""Who works in the database as a writer can do all that the product does, and change nothing that is append only."""

from __future__ import annotations

from contextlib import closing
from io import StringIO
from typing import TYPE_CHECKING

import psycopg
import pytest
from django.core.management import call_command
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
COLUMN = dict.fromkeys(APPEND_ONLY, "recorded_at") | {
    "eventstore_subscriptionaction": "id",
    "eventstore_partitionact": "id",
}


@pytest.fixture
def database(tmp_path: Path, settings: Settings) -> Iterator[Database]:
    """A server of the test's own with a store on it, whose role `app` is a writer; the settings are that role's."""
    settings.EVENTSTORE = {
        **settings.EVENTSTORE,
        "LOG": "embedded",
        "REGISTRY": "tests.shops.order_roles",
        "AGGREGATES": [],
        "PARTITIONS": 3,
    }
    database = a_server(tmp_path)
    with a_process("prepare", database=database.settings) as process:
        heard(process)
    with psycopg.connect(database.server.url, autocommit=True) as owner:
        owner.execute("CREATE ROLE app LOGIN")
    ordered("database_roles", "--writer=app", "--apply", database=database.settings)
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

    ordered("rebuild_index", database=database.settings)  # the owner's
    ordered("verify", database=app)


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
