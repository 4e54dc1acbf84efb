"""`import_events`: a file of events becomes streams. The work is done by `eventstore.exchange.importer`."""

from __future__ import annotations

import json
import signal
from argparse import ArgumentParser, ArgumentTypeError
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError

from eventstore.clock import SystemClock
from eventstore.conf import registry
from eventstore.database import connect
from eventstore.exchange.importer.lines import Interrupt, Source
from eventstore.exchange.importer.run import End, Summary, import_events
from eventstore.management.progress import progress_bar
from eventstore.management.troubles import reported_in_a_line
from eventstore.store import get_event_store
from eventstore.upkeep.rebuild import analyze

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventstore.exchange.importer.grouping import Refusal


_MANY: Final = (
    1_000  # events; the planner should hear of so many before it is asked about them
)


class Command(BaseCommand):
    """Thin: arguments, signals, progress, and what is said at the end."""

    # the rest says what is true of the installation, not of this command: ask `manage.py check`
    requires_system_checks = [Tags.compatibility]
    help = (
        "Import NDJSON of CloudEvents 1.0, one event a line (docs/IMPORT_EXPORT.md). Keeps the file's order"
        " per stream. Idempotent: run it again and nothing changes."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        """Adds an example to the help."""
        kwargs["epilog"] = (
            f"Example: {Path(prog_name).name} {subcommand} events.ndjson --on-error skip"
        )
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See --help."""
        parser.add_argument("file", help="a file, or - for the standard input")
        parser.add_argument(
            "--from-line", type=_line, default=1, metavar="N", help="start at this line"
        )
        parser.add_argument(
            "--on-error",
            choices=["stop", "skip"],
            default="stop",
            help="at a bad line: stop (the default), or go on behind its commit",
        )
        parser.add_argument("--json", action="store_true", help="print a JSON summary")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Exit code 0: all of it is imported; 1: something is not; 130: interrupted."""
        with _opened(options["file"]) as (source, size), _interruptible() as interrupt:
            summary = self._import(source, size, interrupt, options)
        self.stdout.write(_as_json(summary) if options["json"] else _as_text(summary))
        if summary.left_out:
            self.stderr.write(_what_was_left_out(summary.left_out))
        if summary.dropped:
            self.stderr.write(_what_was_dropped(summary.dropped))
        if summary.appended >= _MANY:
            with reported_in_a_line(), connect() as connection:
                analyze(connection)
        if not summary.is_good:
            raise CommandError(
                _what_to_do(summary),
                returncode=130 if summary.end is End.INTERRUPTED else 1,
            )

    def _import(
        self,
        source: Source,
        size: int | None,
        interrupt: Interrupt,
        options: dict[str, Any],
    ) -> Summary:
        shown = self.stderr.isatty()
        with progress_bar("Importing", total=size, shown=shown, unit="bytes") as bar:
            return import_events(
                source,
                get_event_store(),
                clock=SystemClock(),
                skip_bad=options["on_error"] == "skip",
                from_line=options["from_line"],
                without=_another_stores(),
                interrupt=interrupt,
                on_refusal=self._report,
                on_progress=lambda events, done: bar(done, f"{events:,} events"),
            )

    def _report(self, refusal: Refusal) -> None:
        more = f" ({refusal.lines} lines left out)" if refusal.lines > 1 else ""
        self.stderr.write(f"line {refusal.line}: {refusal.reason}{more}")


def _line(text: str) -> int:
    if not text.isdecimal() or not int(text):
        msg = "a line's number is 1 or more"
        raise ArgumentTypeError(msg)
    return int(text)


@contextmanager
def _opened(name: str) -> Iterator[tuple[Source, int | None]]:
    """The file and its size; the standard input has none."""
    try:
        # unbuffered: the importer asks a pipe whether there is something to read
        if name == "-":
            source, size = open(0, "rb", buffering=0, closefd=False), None  # noqa: SIM115
        else:
            source, size = Path(name).open("rb", buffering=0), Path(name).stat().st_size  # noqa: SIM115
    except OSError as error:
        msg = f"{name} cannot be read: {error.strerror}."
        raise CommandError(msg) from None
    with source:
        yield source, size or None


@contextmanager
def _interruptible() -> Iterator[Interrupt]:
    """Ctrl-C and SIGTERM end the import in order; a second Ctrl-C ends it at once."""
    interrupt = Interrupt()

    def stop(_number: int, _frame: object) -> None:
        if interrupt.requested:
            raise KeyboardInterrupt
        interrupt.request()

    before = {s: signal.signal(s, stop) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _as_json(summary: Summary) -> str:
    names = (
        "lines",
        "commits",
        "events",
        "appended",
        "replayed",
        "bad",
        "left_out",
        "reached",
        "end",
        "dropped",
    )
    counted = {name: getattr(summary, name) for name in names}
    return json.dumps(
        counted
        | {
            "seconds": round(summary.seconds, 3),
            "events_per_second": round(summary.events_per_second, 1),
        }
    )


def _as_text(summary: Summary) -> str:
    return (
        f"{summary.events:,} events in {summary.commits:,} commits: {summary.appended:,} appended,"
        f" {summary.replayed:,} were there already; {summary.bad:,} bad lines."
        f" {summary.seconds:.1f} s, {summary.events_per_second:,.0f} events/s."
    )


def _another_stores() -> set[str]:
    """The type of the streams that tell of keys: those of a file are another store's, and nobody orders an erasure by an import."""
    privacy = registry().privacy
    return set() if privacy is None else {privacy.stream_type}


def _what_was_left_out(lines: int) -> str:
    return (
        f"Left out, because they tell of another store's keys: {lines:,} lines."
        " A hold that stands there has to be placed here anew."
    )


def _what_was_dropped(dropped: dict[str, int]) -> str:
    names = ", ".join(f"{name} ({lines:,} lines)" for name, lines in dropped.items())
    return f"Not kept, because an event has no place for it: {names}."


def _what_to_do(summary: Summary) -> str:
    go_on = f"--from-line {summary.reached}"
    if summary.end is End.INTERRUPTED:
        return f"Interrupted. Every line before {summary.reached} is done; go on with {go_on}."
    if summary.end is End.GAVE_UP:
        return f"{summary.error} Gave up; later, go on with {go_on}."
    if summary.end is End.BAD_LINE:
        return f"Stopped at a bad line. Put it right and go on with {go_on}, or use --on-error skip."
    return f"{summary.bad:,} lines were not imported. Put them right and run it again."
