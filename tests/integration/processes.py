"""Start real processes that work on the test's database and log, and talk with them by lines of JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.conf import settings  # noqa: TID251  (hands the test's settings on)
from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def a_process(
    task: str, *, database: dict[str, Any] | None = None, **arguments: Any
) -> Iterator[subprocess.Popen[str]]:
    """A process at its task; ended with the block. database: Django's settings of another one than the test's."""
    given = {
        "database": database or {"NAME": connection.settings_dict["NAME"]},
        "eventstore": settings.EVENTSTORE,
        "arguments": arguments,
    }
    command = [sys.executable, "-m", "tests.integration.process_work", task]
    process = subprocess.Popen(  # noqa: S603
        [*command, json.dumps(given)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def heard(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The next line that it says; fails if it ended instead."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, f"the process ended with {process.wait()}"
    found: dict[str, Any] = json.loads(line)
    return found
