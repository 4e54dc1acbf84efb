"""A PostgreSQL of the test's own is killed while eight threads append: its lost folds are folded again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import environ
import pytest

from scripts.launcher import environment, identity
from scripts.launcher.postgres import Postgres
from tests.plugins.stores import WITHOUT_PRIVACY
from tests.support.processes import a_process, heard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import Settings

COMMITS, KILLS = 400, 2


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Postgres]:
    """A server to kill."""
    programs = environment.postgres_programs(Path(sys.executable))
    who = identity.identity(programs, tmp_path / "postgres")
    server = Postgres(who, logs=tmp_path / "logs")
    server.start()
    yield server
    server.stop()


def test_a_postgresql_that_is_killed_in_the_middle_loses_and_doubles_nothing(
    server: Postgres, settings: Settings
) -> None:
    # a new dictionary: the old one is what is put back
    settings.EVENTSTORE = {
        **settings.EVENTSTORE,
        "LOG": "embedded",
        "REGISTRY": "tests.shops.order_crash",
        "AGGREGATES": [],
        **WITHOUT_PRIVACY,
        "PARTITIONS": 3,
    }
    database = environ.Env.db_url_config(server.url)

    with a_process(
        "append_through_a_crash",
        database=database,
        stream="order_crash.contended",
        count=COMMITS,
    ) as process:
        decided = 0
        for kill in range(1, KILLS + 1):
            while decided < kill * COMMITS // (KILLS + 1):
                heard(process)
                decided += 1
            assert server.child is not None
            server.child.process.kill()
            server.child.process.wait()
            server.start()
        while "told" not in (said := heard(process)):
            pass

    assert [version for version, _ in said["read"]] == list(range(1, COMMITS + 1))
    assert sorted(quantity for _, quantity in said["read"]) == list(range(COMMITS))
    assert said["told"] == said["read"]
