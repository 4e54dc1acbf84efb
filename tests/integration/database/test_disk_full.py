"""A disk that is full: nobody gets a wrong answer, nothing is lost, and all goes on by itself once there is room."""

from __future__ import annotations

import os
import resource
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from eventstore.database import connect
from eventstore.errors import AppendOutcomeUnknown, LogUnavailable
from eventstore.indexer.mirror import Mirror
from tests.integration.indexer.test_mirror import Impatient
from tests.plugins.kafka_logs import until
from tests.plugins.stores import WITHOUT_PRIVACY
from tests.support.processes import a_process, heard, ordered, told
from tests.support.servers import Database, a_server
from tests.support.worlds import FaultyStore, World, changed, versions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django.fixtures import Settings

    from scripts.launcher.broker import Cluster
    from tests.plugins.stores import Stores
    from tests.support.clocks import Hourglass

# what PostgreSQL itself says when a table's file cannot grow
FULL = """
CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON {table} EXECUTE FUNCTION disk_full();
"""
ROOM = "DROP TRIGGER full_disk ON {table}; DROP FUNCTION disk_full();"


@contextmanager
def full(table: str) -> Iterator[None]:
    """No row gets into this table."""
    with connect() as connection:
        connection.execute(FULL.format(table=table))
        try:
            yield
        finally:
            connection.execute(ROOM.format(table=table))


# ---- PostgreSQL's, statement by statement


def test_an_embedded_log_without_room_takes_nothing_and_says_what_to_do(
    audited: World, hourglass: Hourglass, hurried: FaultyStore
) -> None:
    stream, commit = audited.stream(), uuid4()
    hurried.append(stream, [changed()], 0)
    hourglass.time_is_up_after(1)

    with (
        full("eventstore_logrecord"),
        pytest.raises(LogUnavailable, match="disk is full; make room"),
    ):
        hurried.append(stream, [changed()], 1, commit_id=commit, timeout_s=30)

    assert audited.end(audited.place(stream)) == 1
    assert hurried.append(stream, [changed()], 1, commit_id=commit).first_version == 2


def test_a_mirror_without_room_leaves_what_the_log_took_unknown_until_there_is_some(
    audited: World, hourglass: Hourglass, hurried: FaultyStore
) -> None:
    stream, commit = audited.stream(), uuid4()
    hurried.append(stream, [changed()], 0)
    hourglass.time_is_up_after(1)

    with full("eventstore_record"):
        with pytest.raises(AppendOutcomeUnknown):
            hurried.append(stream, [changed()], 1, commit_id=commit, timeout_s=30)
        assert versions(hurried, stream) == [1]

    assert hurried.append(stream, [changed()], 1, commit_id=commit).first_version == 2
    assert versions(hurried, stream) == [1, 2]


def test_an_append_that_waits_for_room_is_answered_when_there_is_some(
    audited: World, here: FaultyStore
) -> None:
    stream = audited.stream()
    here.append(stream, [changed()], 0)

    with full("eventstore_record"):
        future = here.submit(stream, [changed()], 1, timeout_s=30)
        until(lambda: audited.end(audited.place(stream)) == 2)

    assert future.result(120).first_version == 2


def test_a_mirror_without_room_calls_for_somebody_and_goes_on(
    audited: World, here: FaultyStore
) -> None:
    stream, waits = audited.stream(), Impatient(2)
    here.append(stream, [changed()], 0)
    audited.lose_folds(audited.place(stream), 0)

    with full("eventstore_record"), capture_logs() as logs:
        Mirror(audited.store().make_indexer, waits).run()
    Mirror(audited.store().make_indexer, Impatient(1)).run()

    lines = [line for line in logs if line["action"] == "mirror-delayed"]
    assert [line["log_level"] for line in lines] == ["error", "error"]
    assert "make room" in lines[0]["cause"]
    assert audited.cursor(audited.place(stream)) == 1


