"""`bench`: how fast this store is, beside the one that a user would pick instead."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from eventstore.conf import conf
from eventstore.management.progress import progress_bar
from eventstore.management.troubles import told_in_a_line
from teddy_es.bench.contestants import NAMES
from teddy_es.bench.measures import MEASURES
from teddy_es.bench.plan import Plan
from teddy_es.bench.report import as_json, as_table
from teddy_es.bench.run import PeerMissing, run

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Collection


class Command(BaseCommand):
    """Thin: arguments, progress, and how the result is written."""

    requires_system_checks = []  # it works on a database of its own
    help = (
        "Measure this store beside PyPI's `eventsourcing` on the same PostgreSQL, and beside bare INSERT and COPY."
        " It makes a database (and topics) of its own on the configured server and drops them at the end; the"
        " configured database is not touched. docs/PERFORMANCE.md says what is measured."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        """Adds examples to the help."""
        program = f"{Path(prog_name).name} {subcommand}"
        kwargs["epilog"] = (
            f"Examples: {program}; {program} append --rounds 3 --seconds 1 --only 1,8,64;"
            f" {program} mirror --events 100000 --json -"
        )
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See --help."""
        parser.add_argument(
            "what",
            nargs="*",
            metavar="WHAT",
            help=f"of {', '.join(MEASURES)}; all of them if left out",
        )
        parser.add_argument("--rounds", type=int, default=5, help="default: 5")
        parser.add_argument(
            "--seconds", type=float, default=3.0, help="of one measurement; default: 3"
        )
        parser.add_argument(
            "--only", default="", metavar="NAMES", help="as in 1,8,64 or 8-processes"
        )
        parser.add_argument(
            "--contestants",
            default="teddy,eventsourcing,insert",
            metavar="NAMES",
            help=f"who appends, of {', '.join(NAMES)}; default: %(default)s",
        )
        parser.add_argument("--events", type=int, help="how many events are loaded")
        parser.add_argument(
            "--file", metavar="FILE", help="mirror: events of this export, else made up"
        )
        parser.add_argument("--json", metavar="FILE", help="a file, or - for stdout")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Measure, then write."""
        shown = sys.stderr.isatty()
        with progress_bar("bench", total=None, shown=shown) as bar, told_in_a_line():
            plan = Plan(
                rounds=options["rounds"],
                seconds=options["seconds"],
                only=frozenset(filter(None, options["only"].split(","))),
                contestants=_names(options["contestants"], NAMES, "contestant"),
                events=options["events"],
                file=options["file"],
                tell=lambda note: bar(0, note),
            )
            try:
                found, conditions = run(
                    _names(",".join(options["what"]), MEASURES, "measurement")
                    or MEASURES,
                    plan,
                )
            except PeerMissing as missing:
                raise CommandError(str(missing)) from None
        if options["json"] != "-":
            table = as_table(found, conf.LOG, terminal=self.stdout.isatty())
            self.stdout.write(table)
            self.stdout.write(json.dumps(conditions))
        if options["json"]:
            text = json.dumps(as_json(found, conf.LOG, conditions), indent=1)
            if options["json"] == "-":
                self.stdout.write(text)
            else:
                Path(options["json"]).write_text(text + "\n", "utf-8")


def _names(given: str, known: Collection[str], kind: str) -> tuple[str, ...]:
    """Those of a list with commas."""
    names = tuple(filter(None, given.split(",")))
    if unknown := [name for name in names if name not in known]:
        msg = f"No {kind} {unknown[0]}. There are: {', '.join(known)}."
        raise CommandError(msg)
    return names
