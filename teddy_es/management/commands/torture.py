"""`torture`: a fault campaign on servers of its own, and the independent judge's verdict."""

from __future__ import annotations

import json
import secrets
import shutil
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.core.management.base import BaseCommand, CommandError

from eventstore.management.progress import progress_bar
from teddy_es.faults.campaign import run
from teddy_es.faults.crew import CrewFailed
from teddy_es.faults.plan import Wanted

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from teddy_es.faults.report import Report
    from teddy_es.faults.world import World

_LEAST_APPENDS: Final = 500
_LEAST_KILLS: Final = 3


class Command(BaseCommand):
    """Thin: arguments, a directory, the table."""

    help = (
        "Kill, stop and cut off writers, mirrors, followers, PostgreSQL and brokers at random while all of them work, on servers"
        " of its own; then hold every answer and every row against the log. Exit code 1 if anything is not zero, or if"
        " too little was tried. Examples: manage.py torture --minutes 2 --seed 7;"
        " manage.py torture --log kafka --nodes 3 --minutes 15 --appends 200000 --kills 100"
    )
    requires_system_checks = []  # it touches nothing that is configured

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See --help."""
        parser.add_argument(
            "--minutes", type=float, default=2.0, help="at most so long under fire"
        )
        parser.add_argument(
            "--seed", help="of schedule and work; else one is drawn and printed"
        )
        parser.add_argument("--log", choices=("embedded", "kafka"), default="embedded")
        parser.add_argument(
            "--nodes", type=int, choices=(1, 3), default=1, help="brokers"
        )
        least = "go on until so many were {}; without these two all of the time is used"
        parser.add_argument("--appends", type=int, help=least.format("acknowledged"))
        parser.add_argument("--kills", type=int, help=least.format("done"))
        parser.add_argument(
            "--pace",
            type=float,
            default=3.0,
            metavar="S",
            help="seconds from fault to fault, on average",
        )
        parser.add_argument(
            "--keep",
            type=Path,
            metavar="DIR",
            help="a new directory for journals, logs and data, which are left there",
        )
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Exit code 1 if anything is not zero, or if too little was tried."""
        launcher, wanted = _launcher(), _wanted(options)
        folder = _folder(options["keep"])
        self.stderr.write(f"Seed {wanted.seed}; all of it lies in {folder}")
        world = launcher.BrokenWorld(folder, log=options["log"], nodes=options["nodes"])
        try:
            report = self._run(world, wanted)
        except (launcher.Trouble, CrewFailed) as trouble:
            msg = f"{trouble} (seed {wanted.seed}, {folder})"
            raise CommandError(msg) from trouble
        if report.passed and not options["keep"]:
            shutil.rmtree(folder)
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json()))
        else:
            self.stdout.write("\n".join(report.lines()))
        if not report.passed:
            sys.exit(1)

    def _run(self, world: World, wanted: Wanted) -> Report:
        with progress_bar("torture", total=None, shown=sys.stderr.isatty()) as show:
            return run(world, wanted, lambda line: show(0, line))


def _folder(wanted: Path | None) -> Path:
    if wanted is None:
        return Path(tempfile.mkdtemp(prefix="torture-"))
    try:
        wanted.mkdir(mode=0o700)
    except OSError as error:
        msg = f"{wanted}: {error.strerror}. Name a new directory in one that is there."
        raise CommandError(msg) from error
    return wanted.absolute()


def _wanted(options: dict[str, Any]) -> Wanted:
    appends, kills = options["appends"], options["kills"]
    return Wanted(
        seconds=options["minutes"] * 60,
        seed=options["seed"] or secrets.token_hex(4),
        appends=_LEAST_APPENDS if appends is None else appends,
        kills=_LEAST_KILLS if kills is None else kills,
        until_enough=appends is not None or kills is not None,
        pace_s=options["pace"],
    )


def _launcher() -> Any:
    """Where the world comes from, which an installed package does not have."""
    try:
        return import_module("scripts.launcher.broken_world")
    except ModuleNotFoundError:
        msg = "torture starts servers with the launcher's parts: run it from a checkout, ./teddy manage torture."
        raise CommandError(msg) from None
