"""gunicorn on a measurement's world: started, asked until it answers, looked at, ended."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from eventstore.api.accounts import create
from eventstore.api.scopes import Scope
from teddy_es.bench.http.lines import Address, Line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from teddy_es.bench.world import World

WORKERS: Final = 2
_READY_S: Final = 60.0
_ENDED_S: Final = 60.0
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


class Web:
    """A gunicorn, and a token for it."""

    def __init__(self, process: subprocess.Popen[bytes], address: Address) -> None:
        self._process = process
        self.address = address

    @property
    def workers(self) -> list[int]:
        """Their process ids, as they are now."""
        pid = self._process.pid
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [int(one) for one in text.split()]

    @property
    def memory_mb(self) -> float:
        """What the workers hold, MB."""
        return sum(_held(pid) for pid in self.workers) / 1e6

    @property
    def files(self) -> tuple[int, int]:
        """How many the workers have open, and how many of them are sockets."""
        found = [one for pid in self.workers for one in _opened(pid)]
        return len(found), sum(one.startswith("socket:") for one in found)

    def answers(self) -> bool:
        """Whether it does."""
        line = Line(self.address)
        try:
            return line.get("/api/v1/feed?after=now").status == 200
        except OSError:
            return False
        finally:
            line.close()


def _held(pid: int) -> int:
    """Bytes; of one that has ended meanwhile none."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _opened(pid: int) -> list[str]:
    """What its files are; of one that has ended meanwhile none, nor what it has closed meanwhile."""
    found: list[str] = []
    with suppress(FileNotFoundError, ProcessLookupError):
        for one in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                found.append(str(one.readlink()))
    return found


def token() -> str:
    """Of a new account that may read and append."""
    name = f"bench-{time.monotonic_ns()}"
    scopes = [Scope.READ, Scope.APPEND]
    return create(name, scopes=scopes, purpose="audit", bound_to=None).secret


@contextmanager
def served(world: World, *, workers: int = WORKERS) -> Iterator[Web]:
    """Ended with the block. Raises RuntimeError with what it said if it does not begin."""
    given = json.dumps({"database": world.database, "eventstore": world.eventstore})
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = ["-m", "gunicorn", "-c", "python:teddy_es.bench.http.served"]
    options = ["--workers", str(workers), "--bind", f"127.0.0.1:{port}"]
    app = f"teddy_es.bench.http.served:application({given!r})"
    with tempfile.TemporaryFile() as said, tempfile.TemporaryDirectory() as beats:
        process = subprocess.Popen(  # noqa: S603  (our own)
            [sys.executable, *command, *options, "--worker-tmp-dir", beats, app],
            stdout=said,
            stderr=said,
        )
        web = Web(process, Address(port, token()))
        try:
            _wait(web, process, said)
            yield web
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(_ENDED_S)


def _wait(web: Web, process: subprocess.Popen[bytes], said: object) -> None:
    until = time.monotonic() + _READY_S
    while not web.answers():
        if process.poll() is not None or time.monotonic() > until:
            said.seek(0)  # type: ignore[attr-defined]
            msg = f"gunicorn does not answer: {said.read()[-2000:]!r}"  # type: ignore[attr-defined]
            raise RuntimeError(msg)
        time.sleep(0.1)
