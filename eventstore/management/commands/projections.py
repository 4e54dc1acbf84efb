"""`manage.py projections`: builds a version beside the one that is read, compares the two, switches, drops."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

from django.core.checks import Tags
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from eventstore.clock import SystemClock
from eventstore.management.orders import add_order, order_of
from eventstore.management.progress import progress_bar
from eventstore.management.projections import (
    as_json,
    difference_lines,
    differences_as_json,
    overview,
)
from eventstore.management.stopping import stop_on_signals
from eventstore.management.troubles import reported_in_a_line
from eventstore.projections.building import make_building
from eventstore.projections.comparing import compare
from eventstore.projections.statuses import projections
from eventstore.projections.switching import Switching

if TYPE_CHECKING:
    import threading
    from argparse import _SubParsersAction

    from eventstore.projections.building import Building, Built


class Command(BaseCommand):
    """Killed at any moment it goes on where it was; several may build the same version."""

    # the rest says what is true of the installation, not of this command: ask `manage.py check`
    requires_system_checks = [Tags.compatibility]
    help = (
        "Build a new version of a projection (a read model) beside the one that is read, compare the two, switch, and"
        " drop the old one when you no longer need it. Readers go on reading meanwhile."
        " Examples: manage.py projections list; manage.py projections build totals;"
        " manage.py projections compare totals --json; manage.py projections switch totals --reason corrected;"
        " manage.py projections drop totals 1 --reason done"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The options."""
        doing = parser.add_subparsers(dest="do", metavar="WHAT", required=True)
        listing = doing.add_parser("list", help="list the versions")
        listing.add_argument("--json", action="store_true", help="for programs")
        _add_version(
            doing, "build", "fill a version's own tables until it has caught up"
        )
        _add_version(
            doing, "compare", "catch up, then compare counts, checksums, sampled rows"
        )
        switch = _add_version(
            doing, "switch", "compare, then make it the version that is read"
        )
        switch.add_argument(
            "--accept-differences",
            action="store_true",
            help="switch though the two versions hold different rows",
        )
        add_order(switch)
        drop = doing.add_parser("drop", help="remove a version that is not read")
        drop.add_argument("name", metavar="NAME")
        drop.add_argument("number", metavar="VERSION", type=int)
        drop.add_argument("--json", action="store_true", help="for programs")
        add_order(drop)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run it."""
        try:
            with reported_in_a_line():
                self._do(options)
        except (ImproperlyConfigured, ValueError) as error:
            raise CommandError(str(error)) from error

    def _do(self, options: dict[str, Any]) -> None:
        clock = SystemClock()
        if options["do"] == "list":
            versions = projections(clock.now())
            self.stdout.write(
                json.dumps([as_json(one) for one in versions])
                if options["json"]
                else overview(versions)
            )
            return
        if options["do"] == "drop":
            order = order_of(options)
            Switching(clock, time.sleep).drop(options["name"], options["number"], order)
            self._say(
                options, f"Version {options['number']} is gone.", {"dropped": True}
            )
            return
        building = make_building(options["name"], options["version"], clock)
        getattr(self, f"_{options['do']}")(building, options)

    def _build(self, building: Building, options: dict[str, Any]) -> None:
        stop = stop_on_signals()
        started = time.monotonic()
        built = _with_progress(building, stop, as_json=options["json"])
        facts = {
            "name": built.name,
            "version": built.version,
            "records": built.done,
            "events": built.handled,
            "parked": built.parked,
            "complete": built.is_complete,
            "seconds": round(time.monotonic() - started, 3),
        }
        self._say(
            options,
            f"Version {built.version} has {built.done:,} of {built.total:,} records,"
            f" {built.handled:,} events handled, {built.parked} streams parked, after {facts['seconds']:.1f} s.",
            facts,
        )
        if not built.is_complete:
            msg = (
                "Stopped before it had caught up; run the same command again to go on."
            )
            raise CommandError(msg)

    def _compare(self, building: Building, options: dict[str, Any]) -> None:
        differences = compare(building)
        self._say(
            options,
            difference_lines(differences),
            {"tables": differences_as_json(differences)},
        )
        if not all(one.is_same for one in differences):
            msg = "The two versions differ."
            raise CommandError(msg)

    def _switch(self, building: Building, options: dict[str, Any]) -> None:
        order = order_of(options)
        done = Switching(SystemClock(), time.sleep).switch(
            building, order, accept_differences=options["accept_differences"]
        )
        facts = {
            "name": done.name,
            "version": done.version,
            "before": done.before,
            "tables": differences_as_json(done.differences),
        }
        self._say(
            options,
            f"{difference_lines(done.differences)}\nVersion {done.version} of {done.name} is read now; {done.before} is kept.",
            facts,
        )

    def _say(self, options: dict[str, Any], text: str, facts: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(facts) if options["json"] else text)


def _with_progress(
    building: Building, stop: threading.Event, *, as_json: bool
) -> Built:
    begun = building.look()
    with progress_bar(
        "building",
        total=begun.total or None,
        shown=sys.stderr.isatty(),
        as_json=as_json,
    ) as show:

        def progress(now: Built) -> None:
            show(now.done, f"{now.handled:,} events")

        return building.run(stop.is_set, progress)


def _add_version(
    doing: _SubParsersAction[CommandParser], name: str, text: str
) -> CommandParser:
    made = doing.add_parser(name, help=text, description=text)
    made.add_argument("name", metavar="NAME")
    made.add_argument(
        "--to",
        dest="version",
        type=int,
        metavar="VERSION",
        help="the version of the class; default: the newest",
    )
    made.add_argument("--json", action="store_true", help="for programs")
    return made
