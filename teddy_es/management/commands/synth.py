"""`synth`: a store of any size, filled with synthetic events. The work is done by `teddy_es.synth`."""

from __future__ import annotations

import json
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError

from eventstore.database import connect
from eventstore.management.progress import progress_bar
from eventstore.management.troubles import reported_in_a_line
from eventstore.store import make_event_store
from eventstore.upkeep.rebuild import analyze
from teddy_es.synth.filling import Filled, fill, is_empty
from teddy_es.synth.history import Wanted, history

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from eventstore.store import EventStore

_NOT_EMPTY = (
    "The log holds events already, and what synth writes stays in it for good."
    " Use an empty store, or --add if that is what you want."
)


class Command(BaseCommand):
    """Thin: arguments, progress, and what is said at the end."""

    # the rest says what is true of the installation, not of this command: ask `manage.py check`
    requires_system_checks = [Tags.compatibility]
    help = (
        "Fill an empty store with synthetic events of the Teddy domain, to see it at size: few streams with thousands of"
        " events, many with a handful. The same numbers give the same events, so a run that was interrupted is completed"
        " by the same command with --add: what is there already is written once more, and folded as a duplicate."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        """Adds an example to the help."""
        kwargs["epilog"] = (
            f"Example: {Path(prog_name).name} {subcommand} --events 1000000 --streams 50000"
        )
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See --help."""
        parser.add_argument("--events", type=int, default=100_000, metavar="N")
        parser.add_argument(
            "--streams",
            type=int,
            metavar="N",
            help="how many streams they belong to; a twentieth of the events if left out",
        )
        parser.add_argument(
            "--seed", type=int, default=1, metavar="N", help="another one, other events"
        )
        parser.add_argument(
            "--add", action="store_true", help="also if the store is not empty"
        )
        parser.add_argument("--json", action="store_true", help="print a JSON summary")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Exit code 0: all of it is in the log and folded."""
        events, streams = options["events"], options["streams"]
        if streams is None:
            streams = max(200, events // 20)
        try:
            wanted = Wanted(events, streams, options["seed"])
        except ValueError as error:
            msg = f"These numbers do not do: {error}."
            raise CommandError(msg) from None
        started = time.monotonic()
        with reported_in_a_line():
            store = make_event_store()
            self._refuse_others(store, anyway=options["add"])
            filled = self._fill(store, wanted)
            with connect() as connection:
                analyze(connection)
        seconds = time.monotonic() - started
        self.stdout.write((_as_json if options["json"] else _as_text)(filled, seconds))

    def _refuse_others(self, store: EventStore, *, anyway: bool) -> None:
        with closing(store.make_log()) as log:
            if not anyway and not is_empty(log, store.topics):
                raise CommandError(_NOT_EMPTY)

    def _fill(self, store: EventStore, wanted: Wanted) -> Filled:
        shown = self.stderr.isatty()
        with progress_bar("Filling", total=wanted.events, shown=shown) as bar:
            return fill(
                store,
                history(wanted),
                on_progress=lambda events: bar(events, f"{events:,} events"),
            )


def _as_json(filled: Filled, seconds: float) -> str:
    return json.dumps(
        {
            "events": filled.events,
            "commits": filled.commits,
            "accepted": filled.accepted,
            "duplicates": filled.duplicates,
            "refused": filled.refused,
            "folded_by_others": filled.folded_by_others,
            "seconds": round(seconds, 3),
            "events_per_second": round(filled.events / seconds, 1),
        }
    )


def _as_text(filled: Filled, seconds: float) -> str:
    return (
        f"{filled.events:,} events in {filled.commits:,} commits: {filled.accepted:,} accepted, {filled.duplicates:,}"
        f" were there already, {filled.refused:,} refused, {filled.folded_by_others:,} folded by others."
        f" {seconds:.1f} s, {filled.events / seconds:,.0f} events/s."
    )
