"""Start real processes that work on the test's database and log, and talk with them by lines of JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from django.conf import settings  # noqa: TID251  (hands the test's settings on)
from django.db import connection, connections

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent.parent


@contextmanager
def a_process(
    task: str,
    *,
    database: dict[str, Any] | None = None,
    stderr: int | None = None,
    **arguments: Any,
) -> Iterator[subprocess.Popen[str]]:
    """A process at its task; ended with the block. database: Django's settings of another one than the test's."""
    given = {
        "database": database or {"NAME": connection.settings_dict["NAME"]},
        "keys": _beside(database),
        "eventstore": settings.EVENTSTORE,
        "arguments": arguments,
    }
    command = [sys.executable, "-m", "tests.support.process_work", task]
    process = subprocess.Popen(  # noqa: S603
        [*command, json.dumps(given)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _beside(database: dict[str, Any] | None) -> str:
    """The name of the database that has the keys."""
    if database is None:
        return str(connections["keys"].settings_dict["NAME"])
    return f"{database['NAME']}_keys"


def environment() -> dict[str, str]:
    """What a command in another process needs to work on the test's database, on the embedded log."""
    here = {"TEDDY_LOG": "embedded", "TEDDY_PARTITIONS": "3"}
    here["DATABASE_URL"] = _address("default")
    here["TEDDY_KEYS_DATABASE_URL"] = _address("keys")
    return {**os.environ, **here}  # noqa: TID251  (a child's)


def _address(alias: str) -> str:
    given = connections[alias].get_connection_params()
    where = {name: given[name] for name in ("host", "port") if given.get(name)}
    user = quote(given.get("user", ""), safe="")
    secret = quote(given.get("password", ""), safe="")
    return f"postgresql://{user}:{secret}@/{given['dbname']}?{urlencode(where)}"


@contextmanager
def a_command(
    *args: str, stdin: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A command of manage.py in a process of its own; ended with the block."""
    with subprocess.Popen(  # noqa: S603
        [sys.executable, ROOT / "manage.py", *args],
        env=environment(),
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ordered(name: str, *arguments: str, database: dict[str, Any] | None = None) -> str:
    """What a command of manage.py says on its output; fails if it ends with anything but 0."""
    given: dict[str, Any] = {"name": name, "arguments": list(arguments)}
    with a_process("command", database=database, **given) as process:
        said, _ = process.communicate(timeout=120)
        assert process.returncode == 0, said
    return said


def told(process: subprocess.Popen[str], do: str, **order: Any) -> dict[str, Any]:
    """What a process that obeys says to an order."""
    assert process.stdin is not None
    process.stdin.write(json.dumps({"do": do} | order) + "\n")
    process.stdin.flush()
    return heard(process)


def heard(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The next line that it says; fails if it ended instead."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, f"the process ended with {process.wait()}"
    found: dict[str, Any] = json.loads(line)
    return found
