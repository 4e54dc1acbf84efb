"""What the Django processes stand on: PostgreSQL, a log, and the settings that say so."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scripts.launcher import identity, java
from scripts.launcher.broker import Cluster
from scripts.launcher.console import Trouble, note
from scripts.launcher.environment import postgres_programs
from scripts.launcher.places import CHECKOUT, DataDirectory
from scripts.launcher.postgres import Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scripts.launcher.processes import Child


@dataclass
class Ground:
    """What runs below Django."""

    database_url: str
    log: str
    keys_database_url: str | None = None  # None: beside the other, by its name
    bootstrap: str | None = None
    postgresql: str | None = None
    children: list[Child] = field(default_factory=list)

    def pids(self) -> dict[str, int]:
        """By the names that `status` shows."""
        short = {"PostgreSQL": "postgres", "Kafka broker 1": "kafka"}
        return {short[child.name]: child.pid for child in self.children}


def settle_log(data: DataDirectory, wanted: str | None) -> str:
    """The kind of log of this directory, decided at its first start for good.

    The heads, versions and cursors in its PostgreSQL are those of one log. On another
    one they would be wrong, so the kinds are never mixed on one directory.
    """
    kind: str | None = data.state.get("log")
    if kind is None:
        kind = wanted or "embedded"
        data.write_state(log=kind)
    if wanted and kind != wanted:
        raise Trouble(
            f"{data} was made for the {kind} log: take another directory "
            "(--data DIR), or remove its data (./teddy reset)."
        )
    return kind


@contextmanager
def ground(
    data: DataDirectory, python: Path, *, log: str, java_choice: str | None = None
) -> Iterator[Ground]:
    """PostgreSQL (unless DATABASE_URL names one), then the broker; stopped in reverse."""
    with ExitStack() as stack:
        given = os.environ.get("DATABASE_URL")
        if given:
            note("Using the PostgreSQL that DATABASE_URL names")
            keys = os.environ.get("TEDDY_KEYS_DATABASE_URL")
            base = Ground(database_url=given, log=log, keys_database_url=keys)
        else:
            base = _with_postgres(data, python, log, stack)
        if log == "kafka":
            _add_broker(base, data, java.provide(python, choice=java_choice), stack)
        yield base


def _with_postgres(
    data: DataDirectory, python: Path, log: str, stack: ExitStack
) -> Ground:
    note("Starting PostgreSQL")
    who = identity.identity(postgres_programs(python), data.path / "postgres")
    server = Postgres(who, logs=data.path / "logs")
    server.start()
    stack.callback(server.stop)
    children = [server.child] if server.child else []
    return Ground(
        server.url,
        log,
        keys_database_url=server.keys_url,
        postgresql=server.version(),
        children=children,
    )


def _add_broker(
    base: Ground, data: DataDirectory, runtime: java.Java, stack: ExitStack
) -> None:
    note("Starting Kafka")
    cluster = Cluster(data.path / "kafka", runtime)
    cluster.start()
    stack.callback(cluster.stop)
    base.bootstrap = cluster.bootstrap
    base.children += cluster.children


def django_environment(
    data: DataDirectory, python: Path, base: Ground
) -> dict[str, str]:
    """What manage.py and gunicorn get. The caller's TEDDY_* settings pass through."""
    programs = python.parent
    passed = {name: value for name, value in os.environ.items() if _may_pass(name)}
    keys = {"TEDDY_KEYS_DATABASE_URL": base.keys_database_url or ""}  # "": not set
    kafka = {"TEDDY_KAFKA_BOOTSTRAP": base.bootstrap} if base.bootstrap else {}
    return {
        **passed,
        **kafka,
        **keys,
        "DATABASE_URL": base.database_url,
        "DJANGO_ALLOWED_HOSTS": "localhost,127.0.0.1",
        "DJANGO_SECRET_KEY": data.secret_key(),
        "DJANGO_SETTINGS_MODULE": "teddy_es.settings",
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PROMETHEUS_MULTIPROC_DIR": str(data.path / "metrics"),
        "PYTHONUNBUFFERED": "1",
        "TEDDY_KEK_FILE": str(data.key_file()),
        "TEDDY_LOG": base.log,
        "TEDDY_MODE": "quickstart",
        "TEDDY_STATIC_ROOT": str(data.path / "static"),
        "TEDDY_TASKS": str(data.path / "tasks"),
        "VIRTUAL_ENV": str(programs.parent),
    }


def _may_pass(name: str) -> bool:
    """Not what would lead a child to another database, another log or other modules."""
    foreign = ("PG", "PYTHONHOME", "PYTHONPATH", "TEDDY_KAFKA_")
    return not name.startswith(foreign)


MANAGE = CHECKOUT / "manage.py"
