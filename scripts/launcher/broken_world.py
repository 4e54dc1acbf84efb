"""Servers to break: PostgreSQL and brokers of their own for `manage.py torture`, with the launcher's classes.

It satisfies `teddy_es.faults.world.World`, without knowing it: the launcher knows nothing of what it launches.
"""

from __future__ import annotations

import base64
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from scripts.launcher import identity, java
from scripts.launcher.broker import Cluster
from scripts.launcher.console import Trouble
from scripts.launcher.environment import postgres_programs
from scripts.launcher.places import CHECKOUT
from scripts.launcher.ports import free_port
from scripts.launcher.postgres import SOCKET, Postgres
from scripts.launcher.processes import Child, spawn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RESTART_S = 30
# lets a frozen process go on when it is asked to end, or when we do: frozen, it would hear of neither
THAW = """
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
signal.sigwait([signal.SIGTERM])
os.kill(int(sys.argv[1]), signal.SIGCONT)
"""


class BrokenWorld:
    """One PostgreSQL, and no, one or three brokers. `folder` is made, and left to whoever named it."""

    def __init__(self, folder: Path, *, log: str, nodes: int = 1) -> None:
        self.folder = folder
        self.log = log
        self.brokers: Sequence[int] = range(1, nodes + 1) if log == "kafka" else ()
        self._python = Path(sys.executable)
        self._postgres: Postgres | None = None
        self._cluster: Cluster | None = None
        self._hidden: dict[str, str] = {}
        self._kek = base64.urlsafe_b64encode(os.urandom(32)).decode()
        self._thaws: dict[int, Child] = {}

    def start(self) -> None:
        """PostgreSQL, then the brokers, which tell clients to come to other ports than their own."""
        for name in [name for name in os.environ if name.startswith("PG")]:
            # PGHOSTADDR, PGSERVICE and the like would lead libpq to another server
            self._hidden[name] = os.environ.pop(name)
        programs = postgres_programs(self._python)
        who = identity.identity(programs, self.folder / "postgres")
        self._postgres = Postgres(who, logs=self.folder / "logs")
        self._postgres.start()
        if self.brokers:
            runtime = java.provide(self._python)
            self._cluster = Cluster(
                self.folder / "kafka",
                runtime,
                nodes=len(self.brokers),
                fronts={number: free_port() for number in self.brokers},
            )
            self._cluster.start()

    def fronts(self) -> dict[Path | int, Path | int]:
        """PostgreSQL's socket on the embedded log, else each broker's port for clients."""
        if self._cluster:
            nodes = self._cluster.nodes.values()
            return {node.front: node.client_port for node in nodes}
        return {self._front / SOCKET: self.postgres.sockets / SOCKET}

    def environment(self, *, by_proxy: bool) -> dict[str, str]:
        """Nothing of ours but the interpreter's own needs."""
        sockets = self._front if by_proxy and not self._cluster else None
        kafka = {"TEDDY_KAFKA_BOOTSTRAP": self._bootstrap()} if self._cluster else {}
        return {
            **kafka,
            "DATABASE_URL": self._url(sockets),
            "TEDDY_KEK": "env",
            "TEDDY_KEK_SECRETS": self._kek,
            "DJANGO_SECRET_KEY": "of a world that is thrown away",
            "DJANGO_SETTINGS_MODULE": "teddy_es.settings",
            "PYTHONPATH": str(CHECKOUT),
            "TEDDY_LOG": self.log,
            "TEDDY_LOG_LEVEL": "WARNING",
            "TEDDY_MODE": "quickstart",
        }

    def url(self) -> str:
        """PostgreSQL's address, past the proxy."""
        return self._url(None)

    def keys_url(self) -> str:
        """That of the key store's database."""
        return self.postgres.keys_url

    def spawn(
        self, name: str, arguments: Sequence[str], env: Mapping[str, str]
    ) -> Child:
        """Python with these arguments; killed when we end, as a frozen one would not hear anything less."""
        return spawn(
            name,
            [self._python, *arguments],
            env=env,
            log=self.folder / "logs" / f"{name}.log",
            stop_signal=signal.SIGKILL,
        )

    def has_backend(self, pid: int) -> bool:
        """Whether the process is the postmaster's child."""
        return self.postgres.pid is not None and parent_of(pid) == self.postgres.pid

    # -- what is broken ---------------------------------------------------------------

    def freeze(self, pid: int) -> None:
        """SIGSTOP, until `thaw`, or until we end, however that is."""
        self._thaws[pid] = spawn(
            "thaw",
            [self._python, "-I", "-S", "-c", THAW, str(pid)],
            env={},
            log=self.folder / "logs" / "thaw.log",
        )
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)

    def thaw(self, pid: int) -> None:
        """SIGCONT."""
        self._thaws.pop(pid).stop()
        with suppress(ProcessLookupError):  # the server was ended meanwhile
            os.kill(pid, signal.SIGCONT)

    def kill_postgres(self) -> None:
        """The postmaster; the others of its processes see it and end."""
        if self.postgres.child:
            self.postgres.child.kill()
            self.postgres.child = None

    def stop_postgres(self) -> None:
        """In order."""
        self.postgres.stop()

    def start_postgres(self) -> None:
        """Again and again: while one process of the killed server lives, the new one refuses to start."""
        deadline = time.monotonic() + RESTART_S
        while self.postgres.child is None:
            try:
                self.postgres.start()
            except Trouble:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def kill_broker(self, number: int) -> None:
        """`kill -9`."""
        self.cluster.kill(number)

    def pause_broker(self, number: int) -> None:
        """SIGSTOP."""
        self.freeze(self.cluster.nodes[number].running.pid)

    def resume_broker(self, number: int) -> None:
        """SIGCONT."""
        self.thaw(self.cluster.nodes[number].running.pid)

    def ask_broker_to_stop(self, number: int) -> None:
        """SIGTERM; it takes its time."""
        self.cluster.ask_to_stop(number)

    def start_broker(self, number: int) -> None:
        """Do not wait until it is there: that takes seconds, in which more may happen."""
        self.cluster.revive(number)

    def heal(self) -> None:
        """Whatever does not run or answer runs and answers again."""
        self.start_postgres()
        if self._cluster:
            self._cluster.heal()

    def close(self) -> None:
        """End the servers. Nobody needs their data: they are not asked to save it first."""
        if self._cluster:
            for child in self._cluster.children:
                child.kill()
        if self._postgres:
            if self._postgres.child:
                self._postgres.child.stop()
            self._postgres.stop()
            shutil.rmtree(self._front, ignore_errors=True)
        os.environ.update(self._hidden)

    # -- inside -----------------------------------------------------------------------

    @property
    def postgres(self) -> Postgres:
        """The server, once it was started."""
        if self._postgres is None:
            raise Trouble("This world was not started.")
        return self._postgres

    @property
    def cluster(self) -> Cluster:
        """The brokers, once they were started."""
        if self._cluster is None:
            raise Trouble("This world has no brokers.")
        return self._cluster

    @property
    def _front(self) -> Path:
        """A directory beside that of PostgreSQL's socket, as short a path as that."""
        return self.postgres.sockets.with_name(self.postgres.sockets.name + "p")

    def _url(self, sockets: Path | None) -> str:
        plain = self.postgres.url
        where = quote(str(self.postgres.sockets))
        return plain.replace(where, quote(str(sockets))) if sockets else plain

    def _bootstrap(self) -> str:
        nodes = self.cluster.nodes.values()
        return ",".join(f"127.0.0.1:{node.front}" for node in nodes)


def parent_of(pid: int) -> int | None:
    """The parent's process id; none if there is no such process."""
    if Path("/proc/self").exists():
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return int(stat.rpartition(")")[2].split()[1])  # a name may hold anything
    command = ["ps", "-o", "ppid=", "-p", str(pid)]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return int(said) if said.strip() else None