# ---- PostgreSQL's, a whole server on a disk of its own


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 150 MB."""
    where = tmp_path / "disk"
    where.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=150m", "tmpfs", str(where)]
    done = subprocess.run(mount, check=False, capture_output=True)  # noqa: S603
    if done.returncode:
        pytest.skip("only who may mount a file system can give a server a small disk")
    yield where
    subprocess.run(["umount", "--lazy", str(where)], check=True)  # noqa: S603, S607


@pytest.fixture
def database(tmp_path: Path, disk: Path, settings: Settings) -> Iterator[Database]:
    """A server on the small disk, with an embedded log in it."""
    settings.EVENTSTORE = {
        **settings.EVENTSTORE,
        "LOG": "embedded",
        "REGISTRY": "tests.shops.order_full",
        "AGGREGATES": [],
        **WITHOUT_PRIVACY,
        "PARTITIONS": 3,
        "APPEND_TIMEOUT": 2.0,
    }
    found = a_server(tmp_path, disk / "postgres")
    yield found
    found.server.stop()


def take_all_room(disk: Path) -> Path:
    """A file that takes what is left of the disk."""
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        free = os.statvfs(disk)
        os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_bsize)
    return ballast


def test_a_server_whose_disk_runs_full_loses_nothing(
    database: Database, disk: Path
) -> None:
    stream, commits = "order_full.o-1", [str(uuid4()) for _ in range(400)]
    with a_process("prepare", database=database.settings) as process:
        heard(process)
    with a_process("obey", database=database.settings) as process:
        told(process, "append", stream=stream)
        ballast = take_all_room(disk)
        answers = list(appended(process, stream, commits))
        refused = [answer for answer in answers if "refused" in answer]
        assert {answer["refused"] for answer in refused} <= {
            "log-unavailable",
            "outcome-unknown",
        }
        assert len(refused) == 3, "the disk did not run full"

        ballast.unlink()
        if database.server.child is None or database.server.child.process.poll():
            database.server.start()
        nothing_is_lost(process, stream, commits, answers)
    ordered("verify", database=database.settings)


def nothing_is_lost(
    process: Any, stream: str, commits: list[str], answers: list[dict[str, Any]]
) -> None:
    """Appended again, each commit gets one version, the acknowledged ones the same as before; all of it is read."""
    again = [
        told(process, "append", stream=stream, commit=commit, size=20_000)["done"]
        for commit in commits[: len(answers)]
    ]

    assert sorted(again) == list(range(2, len(answers) + 2))
    for answer, version in zip(answers, again, strict=True):
        assert answer.get("done", version) == version
    assert told(process, "read", stream=stream)["done"] == sorted([1, *again])


def appended(process: Any, stream: str, commits: list[str]) -> Iterator[dict[str, Any]]:
    """The answers, until three of them are refusals."""
    refused = 0
    for commit in commits:
        answer = told(process, "append", stream=stream, commit=commit, size=20_000)
        refused += "refused" in answer
        yield answer
        if refused == 3:
            return


# ---- the broker's


@pytest.fixture
def topic(stores: Stores, broker: Cluster) -> Iterator[str]:
    """A topic of a broker that may be broken; it is whole again afterwards."""
    [name] = stores("kafka", broker.bootstrap, APPEND_TIMEOUT=2.0).topics.numbers
    yield name
    broker.heal()


def let_no_file_grow(pid: int, files: list[Path]) -> None:
    """The process can write no further than these files are long now, and a little: what it meets on a full disk."""
    if not hasattr(resource, "prlimit"):
        pytest.skip("only Linux lets one limit the files of another process")
    limit = max(file.stat().st_size for file in files) + 5_000
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, hard))


@pytest.mark.kafka
def test_a_broker_whose_disk_runs_full_loses_nothing(
    topic: str, broker: Cluster
) -> None:
    stream, commits = (
        f"{topic.removeprefix('eventstore.')}.o-1",
        [str(uuid4()) for _ in range(400)],
    )
    node = broker.directory / "node-1" / "data"
    with a_process("obey") as process:
        assert told(process, "append", stream=stream) == {"done": 1}
        let_no_file_grow(broker.pids[1], list(node.glob(f"{topic}-*/*.log")))
        answers = list(appended(process, stream, commits))
        refused = [answer["refused"] for answer in answers if "refused" in answer]
        assert set(refused) <= {"log-unavailable", "outcome-unknown"}
        assert len(refused) == 3, "the disk did not run full"

        broker.heal()
        nothing_is_lost(process, stream, commits, answers)
    ordered("verify")
