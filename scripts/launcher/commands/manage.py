"""`./teddy manage …`: manage.py, against what runs or with what it starts itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from scripts.launcher import environment
from scripts.launcher.commands.up import prepare
from scripts.launcher.console import note
from scripts.launcher.foreground import foreground
from scripts.launcher.places import Busy, DataDirectory, chosen
from scripts.launcher.stack import (
    MANAGE,
    Ground,
    django_environment,
    ground,
    settle_log,
)

if TYPE_CHECKING:
    from argparse import Namespace
    from pathlib import Path


def manage(options: Namespace) -> int:
    """Run it; input, output and exit code are the command's own.

    Several may run at once, as in `./teddy manage … | ./teddy manage …`: the first one
    starts what is missing and stops it when the last one has ended.
    """
    data = chosen(options.data)
    data.make()
    log = settle_log(data, None)
    brokers = log == "kafka" or wants_brokers(options.arguments)
    python = environment.ensure("kafka" if brokers else "quickstart")
    while True:
        if data.wait_for_owner():
            with data.used():
                if data.is_owned() and data.runtime:
                    return _against_what_runs(data, python, log, options.arguments)
        else:
            try:
                return _with_our_own(data, python, log, options)
            except Busy:
                note("Something starts at this moment: using that")


def wants_brokers(arguments: list[str]) -> bool:
    """`torture --log kafka` starts brokers of its own, whatever the log of the directory."""
    return "kafka" in arguments or "--log=kafka" in arguments


def _against_what_runs(
    data: DataDirectory, python: Path, log: str, arguments: list[str]
) -> int:
    known = data.runtime
    url = os.environ.get("DATABASE_URL")
    keys = os.environ.get("TEDDY_KEYS_DATABASE_URL")
    base = Ground(
        database_url=url or known["database_url"],
        log=log,
        keys_database_url=keys if url else known.get("keys_database_url"),
        bootstrap=known["bootstrap"],
    )
    env = django_environment(data, python, base)
    return foreground([python, MANAGE, *arguments], env=env)


def _with_our_own(
    data: DataDirectory, python: Path, log: str, options: Namespace
) -> int:
    with (
        data.owned(),
        data.listed(),
        ground(data, python, log=log, java_choice=options.java) as base,
    ):
        env = django_environment(data, python, base)
        if not data.state.get("prepared"):
            prepare(data, python, env)
        data.write_runtime(
            command="manage",
            pids={"teddy": os.getpid(), **base.pids()},
            database_url=base.database_url,
            keys_database_url=base.keys_database_url,
            postgresql=base.postgresql,
            bootstrap=base.bootstrap,
            web_url=None,
        )
        code = foreground([python, MANAGE, *options.arguments], env=env)
        _let_go_of_the_pipe()
        with data.unused():
            return code


def _let_go_of_the_pipe() -> None:
    """While we wait for the others: the next one in a pipe waits for our end of it."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(nothing, descriptor)
    os.close(nothing)
