"""PostgreSQL servers of the tests' own: to kill, to lose, to run full."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import environ
import psycopg

from scripts.launcher import environment, identity
from scripts.launcher.postgres import ENV, Postgres
from tests.plugins.kafka_logs import until


def a_server(directory: Path, home: Path | None = None) -> Database:
    """Started, with an empty database. home: where its data is, if not below the directory."""
    programs = environment.postgres_programs(Path(sys.executable))
    who = identity.identity(programs, home or directory / "postgres")
    server = Postgres(who, logs=directory / "logs")
    server.start()
    return Database(server)


class Database:
    """A server of the test's own, and what happens to it."""

    def __init__(self, server: Postgres) -> None:
        self.server = server
        self.settings: dict[str, Any] = environ.Env.db_url_config(server.url)

    def ask(self, statement: str) -> int:
        """The number that a statement finds."""
        with psycopg.connect(self.server.url, autocommit=True) as connection:
            return int(connection.execute(statement).fetchone()[0])  # type: ignore[index]

    def restart(self) -> None:
        """As for an update: everybody is asked to go, with a word of why."""
        self.server.stop()
        self.server.start()

    def kill_the_server(self) -> None:
        """With nine, and start it again."""
        assert self.server.child is not None
        self.server.child.process.kill()
        self.server.child.process.wait()
        self.server.start()

    def kill_one_idle_backend(self) -> None:
        """With nine; the server then ends all others and recovers, of its own accord."""
        with psycopg.connect(self.server.url) as idle:
            os.kill(idle.info.backend_pid, signal.SIGKILL)
            until(lambda: _is_gone(idle))
        until(self._answers)

    def lose_everything(self) -> None:
        """The machine is gone; a new server stands where it was, with an empty database."""
        assert self.server.child is not None
        self.server.child.process.kill()
        self.server.child.process.wait()
        shutil.rmtree(self.server.data)
        self.server.start()

    def run(self, program: str, *arguments: str) -> None:
        """One of PostgreSQL's own programs, on the database."""
        where = ["-h", str(self.server.sockets), "-U", "postgres"]
        path = str(self.server.identity.programs / program)
        command = [path, *where, *arguments]
        subprocess.run(command, env=ENV, check=True)  # noqa: S603

    def _answers(self) -> bool:
        try:
            return self.ask("SELECT 1") == 1
        except psycopg.OperationalError:
            return False


def _is_gone(connection: psycopg.Connection[Any]) -> bool:
    try:
        connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return True
    return False
