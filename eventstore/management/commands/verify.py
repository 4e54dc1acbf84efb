"""`manage.py verify`: log, mirror, index and heads against each other, both ways; snapshots against keys and replays."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from argparse import ArgumentTypeError
from contextlib import closing
from typing import TYPE_CHECKING, Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser

from eventstore.clock import SystemClock
from eventstore.events import stream_type_in
from eventstore.management.progress import progress_bar
from eventstore.management.troubles import reported_in_a_line
from eventstore.snapshots.builder.verifying import BOUND, Comparer
from eventstore.store import get_event_store, make_event_store
from eventstore.upkeep.verifier.verify import Verifier

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventstore.events import Place
    from eventstore.snapshots.builder.verifying import Compared
    from eventstore.upkeep.verifier.findings import Findings


class Command(BaseCommand):
    """Exit status 0 only if everything agrees."""

    # the rest says what is true of the installation, not of this command: ask `manage.py check`
    requires_system_checks = [Tags.compatibility]
    help = (
        "Fold the log once more in memory and compare it with mirror, index and heads, row by row and both ways;"
        " names the first position of each partition that differs. Then check all snapshots with this store's keys, and"
        " compare as many as wanted with a full replay. Writes nothing; others may go on writing."
        " Examples: manage.py verify; manage.py verify --topic eventstore.order --json; manage.py verify --snapshots all"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The options."""
        parser.add_argument(
            "--topic", action="append", help="only this topic; repeat it for several"
        )
        parser.add_argument(
            "--snapshots",
            type=_number,
            default=BOUND,
            metavar="all|N",
            help=f"compare all of them with a full replay, or N, which go on from day to day ({BOUND})",
        )
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run it."""
        wanted, as_json = options["topic"], options["json"]
        started = time.monotonic()
        with reported_in_a_line():
            findings = self._verify(wanted, as_json=as_json)
            compared = _compare(wanted, options["snapshots"], as_json=as_json)
        seconds = time.monotonic() - started
        if as_json:
            self.stdout.write(_as_json(findings, compared, seconds))
        else:
            self._report(findings, compared, seconds)
        if count := len(findings.differences) + compared.wrong:
            msg = f"{count} differences. See docs/OPERATIONS.md."
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

    def _report(self, findings: Findings, compared: Compared, seconds: float) -> None:
        places = findings.places
        self.stdout.write(
            f"{sum(p.records for p in places)} records, {sum(p.events for p in places)} events,"
            f" {findings.streams} streams in {len(places)} partitions compared in {seconds:.1f} s."
        )
        for label, count in _counts(findings):
            if count:
                self.stdout.write(f"{count} {label}.")
        self._tell_of_snapshots(compared)
        wrong = [(one.position, one.what) for one in findings.differences]
        for position, what in [*wrong, *compared.named]:
            self.stdout.write(self.style.ERROR(f"{position}: {what}"))
        if not findings.differences:
            self.stdout.write(self.style.SUCCESS("Log, mirror, index and heads agree."))

    def _tell_of_snapshots(self, compared: Compared) -> None:
        reasons = "; ".join(f"{n} {why}" for why, n in compared.not_compared.items())
        left = sum(compared.not_compared.values())
        self.stdout.write(
            f"{compared.kept} snapshots and {compared.records} records of their topics checked with this store's keys,"
            f" {compared.compared} snapshots compared with a full replay, {left} not{f' ({reasons})' if left else ''}."
        )
        for reason, count in compared.passed.items():
            self.stdout.write(f"{count} records of the snapshots' topics: {reason}.")
        if unnamed := compared.wrong - len(compared.named):
            self.stdout.write(
                f"{unnamed} more snapshots are wrong than are named here."
            )


def _number(text: str) -> int | None:
    """None for all."""
    if text == "all":
        return None
    if not text.isdecimal() or int(text) < 1:
        msg = f"all, or a number above 0, not {text}"
        raise ArgumentTypeError(msg)
    return int(text)


def _compare(
    wanted: list[str] | None, at_most: int | None, *, as_json: bool
) -> Compared:
    """The snapshots of the streams in these topics, or all."""
    types = wanted and [stream_type_in(topic) for topic in wanted]
    store, shown = get_event_store(), sys.stderr.isatty()
    with (
        closing(store.make_log()) as log,
        progress_bar("snapshots", total=None, shown=shown, as_json=as_json) as show,
    ):
        comparer = Comparer(
            store,
            log,
            at_most=at_most,
            now=SystemClock().now(),
            stream_types=types or None,
        )
        count = _counted(show)
        return comparer.run(lambda moved: count(None, moved))


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


def _counted(
    show: Callable[[int, str], None],
) -> Callable[[Place | None, int], None]:
    done = 0

    def progress(place: Place | None, moved: int) -> None:
        nonlocal done
        done += moved
        show(done, str(place or ""))

    return progress


def _as_json(findings: Findings, compared: Compared, seconds: float) -> str:
    return json.dumps(
        {
            "ok": not findings.differences and not compared.wrong,
            "seconds": round(seconds, 3),
            "streams": findings.streams,
            "event_ids_in_several_streams": findings.event_ids_in_several_streams,
            "differences": [dataclasses.asdict(d) for d in findings.differences],
            "partitions": [
                {**dataclasses.asdict(p), "place": str(p.place)}
                for p in findings.places
            ],
            "snapshots": dataclasses.asdict(compared),
        }
    )
