"""Where things are: the checkout, what its runs share, and a data directory.

Shared by every run of a checkout, in `.teddy/`: the virtual environment, Kafka's jars,
the list of what runs. A data directory (default: `.teddy/` too) holds all the rest.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.launcher.console import Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).resolve().parents[2]
LOCKS = CHECKOUT / "scripts" / "locks"
HOME = CHECKOUT / ".teddy"
RUNS = HOME / "runs"
# What a data directory may hold: `reset` removes these names and no others.
FOLDERS = (
    *("postgres", "kafka", "brokers"),
    *("logs", "metrics", "static", "tasks", "tmp"),
)
FILES = ("runtime.json", "secret_key", "key_file", "users")
# And what stays: who holds the directory, and that it is one.
KEPT = ("lock", "state.json")
KEY_BYTES = 32
LITTLE_ROOM = 32_000_000  # bytes; twice what PostgreSQL takes for its journal at a time


def make_home() -> None:
    """Make `.teddy/`, for us only."""
    HOME.mkdir(mode=0o700, exist_ok=True)


class Busy(Trouble):
    """Somebody else holds the lock."""


def require_ours(*paths: Path) -> None:
    """Refuse what another user could have written: it would choose our keys, our log and our database."""
    for path in paths:
        found = path.stat()
        if found.st_uid != os.geteuid():
            raise Trouble(
                f"{path} belongs to another user: name a directory of your own with --data."
            )
        if found.st_mode & 0o022:
            raise Trouble(
                f"Others may write to {path}: chmod go-w it if you trust what it holds, "
                "or name another with --data."
            )


class DataDirectory:
    """One installation's data. Only one process at a time owns it."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()

    def __str__(self) -> str:
        return str(self.path)

    def make(self) -> None:
        """Make it, 0700. One that is there is taken only if it is ours, and a data directory or empty."""
        if self.path == HOME:
            make_home()
        elif not self.path.exists():
            # two may begin at the same moment, as in a pipe
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        elif not self._is_known():
            raise Trouble(
                f"{self.path} is not empty and no data directory of Teddy: "
                "name a new one with --data."
            )
        require_ours(self.path)
        if not self._state_file.exists():
            self.write_state()

    def _is_known(self) -> bool:
        require_ours(self.path)
        if not self.path.is_dir():
            return False
        # what another process of ours is writing at this moment does not make it somebody else's
        there = {found.name for found in self.path.iterdir()}
        return self._state_file.exists() or all(
            name.startswith(self._state_file.name) for name in there
        )

    # -- what it is -------------------------------------------------------------------

    @property
    def _state_file(self) -> Path:
        return self.path / "state.json"

    @property
    def state(self) -> dict[str, Any]:
        """What must be known before anything runs: `log`, `prepared`, `demo`."""
        return self._read(self._state_file)

    def write_state(self, **changes: object) -> None:
        """Remember something of it."""
        _write(self._state_file, {"format": 1, **self.state, **changes})

    def secret_key(self) -> str:
        """Django's, made once."""
        require_ours(self.path)
        path = self.path / "secret_key"
        if not path.exists():
            _write_text(path, secrets.token_urlsafe(50))
        require_ours(path)
        return path.read_text()

    def key_file(self) -> Path:
        """Of the key-encryption keys, a line each; made once, for whoever loses it loses what was sealed."""
        require_ours(self.path)
        path = self.path / "key_file"
        if not path.exists():
            _write_text(path, f"{secrets.token_urlsafe(KEY_BYTES)}\n")
        require_ours(path)
        return path

    # -- who runs it ------------------------------------------------------------------

    @property
    def runtime(self) -> dict[str, Any]:
        """What runs on it: filled by the owner when PostgreSQL and the log are up."""
        return self._read(self.path / "runtime.json")

    def write_runtime(self, **changes: object) -> None:
        """Tell the others what runs."""
        _write(self.path / "runtime.json", {**self.runtime, **changes})

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Hold the lock while something of ours runs on it."""
        with locked(
            self.path / "lock", f"Something runs on {self} already (./teddy status)"
        ):
            runtime = self.path / "runtime.json"
            runtime.unlink(missing_ok=True)
            try:
                yield
            finally:
                runtime.unlink(missing_ok=True)

    @contextmanager
    def listed(self) -> Iterator[None]:
        """Let `status` and `manage` find what runs on it without `--data`."""
        entry = RUNS / hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]
        RUNS.mkdir(mode=0o700, parents=True, exist_ok=True)
        entry.write_text(str(self.path))
        try:
            yield
        finally:
            entry.unlink(missing_ok=True)

    @contextmanager
    def used(self) -> Iterator[None]:
        """Keep an owner that waits for its users from stopping."""
        with (self.path / "users").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            yield

    @contextmanager
    def unused(self) -> Iterator[None]:
        """Wait until nobody uses it any more; nobody new begins meanwhile."""
        with (self.path / "users").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def is_owned(self) -> bool:
        """Whether something runs on it."""
        path = self.path / "lock"
        if not self.path.exists():
            return False
        require_ours(self.path)
        if not path.exists():
            return False
        with path.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def wait_for_owner(self, *, timeout_s: float = 120) -> bool:
        """Whether there is an owner that is ready; one that starts is waited for."""
        deadline = time.monotonic() + timeout_s
        while self.is_owned():
            if self.runtime:
                return True
            if time.monotonic() > deadline:
                raise Trouble(f"What starts on {self.path} does not get ready.")
            time.sleep(0.05)
        return False

    def _read(self, path: Path) -> dict[str, Any]:
        try:
            require_ours(self.path, path)
            known: dict[str, Any] = json.loads(path.read_text())
        except FileNotFoundError:
            return {}
        return known

    def wipe(self) -> None:
        """Remove the data and nothing else that may lie here."""
        for name in FOLDERS:
            folder = self.path / name
            if folder.exists():
                shutil.rmtree(folder)
        for name in FILES:
            (self.path / name).unlink(missing_ok=True)
        for name in (*FILES, *KEPT):  # of a write that was killed
            for part in self.path.glob(f"{name}.*.part"):
                part.unlink(missing_ok=True)
        _write(self._state_file, {"format": 1})  # still ours, and as new


@contextmanager
def locked(path: Path, refusal: str) -> Iterator[None]:
    """Hold a lock file, or refuse.

    `is_owned` of another process may hold it for a moment: hence the second look.
    """
    with path.open("w") as file:
        deadline = time.monotonic() + 0.5
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise Busy(
                        f"{refusal}: stop it with Ctrl-C, or choose another directory "
                        "with --data DIR."
                    ) from error
            time.sleep(0.02)
        yield


def room_left(path: Path) -> int | None:
    """Bytes that we may still write there; None if it is not there."""
    try:
        return shutil.disk_usage(path).free
    except FileNotFoundError:
        return None


def running() -> list[DataDirectory]:
    """The data directories on which something of this checkout runs."""
    entries = sorted(RUNS.iterdir()) if RUNS.exists() else []
    known = [DataDirectory(Path(entry.read_text())) for entry in entries]
    return [data for data in known if data.is_owned()]


def chosen(data: Path | None) -> DataDirectory:
    """The given one, else the one that runs, else the default."""
    if data is not None:
        return DataDirectory(data)
    found = running()
    if len(found) > 1:
        names = " and ".join(str(one) for one in found)
        raise Trouble(f"Two or more run from here, {names}: say which with --data.")
    return found[0] if found else DataDirectory(HOME)


def _write(path: Path, content: dict[str, Any]) -> None:
    _write_text(path, json.dumps(content, indent=1))


def _write_text(path: Path, content: str) -> None:
    """All or nothing, for us only."""
    # of this process: two that begin at the same moment must not take each other's away
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)
