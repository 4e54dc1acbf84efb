"""The embedded PostgreSQL: a real one from a wheel, on a socket only, fsync on.

Whoever uses this holds the data directory's lock (places.DataDirectory): of two starts
on one directory the second never gets here.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from scripts.launcher.console import Trouble
from scripts.launcher.processes import Child, alive, output_of, run, spawn, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scripts.launcher.identity import Identity

DATABASE = "teddy"
KEYS_DATABASE = "teddy_keys"
SOCKET = ".s.PGSQL.5432"
# sun_path of a Unix socket holds 108 bytes with the closing NUL; macOS has 104.
LONGEST_SOCKET = 103
ENV = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
# Of a server whose data nobody wants once a run of tests has ended: nothing waits for a
# disk, and nothing tidies up in the middle of a test.
THROWN_AWAY = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off"}


class Postgres:
    """One cluster with two databases, of the store and of its keys. settings: the server's, beside those that it always has."""

    def __init__(
        self,
        identity: Identity,
        *,
        logs: Path,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.identity = identity
        self._settings = settings or {}
        self.data = identity.home / "data"
        self.log = logs / "postgres.log"
        self.sockets = _socket_directory(identity.home)
        self.child: Child | None = None

    @property
    def url(self) -> str:
        """The DATABASE_URL.

        The directory stands in the query: django-environ does not decode a host.
        """
        return self._url(DATABASE)

    @property
    def keys_url(self) -> str:
        """The TEDDY_KEYS_DATABASE_URL."""
        return self._url(KEYS_DATABASE)

    def _url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={quote(str(self.sockets))}"

    @property
    def pid(self) -> int | None:
        """Of the postmaster, while it runs."""
        return self.child.pid if self.child else None

    def start(self) -> None:
        """Make the cluster if there is none, run it, make the databases."""
        self._make_directories()
        if not self.data.exists():
            self._initialise()
        self._check_version()
        self._clear_stale_pid()
        self.child = self._spawn()
        try:
            wait_until(self._answers, self.child, timeout_s=60)
            for name in (DATABASE, KEYS_DATABASE):
                self._create_database(name)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop it: fast mode, connections are ended, everything is on the disk."""
        if self.child:
            self.child.stop()
            self.child = None
        if self.sockets.parent != self.identity.home:
            shutil.rmtree(self.sockets, ignore_errors=True)

    def version(self) -> str:
        """As `18.4`."""
        words = output_of([self.identity.programs / "postgres", "-V"], env=ENV)
        return words.split()[2]

    def _make_directories(self) -> None:
        self.identity.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.identity.own(self.identity.home)
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        found = self.sockets.lstat()
        # The short name is in a directory of everybody's: take nobody else's for ours.
        mine = stat.S_ISDIR(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o700
        if not mine or found.st_uid not in (os.geteuid(), self._owner()):
            raise Trouble(f"{self.sockets} belongs to somebody else: remove it first.")
        self.identity.own(self.sockets)

    def _owner(self) -> int:
        return self.identity.home.stat().st_uid

    def _initialise(self) -> None:
        # Under another name first: a half-made cluster never looks like a whole one.
        part = self.data.with_name("data.part")
        shutil.rmtree(part, ignore_errors=True)
        options = ["-U", "postgres", "-A", "trust", "--encoding=utf8", "--no-locale"]
        command = self.identity.command("initdb", "-D", str(part), *options)
        run(command, env=ENV, what="initdb", log=self.log, cwd=Path("/"))
        part.rename(self.data)

    def _check_version(self) -> None:
        have = (self.data / "PG_VERSION").read_text().strip()
        need = self.version().split(".")[0]
        if have != need:
            raise Trouble(
                f"{self.data} was made by PostgreSQL {have}, and this is {need}: "
                "./teddy reset makes a new one; with a log on Kafka nothing is lost."
            )

    def _clear_stale_pid(self) -> None:
        """Drop `postmaster.pid` if its process is no postgres of this directory.

        After `kill -9` of everything the pid may be a zombie's or somebody else's.
        """
        path = self.data / "postmaster.pid"
        if not path.exists():
            return
        pid = int(path.read_text().split("\n", 1)[0] or 0)
        if pid and _is_postgres_of(pid, self.data):
            # Ours, orphaned: its leash has told it to stop; see that it does.
            _end_orphan(pid, self.data)
        path.unlink(missing_ok=True)

    def _spawn(self) -> Child:
        options = {
            **self._settings,
            "listen_addresses": "",
            "unix_socket_permissions": "0700",
        }
        settings = [word for pair in options.items() for word in ("-c", "=".join(pair))]
        arguments = ["-D", str(self.data), "-k", str(self.sockets), *settings]
        return spawn(
            "PostgreSQL",
            self.identity.command("postgres", *arguments),
            env=ENV,
            log=self.log,
            cwd=Path("/"),
            stop_signal=signal.SIGINT,
            grace_s=30,
        )

    def _answers(self) -> bool:
        program = str(self.identity.programs / "pg_isready")
        command = [program, "-q", "-h", str(self.sockets)]
        return subprocess.run(command, env=ENV, check=False).returncode == 0

    def _create_database(self, name: str) -> None:
        known = f"SELECT 1 FROM pg_database WHERE datname = '{name}'"  # noqa: S608
        if not self._query(known):
            self._query(f"CREATE DATABASE {name}")

    def _query(self, sql: str) -> str:
        psql = self.identity.programs / "psql"
        options = ["-h", str(self.sockets), "-U", "postgres", "-XAtqc", sql]
        return output_of([psql, *options], env=ENV).strip()


def _socket_directory(home: Path) -> Path:
    near = home / "run"
    if len(os.fsencode(near / SOCKET)) <= LONGEST_SOCKET:
        return near
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"teddy-{os.geteuid()}-{digest}"


def _is_postgres_of(pid: int, data: Path) -> bool:
    if not alive(pid):
        return False
    if Path("/proc/self").exists():
        # A zombie has no link to follow; a postmaster stands in its data directory.
        try:
            name = Path(f"/proc/{pid}/exe").readlink().name
            where = Path(f"/proc/{pid}/cwd").readlink()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return False
        return name.startswith("postgres") and where == data.resolve()
    listed = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)],  # noqa: S607  (wherever it is)
        capture_output=True,
        text=True,
        check=False,
    )
    return "postgres" in listed.stdout and str(data) in listed.stdout


def _end_orphan(pid: int, data: Path) -> None:
    deadline = time.monotonic() + 30
    os.kill(pid, signal.SIGINT)
    while _is_postgres_of(pid, data):
        if time.monotonic() > deadline:
            raise Trouble(f"An old PostgreSQL (process {pid}) does not stop: end it.")
        time.sleep(0.05)
