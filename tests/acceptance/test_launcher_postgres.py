"""The embedded PostgreSQL: it survives what kills it, and touches nothing that is not ours."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from scripts.launcher import environment, identity
from scripts.launcher.places import CHECKOUT
from scripts.launcher.postgres import Postgres
from tests.acceptance.launched import becomes_true, lives

if TYPE_CHECKING:
    from collections.abc import Iterator

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="this way is for root only")


@pytest.fixture(scope="module")
def programs() -> Path:
    return environment.postgres_programs(Path(sys.executable))


@pytest.fixture
def server(programs: Path, tmp_path: Path) -> Iterator[Postgres]:
    who = identity.identity(programs, tmp_path / "postgres")
    server = Postgres(who, logs=tmp_path / "logs")
    yield server
    server.stop()


def ask(server: Postgres, sql: str) -> object:
    with psycopg.connect(server.url, autocommit=True) as connection:
        cursor = connection.execute(sql)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def modes_above(path: Path) -> dict[str, tuple[int, int, int]]:
    """Mode, owner and group of every directory above a path."""
    found = {str(parent): parent.stat() for parent in path.resolve().parents}
    return {name: (s.st_mode, s.st_uid, s.st_gid) for name, s in found.items()}


def test_it_writes_to_the_disk_and_listens_on_a_socket_only(server: Postgres) -> None:
    server.start()

    assert ask(server, "SHOW fsync") == "on"
    assert ask(server, "SHOW synchronous_commit") == "on"
    assert ask(server, "SHOW listen_addresses") == ""
    assert server.sockets.stat().st_mode & 0o777 == 0o700


def test_data_is_kept_over_a_stop_and_a_crash(server: Postgres) -> None:
    server.start()
    ask(server, "CREATE TABLE kept AS SELECT 42 AS answer")
    server.stop()
    server.start()
    assert server.child
    server.child.process.kill()
    server.child.process.wait()

    server.start()

    assert ask(server, "SELECT answer FROM kept") == 42


def test_a_pid_file_that_names_somebody_else_does_not_keep_it_from_starting(
    server: Postgres,
) -> None:
    server.start()
    pid_file = server.data / "postmaster.pid"
    content = pid_file.read_text().split("\n", 1)[1]
    server.stop()
    pid_file.write_text(f"{os.getpid()}\n{content}")  # as after a reboot

    server.start()

    assert ask(server, "SELECT 1") == 1


def test_a_directory_too_deep_for_a_socket_works_and_leaves_nothing_elsewhere(
    programs: Path, tmp_path: Path
) -> None:
    home = tmp_path / ("deep-" * 25) / "postgres"
    home.parent.mkdir()
    server = Postgres(identity.identity(programs, home), logs=tmp_path / "logs")

    server.start()
    try:
        answer = ask(server, "SELECT 1")
    finally:
        server.stop()

    assert answer == 1
    assert home not in server.sockets.parents
    assert not server.sockets.exists()


def test_no_directory_of_others_changes_its_mode_or_owner(
    server: Postgres, tmp_path: Path
) -> None:
    tmp_path.chmod(0o700)
    before = modes_above(tmp_path / "postgres")

    server.start()
    server.stop()

    assert modes_above(tmp_path / "postgres") == before


@as_root
def test_without_namespaces_root_runs_it_as_nobody_and_changes_no_directory(
    programs: Path, tmp_path: Path
) -> None:
    # Where others may go: the tests' own directory is closed to `nobody`.
    state_root = Path("/var/lib") / f"teddy-es-test-{os.getpid()}"
    before = modes_above(state_root / "x") if state_root.exists() else None
    around = modes_above(state_root)
    server = Postgres(
        identity.nobody(programs, tmp_path / "postgres", state_root=state_root),
        logs=tmp_path / "logs",
    )
    try:
        server.start()
        assert server.pid
        owner = Path(f"/proc/{server.pid}").stat().st_uid
        answer = ask(server, "SELECT 1")
        server.stop()
    finally:
        server.stop()
        shutil.rmtree(state_root, ignore_errors=True)

    assert before is None
    assert answer == 1
    assert owner == pwd.getpwnam("nobody").pw_uid
    assert modes_above(state_root) == around


@pytest.mark.skipif(sys.platform != "linux", reason="the leash is the Linux kernel's")
def test_it_ends_when_its_launcher_is_killed_and_starts_again(
    server: Postgres, tmp_path: Path
) -> None:
    launcher = f"""
import os, sys
from pathlib import Path
from scripts.launcher import environment, identity
from scripts.launcher.postgres import Postgres
home = Path({str(tmp_path)!r})
programs = environment.postgres_programs(Path(sys.executable))
server = Postgres(identity.identity(programs, home / "postgres"), logs=home / "logs")
server.start()
print(server.pid, flush=True)
os.kill(os.getpid(), 9)
"""
    command = [sys.executable, "-c", launcher]
    done = subprocess.run(  # noqa: S603  (our own Python)
        command, cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    orphan = int(done.stdout)

    server.start()

    assert done.returncode == -signal.SIGKILL
    assert server.pid != orphan
    assert becomes_true(lambda: not lives(orphan))
    assert ask(server, "SELECT 1") == 1
