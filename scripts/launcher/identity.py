"""Under whose name PostgreSQL runs: it refuses to run as root, and we may be root.

Three ways, tried in this order; none changes the mode or owner of a directory that we
did not make:

1. an ordinary user runs it as it is;
2. root runs it in a user namespace in which root is called user 1; files stay root's;
3. where those are forbidden, a copy of the programs under a state directory that others
   may traverse is run as `nobody` (whose data has to live there too).
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from scripts.launcher.console import Trouble

STATE_ROOT = Path("/var/lib/teddy-es")
NAMESPACE = ["unshare", "--user", "--map-user=1", "--map-group=1"]


class Identity(Protocol):
    """How a PostgreSQL program is started, and where its files are."""

    programs: Path
    home: Path

    def command(self, program: str, *arguments: str) -> list[str]:
        """The whole command line."""
        ...

    def own(self, directory: Path) -> None:
        """Hand a directory that we made to the user under whom PostgreSQL runs."""
        ...


@dataclass
class Direct:
    """As whoever we are."""

    programs: Path
    home: Path

    def command(self, program: str, *arguments: str) -> list[str]:
        """The program itself."""
        return [str(self.programs / program), *arguments]

    def own(self, directory: Path) -> None:
        """It is ours already."""


@dataclass
class Namespaced(Direct):
    """As root under another number."""

    def command(self, program: str, *arguments: str) -> list[str]:
        """The program in a user namespace; `unshare` becomes it, the pid stays."""
        return [*NAMESPACE, *super().command(program, *arguments)]


@dataclass
class Nobody(Direct):
    """As `nobody`, without any privilege."""

    def command(self, program: str, *arguments: str) -> list[str]:
        """`setpriv` sets the leash anew: a change of user takes it off."""
        user = pwd.getpwnam("nobody")
        drop = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        lock = ["--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]
        prefix = ["setpriv", *drop, *lock, "--pdeathsig=INT"]
        return [*prefix, *super().command(program, *arguments)]

    def own(self, directory: Path) -> None:
        """Give it to nobody."""
        user = pwd.getpwnam("nobody")
        os.chown(directory, user.pw_uid, user.pw_gid)


def identity(programs: Path, home: Path) -> Identity:
    """The way that works on this machine.

    `programs` is the folder with `initdb` and `postgres`, `home` where the data shall be.
    """
    if os.geteuid() != 0:
        return Direct(programs, home)
    if shutil.which("unshare") and _namespaces_work():
        return Namespaced(programs, home)
    if shutil.which("setpriv"):
        return nobody(programs, home)
    raise Trouble(
        "PostgreSQL does not run as root, and neither unshare nor setpriv is here: "
        "run ./teddy as an ordinary user, install util-linux, or set DATABASE_URL."
    )


def _namespaces_work() -> bool:
    probe = subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False)
    return probe.returncode == 0


def nobody(programs: Path, home: Path, *, state_root: Path = STATE_ROOT) -> Nobody:
    """Copy the programs to where `nobody` can reach them."""
    state_root.mkdir(mode=0o711, parents=True, exist_ok=True)
    state = state_of(home, state_root=state_root)
    state.mkdir(mode=0o711, exist_ok=True)
    installation = programs.parent
    package = installation.parent
    copy = state / package.name / installation.name
    if not copy.exists():
        _copy(package.with_name(package.name + ".libs"), state)
        _copy(installation, state / package.name)
    return Nobody(copy / programs.name, state / "postgres")


def state_of(home: Path, *, state_root: Path = STATE_ROOT) -> Path:
    """Where the data of this home is, if `nobody` runs it."""
    return state_root / hashlib.sha256(os.fsencode(home)).hexdigest()[:16]


def _copy(source: Path, into: Path) -> None:
    if not source.exists():
        return
    into.mkdir(mode=0o755, exist_ok=True)
    part = into / (source.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(source, part, symlinks=True)
    for path in [part, *part.rglob("*")]:
        if not path.is_symlink():  # a wheel unpacked under a strict umask
            path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))
    for program in (part / "bin").glob("*"):
        program.chmod(0o755)
    part.rename(into / source.name)
