"""A PostgreSQL of the test's own is killed behind an acknowledged append: no reader sees its stream go back (rule 16)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.plugins.stores import WITHOUT_PRIVACY
from tests.support.processes import a_process, heard
from tests.support.servers import Database, a_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_django.fixtures import Settings

STREAM = "order_crash.o-1"
MARK = "SELECT count(*) FROM eventstore_indexcomplete"
LOST = 'SELECT (SELECT count(*) FROM eventstore_logrecord) - (SELECT sum("cursor") FROM eventstore_partition)'


@pytest.fixture
def database(tmp_path: Path, settings: Settings) -> Iterator[Database]:
    """A server that writes what was committed asynchronously as late as it may, with a store on it."""
    # a new dictionary: the old one is what is put back
    settings.EVENTSTORE = {
        **settings.EVENTSTORE,
        "LOG": "embedded",
        "REGISTRY": "tests.shops.order_crash",
        "AGGREGATES": [],
        **WITHOUT_PRIVACY,
        "PARTITIONS": 3,
    }
    database = a_server(tmp_path)
    server = database.server
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")
        connection.execute("SELECT pg_reload_conf()")
    with a_process("prepare", database=database.settings) as process:
        heard(process)
    yield database
    server.stop()


def append(database: Database, then: Callable[[], object]) -> int:
    """Append in a process; once it is acknowledged, what is to happen happens. The version."""
    with a_process(
        "append_and_wait", database=database.settings, stream=STREAM
    ) as process:
        acknowledged = int(heard(process)["acknowledged"])
        then()
    return acknowledged


@pytest.mark.parametrize("killed", ["kill_the_server", "kill_one_idle_backend"])
def test_no_reader_sees_less_than_was_acknowledged_before_the_crash(
    database: Database, killed: str
) -> None:
    for _ in range(10):  # until it takes a fold with it, as a rule the first time
        acknowledged = append(database, getattr(database, killed))
        if lost := database.ask(LOST):
            break
    assert lost, "no crash took a fold back, so that nothing is shown"
    assert not database.ask(MARK)

    with a_process("read_twice", database=database.settings, stream=STREAM) as reader:
        first, second = heard(reader), heard(reader)

    assert first == {"refused": "index-incomplete"}
    assert second == {"version": acknowledged}
    assert database.ask(MARK)
    assert not database.ask(LOST)


def test_a_clean_restart_keeps_the_mark_and_nothing_is_folded_again(
    database: Database,
) -> None:
    acknowledged = append(database, lambda: None)
    with a_process("read_twice", database=database.settings, stream=STREAM) as reader:
        heard(reader), heard(reader)

    database.server.stop()
    database.server.start()

    assert database.ask(MARK)
    with a_process("read_twice", database=database.settings, stream=STREAM) as reader:
        assert heard(reader) == {"version": acknowledged}
