"""`manage.py verify`: log, mirror, index and heads against each other, both ways."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from typing import TYPE_CHECKING, Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser

from eventstore.clock import SystemClock
from eventstore.management.progress import progress_bar
from eventstore.management.troubles import told_in_a_line
from eventstore.store import make_event_store
from eventstore.verifier.verify import Progress, Verifier

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventstore.events import Place
    from eventstore.verifier.findings import Findings


class Command(BaseCommand):
    """Exit status 0 only if everything agrees."""

    # the rest says what is true of the installation, not of this command: ask `manage.py check`
    requires_system_checks = [Tags.compatibility]
    help = (
        "Fold the log once more in memory and compare it with mirror, index and heads, row by row and both ways;"
        " names the first position of each partition that differs. Writes nothing; others may go on writing."
        " Examples: manage.py verify; manage.py verify --topic eventstore.order --json"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The options."""
        parser.add_argument(
            "--topic", action="append", help="only this topic (may be repeated)"
        )
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run it."""
        started = time.monotonic()
        with told_in_a_line():
            findings = self._verify(options["topic"], as_json=options["json"])
        seconds = time.monotonic() - started
        if options["json"]:
            self.stdout.write(_as_json(findings, seconds))
        else:
            self._tell(findings, seconds)
        if findings.differences:
            msg = f"{len(findings.differences)} differences. See docs/OPERATIONS.md."
            raise CommandError(msg)

    def _verify(self, wanted: list[str] | None, *, as_json: bool) -> Findings:
        with make_event_store().indexer() as indexer:
            indexer.check_topics()
            topics, log = indexer.topics, indexer.log
            if unknown := set(wanted or ()) - set(topics.numbers):
                msg = f"No such topic: {', '.join(sorted(unknown))}."
                raise CommandError(msg)
            places = [p for p in topics.places if not wanted or p.topic in wanted]
            total = sum(extent.end for extent in log.extents(places).values())
            shown = sys.stderr.isatty()
            with progress_bar(
                "verifying", total=total, shown=shown, as_json=as_json
            ) as show:
                verifier = Verifier(
                    topics, log, indexer.connection(), now=SystemClock().now()
                )
                return verifier.run(places, progress=_counted(show))

    def _tell(self, findings: Findings, seconds: float) -> None:
        places = findings.places
        self.stdout.write(
            f"{sum(p.records for p in places)} records, {sum(p.events for p in places)} events,"
            f" {findings.streams} streams in {len(places)} partitions compared in {seconds:.1f} s."
        )
        for label, count in _counts(findings):
            if count:
                self.stdout.write(f"{count} {label}.")
        for difference in findings.differences:
            self.stdout.write(
                self.style.ERROR(f"{difference.position}: {difference.what}")
            )
        if not findings.differences:
            self.stdout.write(self.style.SUCCESS("Log, mirror, index and heads agree."))


def _counts(findings: Findings) -> list[tuple[str, int]]:
    """What is worth knowing without being wrong."""
    places = findings.places
    return [
        ("malformed records", sum(p.malformed for p in places)),
        ("events that the registry cannot read", sum(p.unreadable for p in places)),
        (
            "records that the log dates before the one in front of them",
            sum(p.redated for p in places),
        ),
        ("records that the log dates in the future", sum(p.ahead for p in places)),
        ("offsets not folded yet", sum(p.unfolded for p in places)),
        ("event ids in more than one stream", findings.event_ids_in_several_streams),
    ]


def _counted(show: Callable[[int, str], None]) -> Progress:
    done = 0

    def progress(place: Place, moved: int) -> None:
        nonlocal done
        done += moved
        show(done, str(place))

    return progress


def _as_json(findings: Findings, seconds: float) -> str:
    return json.dumps(
        {
            "ok": not findings.differences,
            "seconds": round(seconds, 3),
            "streams": findings.streams,
            "event_ids_in_several_streams": findings.event_ids_in_several_streams,
            "differences": [dataclasses.asdict(d) for d in findings.differences],
            "partitions": [
                {**dataclasses.asdict(p), "place": str(p.place)}
                for p in findings.places
            ],
        }
    )
