"""`bench`: how fast this store is, beside the one that a user would pick instead."""

from __future__ import annotations

import json
import math
import sys
from argparse import ArgumentTypeError
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from eventstore.conf import conf
from eventstore.exchange.cloudevents import BadLine
from eventstore.management.progress import progress_bar
from eventstore.management.troubles import reported_in_a_line
from teddy_es.bench.conditions import conditions
from teddy_es.bench.contestants import NAMES
from teddy_es.bench.measures import CHOICES, MEASURES
from teddy_es.bench.plan import Plan
from teddy_es.bench.report import as_json, as_lines, as_table
from teddy_es.bench.run import run
from teddy_es.bench.targets import broken
from teddy_es.bench.world import CannotMeasure

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Collection, Iterable

    from teddy_es.bench.figures import Series


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
        parser.add_argument(
            "--only",
            type=_list,
            default=(),
            metavar="NAMES",
            help="measures by the end of their names, as in 1,8,64",
        )
        parser.add_argument(
            "--contestants",
            type=_list,
            default=NAMES,
            metavar="NAMES",
            help=f"of {', '.join(NAMES)}; all of them if left out",
        )
        parser.add_argument(
            "--json", metavar="FILE", help="everything, for programs; - for stdout"
        )
        _add_sizes(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Measure, then write; what was found before Ctrl-C is written too."""
        wanted = _known(options["what"], MEASURES) or tuple(MEASURES)
        _refuse_files(options["file"], options["json"])
        shown = sys.stderr.isatty()
        with (
            progress_bar("bench", total=None, shown=shown) as bar,
            reported_in_a_line(),
        ):
            plan = Plan(
                rounds=options["rounds"],
                seconds=options["seconds"],
                only=frozenset(_known(options["only"], CHOICES)),
                contestants=_known(options["contestants"], NAMES),
                events=options["events"],
                keys=options["keys"],
                file=options["file"],
                tell=lambda note: bar(0, note),
            )
            series = self._found(wanted, plan)
            about = conditions(plan.noise)
        if not series:
            msg = "Nothing was measured: what --only names is of another kind."
            raise CommandError(msg)
        if options["json"] != "-":
            terminal = self.stdout.isatty()
            self.stdout.write(as_table(series, conf.LOG, terminal=terminal))
            self.stdout.write(as_lines(about))
        self._write_json(options["json"], as_json(series, conf.LOG, about))
        _refuse_broken(series)

    def _found(self, wanted: Collection[str], plan: Plan) -> list[Series]:
        measured: list[Series] = []
        try:
            with closing(run(wanted, plan)) as series:
                measured.extend(series)
        except KeyboardInterrupt:
            if not measured:
                msg = "Interrupted before anything was measured."
                raise CommandError(msg) from None
            self.stderr.write("Interrupted: this is what was found until then.")
        except (CannotMeasure, BadLine) as error:
            raise CommandError(str(error)) from None
        return measured

    def _write_json(self, file: str | None, answer: dict[str, Any]) -> None:
        if file == "-":
            self.stdout.write(json.dumps(answer))
        elif file is not None:
            Path(file).write_text(json.dumps(answer, indent=1) + "\n", "utf-8")


def _add_sizes(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--rounds", type=_whole, default=5, metavar="N", help="default: 5"
    )
    parser.add_argument(
        "--seconds",
        type=_seconds,
        default=3.0,
        metavar="S",
        help="of one turn; default: 3",
    )
    parser.add_argument(
        "--events", type=_whole, metavar="N", help="how many are loaded"
    )
    parser.add_argument(
        "--keys",
        type=_whole,
        metavar="N",
        help="seal: how many a key store has; default: 10,000",
    )
    parser.add_argument(
        "--file",
        metavar="FILE",
        help="mirror: an export's events, not made-up ones",
    )


def _refuse_files(events_file: str | None, written: str | None) -> None:
    """Now, rather than after an hour."""
    try:
        if events_file is not None:
            Path(events_file).open("rb").close()
        if written not in (None, "-"):
            Path(written).open("ab").close()
    except OSError as error:
        msg = f"{error.filename}: {error.strerror}."
        raise CommandError(msg) from None


def _refuse_broken(series: Iterable[Series]) -> None:
    """Exit code 1 where something was found of which there may be nothing."""
    if found := broken(series):
        msg = f"There may be none, and there are: {', '.join(found)}."
        raise CommandError(msg)


def _list(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split(",")))


def _whole(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        msg = "a whole number from 1 on"
        raise ArgumentTypeError(msg)
    return int(text)


def _seconds(text: str) -> float:
    if not 0 < float(text) < math.inf:
        raise ValueError
    return float(text)


def _known(names: Iterable[str], known: Collection[str]) -> tuple[str, ...]:
    """The names, if there are such."""
    if unknown := [name for name in names if name not in known]:
        msg = f"There is no {unknown[0]}. There are: {', '.join(known)}."
        raise CommandError(msg)
    return tuple(names)
