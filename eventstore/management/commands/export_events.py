"""`export_events`: accepted events as a file. The work is done by `eventstore.exchange.exporter`."""

from __future__ import annotations

import getpass
import json
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any, BinaryIO

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError

from eventstore.clock import SystemClock
from eventstore.conf import conf, registry
from eventstore.errors import InvalidStreamId, StreamNotFound
from eventstore.events import Cut
from eventstore.exchange.exporter import Summary, export_events, export_stream
from eventstore.management.output import opened
from eventstore.management.progress import progress_bar
from eventstore.management.troubles import reported_in_a_line
from eventstore.opening import Access
from eventstore.store import get_event_store


class Command(BaseCommand):
    """Thin: arguments, the file, progress, and what is said at the end."""

    # the rest says what is true of the installation, not of this command: ask `manage.py check`
    requires_system_checks = [Tags.compatibility]
    help = (
        "Export accepted events as NDJSON of CloudEvents 1.0, by partition and position"
        " (docs/IMPORT_EXPORT.md). What is sealed leaves the store sealed, unless --unseal opens it."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        """Adds an example to the help."""
        kwargs["epilog"] = (
            f"Example: {Path(prog_name).name} {subcommand} --output events.ndjson"
        )
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See --help."""
        only = parser.add_mutually_exclusive_group()
        only.add_argument(
            "--type",
            action="append",
            metavar="TYPE",
            help="only streams of this type; repeat it for several",
        )
        only.add_argument("--stream", metavar="ID", help="only this stream")
        parser.add_argument(
            "--output",
            default="-",
            metavar="FILE",
            help="a file, or - for the standard output",
        )
        parser.add_argument(
            "--after",
            type=_cut,
            default=Cut(),
            metavar="CUT",
            help="only what comes after this cut, as an earlier export named it",
        )
        _add_unsealing(parser)
        parser.add_argument(
            "--json",
            action="store_true",
            help="print a JSON summary (on the standard error output if events go to the other one)",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Exit code 0 also where the reader of a pipe has had enough."""
        access = _access(options)
        try:
            with reported_in_a_line(), opened(options["output"], self._note) as stream:
                summary = self._export(stream, access, options)
        except BrokenPipeError:
            _close_quietly()
            return
        except OSError as error:
            where = options["output"]
            named = "The standard output" if where == "-" else where
            msg = f"{named}: {error.strerror}."
            raise CommandError(msg) from None
        out = self.stderr if options["output"] == "-" else self.stdout
        out.write(_as_json(summary) if options["json"] else _as_text(summary))

    def _note(self, text: str) -> None:
        self.stderr.write(text)

    def _export(
        self, stream: BinaryIO, access: Access | None, options: dict[str, Any]
    ) -> Summary:
        arguments: dict[str, Any] = {
            "access": access,
            "source": conf.SOURCE,
            "clock": SystemClock(),
            "after": _within(options["after"]),
        }
        shown = self.stderr.isatty() and options["output"] != "-"
        with progress_bar("Exporting", total=None, shown=shown, unit="events") as bar:
            arguments["on_progress"] = lambda events: bar(events, "events")
            if options["stream"] is not None:  # "" is no stream, and not all of them
                _refuse_unknown(options["stream"])
                return export_stream(
                    stream, get_event_store(), options["stream"], **arguments
                )
            return export_events(stream, topics=_topics(options["type"]), **arguments)


def _add_unsealing(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--unseal",
        action="store_true",
        help="open sealed fields, which is recorded first; needs --purpose",
    )
    parser.add_argument(
        "--purpose", help="with --unseal: what for, in the recorder's words"
    )
    parser.add_argument(
        "--reference", help="with --unseal: of what case or order it is a part"
    )
    parser.add_argument(
        "--by", default=getpass.getuser(), help="with --unseal: who sees it"
    )


def _access(options: dict[str, Any]) -> Access | None:
    """Who wants to see what is sealed, and why; None where it stays sealed."""
    purpose, by = (options["purpose"] or "").strip(), options["by"].strip()
    if not options["unseal"]:
        if purpose or options["reference"]:
            msg = "--purpose and --reference go with --unseal."
            raise CommandError(msg)
        return None
    if not purpose or not by:
        msg = "--unseal needs --purpose, and --by must name somebody: who looks, and why, is recorded."
        raise CommandError(msg)
    reference, stream = options["reference"], options["stream"]
    return Access("export", purpose, by, object=stream, reference=reference)


def _cut(text: str) -> Cut:
    try:
        return Cut.parse(text)
    except ValueError:
        msg = "a cut is written topic/partition:offset,… as an earlier export named it"
        raise ArgumentTypeError(msg) from None


def _within(after: Cut | None) -> Cut | None:
    """The cut, if this store has all of its partitions: one of another store would leave events out in silence."""
    places = set(get_event_store().topics.places)
    if after is not None and (unknown := sorted(after.offsets.keys() - places)):
        msg = f"--after: this store has no {unknown[0]}."
        raise CommandError(msg)
    if after is not None:
        get_event_store().refuse_cut(after)
    return after


def _topics(names: list[str] | None) -> set[str] | None:
    if names is None:
        return None
    known = registry().stream_types
    if unknown := sorted(set(names) - known.keys()):
        msg = f"No stream type {', '.join(unknown)}. There are: {', '.join(known)}."
        raise CommandError(msg)
    return {known[name].topic for name in names}


def _refuse_unknown(stream_id: str) -> None:
    try:
        get_event_store().stream_info(stream_id)
    except (StreamNotFound, InvalidStreamId) as error:
        raise CommandError(str(error)) from None


def _close_quietly() -> None:
    """Python flushes the standard output once more at its end; what is left then goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())


def _as_json(summary: Summary) -> str:
    return json.dumps(
        {
            "events": summary.events,
            "bytes": summary.bytes,
            "seconds": round(summary.seconds, 3),
            "events_per_second": round(summary.events_per_second, 1),
            "cut": str(summary.cut),
        }
    )


def _as_text(summary: Summary) -> str:
    return (
        f"{summary.events:,} events, {summary.bytes:,} bytes, {summary.seconds:.1f} s,"
        f" {summary.events_per_second:,.0f} events/s. To go on from here: --after {summary.cut}"
    )
