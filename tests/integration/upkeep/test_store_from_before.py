"""A store that was made before sensitive fields were sealed is refused by everybody, and the way out is named."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError, SystemCheckError
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.test import Client

from eventstore.checks import system as checks
from eventstore.errors import StoreUnsealed
from teddy_es import health
from tests.support.worlds import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import Settings

    from tests.support.worlds import World


def mark() -> None:
    """What the migration does that came with sealing."""
    migration = MigrationLoader(connection).get_migration(
        "eventstore", "0011_sealed_copies"
    )
    (statement,) = [one.sql for one in migration.operations if hasattr(one, "sql")]
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()  # whoever reads now is a process that has looked at nothing yet


def marks(world: World) -> int:
    return int(world.query("SELECT count(*) FROM eventstore_unsealedstore")[0][0])


@pytest.fixture
def stream(world: World) -> str:
    """A stream of a store that an earlier version has filled."""
    here, stream_id = world.store(), world.stream()
    here.append(stream_id, [changed()], 0)
    mark()
    return stream_id


@pytest.fixture
def _as_a_process_that_was_never_asked() -> Iterator[None]:
    health.forget()
    yield
    health.forget()


def test_a_store_that_holds_nothing_is_not_marked(world: World) -> None:
    mark()

    assert marks(world) == 0


def test_a_store_that_holds_a_record_is_marked(world: World, stream: str) -> None:
    del stream

    assert marks(world) == 1


def test_nobody_reads_it_and_nothing_is_written(world: World, stream: str) -> None:
    there = world.store()

    with pytest.raises(StoreUnsealed, match="import the file into a new store"):
        list(there.read(stream))
    with pytest.raises(StoreUnsealed, match="import the file into a new store"):
        there.append(stream, [changed()], 1)

    assert world.query("SELECT count(*) FROM eventstore_logrecord") == [(1,)]


def test_the_check_names_the_way_out(world: World, stream: str) -> None:
    del world, stream

    found = checks.check_database(databases=["default"])

    assert "eventstore.E013" in {message.id for message in found}
    with pytest.raises(SystemCheckError, match=r"eventstore\.E013"):
        call_command("check", databases=["default"])


@pytest.mark.parametrize(
    "command", [["verify"], ["export_events"], ["create_topics"], ["rebuild_index"]]
)
def test_commands_refuse_in_a_line(
    world: World, stream: str, command: list[str]
) -> None:
    del world, stream

    with pytest.raises(CommandError, match="sealed nothing"):
        call_command(*command, stdout=StringIO(), stderr=StringIO())


@pytest.mark.usefixtures("_as_a_process_that_was_never_asked")
def test_it_is_not_ready(
    world: World, stream: str, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    del stream
    store = world.store()
    settings.EVENTSTORE = {**settings.EVENTSTORE, "SUBSCRIPTIONS": ()}
    monkeypatch.setattr(health, "get_event_store", lambda: store)

    answer = Client().get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["log"] == "store-unsealed", answer.json()
