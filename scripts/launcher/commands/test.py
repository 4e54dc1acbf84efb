"""`./teddy test`: all checks and tests, on real PostgreSQL, Kafka and browser."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from scripts.launcher import environment, identity, java
from scripts.launcher.broker import Cluster
from scripts.launcher.console import note, say
from scripts.launcher.foreground import foreground
from scripts.launcher.places import CHECKOUT, HOME, DataDirectory
from scripts.launcher.postgres import THROWN_AWAY, Postgres
from scripts.launcher.processes import output_of, spawn
from scripts.launcher.stack import Ground, django_environment

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

SCRIPTS = CHECKOUT / "scripts"
FAST = ["-m", "not kafka and not browser"]
# Of a broker whose records nobody wants afterwards, and that no test stops: nothing
# waits for a disk, and one that is late on a busy machine is not taken for dead.
SHARED = {
    "log.flush.interval.messages": str(2**63 - 1),
    "broker.session.timeout.ms": "60000",
}
# Types are checked in what the tests leave of the processors.
POLITELY = ["nice", "-n", "5"]


def test(options: Namespace) -> int:
    """Run lint, types and tests, each even if one before failed; types are checked beside the tests."""
    data = DataDirectory(HOME / "test")
    data.make()
    with data.owned(), ExitStack() as stack:
        data.wipe()  # what an earlier run left would make this one depend on it
        python = environment.ensure("dev")
        databases = _databases(data, python, stack, _workers(options))
        env = _environment(data, python, databases)
        cluster = None if options.fast else _launch(data, python, stack)
        if cluster:
            env["TEDDY_TEST_KAFKA_BOOTSTRAP"] = cluster.bootstrap
            env["TEDDY_CHROMIUM"] = output_of([SCRIPTS / "chromium"], env=env).strip()
        passed = {"lint": _passes("lint", [], env)}
        with _beside("types", data, env) as types:
            if cluster:
                cluster.wait_until_ready()
            passed["test"] = _passes("test", _selection(options, databases), env)
            passed["types"] = types()
    failed = [name for name, good in passed.items() if not good]
    if failed:
        note(f"Failed: {', '.join(failed)} (see above)")
    return 1 if failed else 0


def _workers(options: Namespace) -> int:
    """Side by side they need servers of their own: on a given one they would meet."""
    if os.environ.get("DATABASE_URL"):
        return 1
    if options.workers is not None:
        return int(options.workers)
    return 1 if options.arguments or (os.cpu_count() or 1) == 1 else 2


def _databases(
    data: DataDirectory, python: Path, stack: ExitStack, workers: int
) -> list[str]:
    """The address of one for each worker, each on a server of its own: nothing that one does is seen by another."""
    given = os.environ.get("DATABASE_URL")
    if given:
        note("Using the PostgreSQL that DATABASE_URL names")
        return [given]
    note("Starting PostgreSQL")
    programs = environment.postgres_programs(python)
    found = []
    for number in range(workers):
        who = identity.identity(programs, data.path / "postgres" / str(number))
        logs = data.path / "logs" / str(number)
        server = Postgres(who, logs=logs, settings=THROWN_AWAY)
        server.start()
        stack.callback(server.stop)
        found.append(server.url)
    return found


def _environment(
    data: DataDirectory, python: Path, databases: list[str]
) -> dict[str, str]:
    env = django_environment(data, python, Ground(databases[0], "embedded"))
    env["TEDDY_TEST_DATABASES"] = " ".join(databases)
    # Or each of several hundred processes would compile all modules anew.
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    (data.path / "metrics").mkdir(mode=0o700, exist_ok=True)
    return env


def _launch(data: DataDirectory, python: Path, stack: ExitStack) -> Cluster:
    """Let the broker start while lint runs."""
    cluster = Cluster(data.path / "kafka", java.provide(python), settings=SHARED)
    stack.callback(cluster.stop)
    cluster.launch()
    return cluster


def _selection(options: Namespace, databases: list[str]) -> list[str]:
    workers = ["--workers", str(len(databases))] if len(databases) > 1 else []
    return [*workers, *(FAST if options.fast else []), *options.arguments]


def _passes(name: str, arguments: list[str], env: Mapping[str, str]) -> bool:
    note(f"== scripts/{name}")
    return foreground([SCRIPTS / name, *arguments], env=env) == 0


@contextmanager
def _beside(
    name: str, data: DataDirectory, env: Mapping[str, str]
) -> Iterator[Callable[[], bool]]:
    """Run a script until the block's end at the latest; what is given waits for it, shows what it said and whether it passed."""
    log = data.path / "logs" / f"{name}.log"
    child = spawn(name, [*POLITELY, SCRIPTS / name], env=env, log=log)

    def passes() -> bool:
        note(f"== scripts/{name}")
        code = child.process.wait()
        say(log.read_text(errors="replace").rstrip())
        return code == 0

    try:
        yield passes
    finally:
        child.kill()
