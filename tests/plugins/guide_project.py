"""The project that the guide's pages write, file by file: a library that lends books, on a database of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.db import connection

from tests.guards.snippets import blocks_of
from tests.guards.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PAGES = ("EVENT_SOURCING_GUIDE.md", "guide/SUBSCRIPTIONS.md", "guide/PROJECTIONS.md")


def files() -> Mapping[str, str]:
    """Path and text; what a later page says of a file is added at its end."""
    found: dict[str, str] = defaultdict(str)
    for page in PAGES:
        for block in blocks_of(ROOT / "docs" / page):
            if block.file:
                found[block.file] += f"{block.code}\n\n"
    return found


@dataclass(frozen=True)
class Project:
    """Where it is, and how to reach its database."""

    path: Path
    database: Mapping[str, Any]

    def run(self, *arguments: str) -> str:
        """Run Python in it; what it says. Fails if it fails."""
        done = subprocess.run(  # noqa: S603  (our own guide)
            [sys.executable, *arguments],
            cwd=self.path,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """Python at work in it, until the block's end at the latest."""
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, *arguments],
            cwd=self.path,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()

    def set(self, line: str) -> None:
        """One line more in its settings."""
        with (self.path / "library" / "settings.py").open(
            "a", encoding="utf-8"
        ) as file:
            file.write(f"{line}\n")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What its database says."""
        names = {"NAME": "dbname", "HOST": "host", "PORT": "port", "USER": "user"}
        where = {
            names[key]: value
            for key, value in self.database.items()
            if key in names and value
        }
        with psycopg.connect(
            **where, password=self.database["PASSWORD"] or None
        ) as own:
            return own.execute(query).fetchall()

    @property
    def _environment(self) -> dict[str, str]:
        return os.environ | {  # noqa: TID251  (a child's)
            "DJANGO_SETTINGS_MODULE": "library.settings",
            # pytest there has what the guide says, and not all that our tests need: that takes seconds to load
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_PLUGINS": "pytest_django.plugin",
            "PYTHONPATH": f"{self.path}{os.pathsep}{ROOT}",
        }


@pytest.fixture
def guide_database(transactional_db: None) -> Iterator[dict[str, Any]]:
    """An empty one on the tests' server, in Django's words."""
    given = connection.get_connection_params()
    where = {
        key.upper(): given.get(key, "") for key in ("host", "port", "user", "password")
    }
    name = f"{given['dbname']}_guide"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{name}"')
    yield {"ENGINE": "django.db.backends.postgresql", "NAME": name} | where
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def project(tmp_path: Path, guide_database: dict[str, Any]) -> Project:
    """All its files written out."""
    for path, code in files().items():
        file = tmp_path / path
        file.parent.mkdir(exist_ok=True)
        (file.parent / "__init__.py").touch()
        file.write_text(code, "utf-8")
    made = Project(tmp_path, guide_database)
    made.set(f"DATABASES = {{'default': {guide_database!r}}}")
    return made
