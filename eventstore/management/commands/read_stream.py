"""`read_stream`: the events of one stream, for people as a table, for programs as lines."""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from eventstore.conf import conf
from eventstore.exchange.exporter import line_of
from eventstore.management.event_table import print_events
from eventstore.management.troubles import reported_in_a_line
from eventstore.store import get_event_store

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """Thin: arguments and two ways to print."""

    # the rest says what is true of the installation, not of this command: ask `manage.py check`
    requires_system_checks = [Tags.compatibility]
    help = "Print the events of a stream in the order of their versions."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        """Adds an example to the help."""
        kwargs["epilog"] = (
            f"Example: {Path(prog_name).name} {subcommand} order.order-123 --backwards --limit 10"
        )
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See --help."""
        parser.add_argument("stream", metavar="ID", help="the stream's id, {type}.{id}")
        parser.add_argument(
            "--from", type=int, default=1, metavar="VERSION", dest="first"
        )
        parser.add_argument("--to", type=int, metavar="VERSION", dest="last")
        parser.add_argument("--backwards", action="store_true", help="newest first")
        parser.add_argument(
            "--limit", type=int, metavar="N", help="at most so many events"
        )
        parser.add_argument(
            "--json", action="store_true", help="NDJSON, as export_events writes it"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Exit code 1 if there is no such stream."""
        store, stream_id = get_event_store(), options["stream"]
        for option, name in (
            ("--from", "first"),
            ("--to", "last"),
            ("--limit", "limit"),
        ):
            if options[name] is not None and options[name] < 0:
                msg = f"{option} is 0 or more. The last events are read with --backwards --limit."
                raise CommandError(msg)
        with reported_in_a_line():
            store.stream_info(stream_id)
            events = store.read(
                stream_id,
                options["first"],
                options["last"],
                backwards=options["backwards"],
                limit=options["limit"],
            )
            if options["json"]:
                for event in events:
                    line = line_of(event, source=conf.SOURCE).decode()
                    self.stdout.write(line, ending="")
            else:
                console = Console(file=cast("IO[str]", self.stdout._out))  # noqa: SLF001
                print_events(console, stream_id, events)
