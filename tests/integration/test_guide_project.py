"""The guide's project, which is not about bears, written out and run: on the core as it is, on a database of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from tests.guards.snippets import blocks_of
from tests.guards.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE = ROOT / "docs" / "EVENT_SOURCING_GUIDE.md"
FILES = {block.file: block.code for block in blocks_of(PAGE) if block.file}
FOREIGN = ("teddy_es", "audit")
Run = Callable[..., str]


@pytest.fixture
def database(transactional_db: None) -> Iterator[dict[str, Any]]:
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
def run(tmp_path: Path, database: dict[str, Any]) -> Run:
    """Runs Python in the project; gives what it says, and fails if it fails."""
    for path, code in FILES.items():
        file = tmp_path / path
        file.parent.mkdir(exist_ok=True)
        (file.parent / "__init__.py").touch()
        file.write_text(code, "utf-8")
    settings = tmp_path / "library" / "settings.py"
    settings.write_text(
        f"{settings.read_text('utf-8')}\nDATABASES = {{'default': {database!r}}}\n"
    )
    env = os.environ | {  # noqa: TID251  (a child's)
        "DJANGO_SETTINGS_MODULE": "library.settings",
        "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}",
    }

    def run(*arguments: str) -> str:
        done = subprocess.run(  # noqa: S603  (our own guide)
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_it_is_set_up_used_and_has_its_snapshots(run: Run) -> None:
    manage = ("-m", "django")

    run(*manage, "check")
    run(*manage, "migrate", "--verbosity", "0")
    assert "eventstore.loan" in run(*manage, "create_topics", "--json")
    run("-c", "import django; django.setup(); import library.desk")
    assert '"snapshots": 1' in run(*manage, "build_snapshots", "--json")
    assert len(run(*manage, "read_stream", "loan.loan-1", "--json").splitlines()) == 31
    run(*manage, "verify")


def test_it_needs_nothing_of_ours_but_the_core(run: Run) -> None:
    loaded = run(
        "-c",
        "import django, sys; django.setup(); import eventstore.service, eventstore.tasks\n"
        "print(*{name.partition('.')[0] for name in sys.modules})",
    ).split()

    assert "eventstore" in loaded
    assert not set(FOREIGN) & set(loaded)


def test_its_tests_are_green(run: Run) -> None:
    """The golden file's, and the contract suites on an adapter that is neither of ours."""
    said = run("-m", "pytest", "-v", "-p", "no:cacheprovider", "tests")

    ran = re.findall(r"^tests/\w+\.py::(\w+).* PASSED", said, re.MULTILINE)
    assert {"TestPaperLog", "TestPaperStore", "TestPaperSnapshots"} <= set(ran)
    assert "test_what_was_ever_written_is_read_as_the_class_of_today" in ran
