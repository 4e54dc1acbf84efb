"""`./teddy test`: all checks and tests, on real PostgreSQL, Kafka and browser."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from scripts.launcher import environment, java
from scripts.launcher.broker import Cluster
from scripts.launcher.console import note
from scripts.launcher.foreground import foreground
from scripts.launcher.places import CHECKOUT, HOME, DataDirectory
from scripts.launcher.processes import output_of
from scripts.launcher.stack import django_environment, ground

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping
    from pathlib import Path

SCRIPTS = CHECKOUT / "scripts"
FAST = ["-m", "not kafka and not browser"]


def test(options: Namespace) -> int:
    """Run lint, types and tests, each even if one before failed; tests come last."""
    data = DataDirectory(HOME / "test")
    data.make()
    with data.owned(), ExitStack() as stack:
        data.wipe()  # what an earlier run left would make this one depend on it
        python = environment.ensure("dev")
        base = stack.enter_context(ground(data, python, log="embedded"))
        env = django_environment(data, python, base)
        cluster = None if options.fast else _launch(data, python, stack)
        if cluster:
            env["TEDDY_TEST_KAFKA_BOOTSTRAP"] = cluster.bootstrap
            env["TEDDY_CHROMIUM"] = output_of([SCRIPTS / "chromium"], env=env).strip()
        (data.path / "metrics").mkdir(mode=0o700, exist_ok=True)
        failed = [name for name in ("lint", "types") if not _passes(name, [], env)]
        if cluster:
            cluster.wait_until_ready()
        if failed:
            note(f"Failed before the tests: {', '.join(failed)} (see above)")
        selection = [*(FAST if options.fast else []), *options.arguments]
        passed = _passes("test", selection, env)
    return 0 if passed and not failed else 1


def _launch(data: DataDirectory, python: Path, stack: ExitStack) -> Cluster:
    """Let the broker start while lint and types run."""
    cluster = Cluster(data.path / "kafka", java.provide(python))
    stack.callback(cluster.stop)
    cluster.launch()
    return cluster


def _passes(name: str, arguments: list[str], env: Mapping[str, str]) -> bool:
    note(f"== scripts/{name}")
    return foreground([SCRIPTS / name, *arguments], env=env) == 0
