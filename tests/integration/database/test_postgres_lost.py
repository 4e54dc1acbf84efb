"""PostgreSQL is lost altogether: made again from the log, or, where it held the log, from a backup (OPERATIONS.md)."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest

from tests.plugins.stores import WITHOUT_PRIVACY
from tests.support.places import names_everywhere
from tests.support.processes import a_process, heard, ordered, told
from tests.support.recorders import RECORDED
from tests.support.servers import Database, a_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django.fixtures import Settings

ROWS = {
    "record": "SELECT r::text FROM eventstore_record r ORDER BY position",
    "event": "SELECT e::text FROM eventstore_event e ORDER BY position",
    "stream": 'SELECT s::text FROM eventstore_stream s ORDER BY stream_id COLLATE "C"',
    "partition": 'SELECT id, topic, topic_id, "cursor", last_recorded_at, rule_version FROM eventstore_partition ORDER BY 1',
}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A server to lose."""
    found = a_server(tmp_path)
    yield found
    found.server.stop()


def a_store(settings: Settings, kind: str, bootstrap: str = "") -> list[str]:
    """Settings of a store with topics of its own; twelve streams of it, in all three partitions."""
    stream_type = f"order_{uuid4().hex[:8]}"
    settings.EVENTSTORE = {
        **settings.EVENTSTORE,
        "LOG": kind,
        "REGISTRY": f"tests.shops.{stream_type}",
        "AGGREGATES": [],
        **WITHOUT_PRIVACY,
        **RECORDED,
        "PARTITIONS": 3,
        "KAFKA_BOOTSTRAP": [bootstrap],
    }
    return [f"{stream_type}.{name}" for name in names_everywhere(4, stream_type, 3)]


def fill(database: Database, streams: list[str]) -> None:
    """Tables, topics, and two commits in each stream."""
    with a_process("prepare", database=database.settings) as process:
        heard(process)
    with a_process("obey", database=database.settings) as process:
        for version in (1, 2):
            for stream in streams:
                assert told(process, "append", stream=stream) == {"done": version}


def digests(database: Database) -> dict[str, str]:
    """Every byte of every row, and where the cursors stand."""
    with psycopg.connect(database.server.url) as connection:
        return {
            name: sha256(repr(connection.execute(rows).fetchall()).encode()).hexdigest()
            for name, rows in ROWS.items()
        }


@pytest.mark.kafka
def test_lost_and_made_again_from_the_log_though_killed_half_way(
    database: Database, settings: Settings, kafka_bootstrap: str
) -> None:
    streams = a_store(settings, "kafka", kafka_bootstrap)
    fill(database, streams)
    before = digests(database)

    database.lose_everything()
    ordered("migrate", "--verbosity=0", database=database.settings)
    ordered("create_topics", database=database.settings)
    with a_process("rebuild_and_stand_still", database=database.settings) as process:
        folded = heard(process)["folded"]
        process.kill()  # -9
    assert 0 < folded < 24

    with a_process("obey", database=database.settings, completes=False) as reader:
        refused = told(reader, "read", stream=streams[0])
        assert refused["refused"] == "index-incomplete"
        assert told(reader, "ready") == {"done": [503, "index-incomplete"]}
        assert told(reader, "page") == {"done": 503}
    said = ordered("rebuild_index", "--resume", "--json", database=database.settings)

    assert json.loads(said)["offsets"] == 24 - folded
    assert digests(database) == before
    assert json.loads(ordered("verify", "--json", database=database.settings))["ok"]
    with a_process("obey", database=database.settings) as process:
        assert told(process, "ready") == {"done": [200, "ok"]}
        assert told(process, "page") == {"done": 200}
        assert told(process, "read", stream=streams[0]) == {"done": [1, 2]}
        assert told(process, "append", stream=streams[0]) == {"done": 3}


def test_where_postgresql_held_the_log_a_backup_brings_both_back(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    streams = a_store(settings, "embedded")
    fill(database, streams)
    before = digests(database)
    backup = str(tmp_path / "teddy.dump")
    dump = ("-Fc", "--no-unlogged-table-data", "-f", backup, "teddy")
    database.run("pg_dump", *dump)

    database.lose_everything()
    database.run("pg_restore", "--exit-on-error", "-d", "teddy", backup)

    assert digests(database) == before
    with a_process("obey", database=database.settings, completes=False) as reader:
        # not before the log was looked at: what is read is never less than what it holds
        refused = told(reader, "read", stream=streams[0])
        assert refused["refused"] == "index-incomplete"
    ordered("mirror", "--once", database=database.settings)
    assert json.loads(ordered("verify", "--json", database=database.settings))["ok"]
    with a_process("obey", database=database.settings) as process:
        assert told(process, "append", stream=streams[0]) == {"done": 3}
