"""`./teddy` as its users run it: in a process of its own, with nothing of ours in its environment."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.launcher.places import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Callable

# A slow machine with one processor; a quick one never waits so long.
UP_S = 300


def clean_environment(**more: str) -> dict[str, str]:
    """The tests' own database and settings would lead `./teddy` to the wrong places."""
    foreign = ("DATABASE_URL", "DJANGO_", "TEDDY_", "PROMETHEUS_", "VIRTUAL_ENV")
    mine = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}  # noqa: TID251
    return {**mine, **more}


def teddy(
    *arguments: str | Path, stdin: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(  # noqa: S603  (our own executable)
        command(*arguments),
        input=stdin,
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        timeout=UP_S,
        check=False,
    )


def command(*arguments: str | Path) -> list[str]:
    """The command line."""
    return [sys.executable, str(CHECKOUT / "teddy"), *map(str, arguments)]


@dataclass
class Up:
    """A running `./teddy up`."""

    process: subprocess.Popen[bytes]
    output: Path

    @property
    def said(self) -> str:
        """All that it has written."""
        return self.output.read_text()

    @property
    def address(self) -> str:
        """As http://127.0.0.1:8000."""
        return self._found(r"is at (http://\S+)/admin/")

    @property
    def password(self) -> str:
        """The one-time password."""
        return self._found(r"user +admin, password (\S+)")

    def stop(self, signal_number: int) -> int:
        """Send a signal; the exit code as a shell shows it."""
        self.process.send_signal(signal_number)
        return self.wait()

    def wait(self) -> int:
        """The exit code, once it has ended."""
        code = self.process.wait(UP_S)
        return code if code >= 0 else 128 - code

    def _found(self, pattern: str) -> str:
        found = re.search(pattern, self.said)
        assert found, self.said
        return found[1]


def start(data: Path, *arguments: str) -> Up:
    """Start `./teddy up` on a free port and wait for its announcement."""
    data.parent.mkdir(parents=True, exist_ok=True)
    output = data.with_name(data.name + ".out")
    with output.open("wb") as file:
        process = subprocess.Popen(  # noqa: S603  (our own executable)
            command("up", "--data", data, "--port", "0", *arguments),
            env=clean_environment(),
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    up = Up(process, output)
    announced = becomes_true(
        lambda: "Ctrl-C stops it" in up.said or process.poll() is not None,
        within_s=UP_S,
    )
    assert announced, up.said
    assert process.poll() is None, up.said
    return up


def becomes_true(condition: Callable[[], bool], *, within_s: float = 120) -> bool:
    """Poll for it; whether it came true in time."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def lives(pid: int) -> bool:
    """Whether the process is there; one that has ended and was not fetched is not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    try:
        return not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
