"""`manage.py build_snapshots`: what is due, by hand; and a look at some that are there."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from typing import TYPE_CHECKING, Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser

from eventstore.management.progress import progress_bar
from eventstore.management.troubles import reported_in_a_line
from eventstore.snapshots.builder.run import make_snapshotter

if TYPE_CHECKING:
    from eventstore.queries.snapshots import Failure
    from eventstore.snapshots.builder.building import Built
    from eventstore.snapshots.builder.reviewing import Reviewed
    from eventstore.snapshots.builder.run import Snapshotter
    from eventstore.snapshots.builder.sampling import Sampled

_TOLD = 20  # failures in words; all of them with --json


class Command(BaseCommand):
    """Exit status 0 if everything that was asked for was done; streams that cannot be read make it 1."""

    # the rest says what is true of the installation, not of this command: ask `manage.py check`
    requires_system_checks = [Tags.compatibility]
    help = (
        "Build the snapshots that are due: of all streams, or of one. The command builds none that is there already, and"
        " several may run. Without snapshots everything works, but slower. Examples: manage.py build_snapshots;"
        " manage.py build_snapshots --stream order.order-1; manage.py build_snapshots --sample 100 --json"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The options."""
        what = parser.add_mutually_exclusive_group()
        what.add_argument(
            "--stream",
            metavar="ID",
            help="build only this stream, also if it failed before",
        )
        what.add_argument(
            "--sample",
            type=int,
            metavar="N",
            help="build nothing; compare N random snapshots with a full replay",
        )
        what.add_argument(
            "--again",
            action="store_true",
            help="look through all events anew, as after the table of the snapshots was lost; first take out what is not"
            " signed by this store, and sign anew what was signed under an earlier key",
        )
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run it."""
        with reported_in_a_line():
            snapshotter = make_snapshotter()
            if options["sample"] is not None:
                self._sample(snapshotter, options["sample"], as_json=options["json"])
                return
            if options["again"]:
                self._report(snapshotter.start_again())
            self._build(snapshotter, options["stream"], as_json=options["json"])

    def _report(self, reviewed: Reviewed) -> None:
        """Not to standard output, which with --json is for programs."""
        if reviewed.removed or reviewed.signed_anew:
            self.stderr.write(
                f"{reviewed.looked_at} snapshots looked through: {reviewed.removed} were not signed by this store and are"
                f" built again, {reviewed.signed_anew} were signed under an earlier key and are signed anew."
            )

    def _build(
        self, snapshotter: Snapshotter, stream: str | None, *, as_json: bool
    ) -> None:
        started = time.monotonic()
        if stream is not None:
            built = snapshotter.build_stream(stream)
        else:
            built = _all_of_it(snapshotter, as_json=as_json)
        seconds = time.monotonic() - started
        if as_json:
            self.stdout.write(_as_json(built, seconds, snapshotter.failures()))
        else:
            self.stdout.write(
                f"{built.snapshots} snapshots from {built.events} events in {seconds:.1f} s."
            )
        if built.problems:
            for problem in built.problems[:_TOLD]:
                self.stderr.write(f"{problem.stream_id}: {problem.detail}")
            msg = f"{len(built.problems)} streams get no snapshots for now. See docs/guide/SNAPSHOTS.md."
            raise CommandError(msg)

    def _sample(self, snapshotter: Snapshotter, count: int, *, as_json: bool) -> None:
        if count < 1:
            msg = "--sample takes a number above 0."
            raise CommandError(msg)
        sampled = snapshotter.sample(count)
        if as_json:
            self.stdout.write(json.dumps(dataclasses.asdict(sampled)))
        else:
            self.stdout.write(
                f"{sampled.looked_at} snapshots compared with {sampled.events} events."
            )
        _refuse_drift(sampled)


def _all_of_it(snapshotter: Snapshotter, *, as_json: bool) -> Built:
    done = 0
    with progress_bar(
        "replaying",
        total=None,
        shown=sys.stderr.isatty(),
        as_json=as_json,
        unit="events",
    ) as show:

        def progress(built: Built) -> None:
            nonlocal done
            done += built.events
            show(done, "")

        return snapshotter.build_due(progress=progress)


def _refuse_drift(sampled: Sampled) -> None:
    if sampled.drifted or sampled.unreadable or sampled.refused:
        msg = (
            f"Drifted, so that nobody loads them again: {', '.join(sampled.drifted) or 'none'}."
            f" With events that nobody can replay: {', '.join(sampled.unreadable) or 'none'}."
            f" Not signed by this store, so that builders make them again: {', '.join(sampled.refused) or 'none'}."
            " See docs/guide/SNAPSHOTS.md, 'A snapshot has drifted'."
        )
        raise CommandError(msg)


def _as_json(built: Built, seconds: float, failures: list[Failure]) -> str:
    return json.dumps(
        {
            "snapshots": built.snapshots,
            "events": built.events,
            "seconds": round(seconds, 3),
            "failing": [
                {
                    "stream": failure.stream_id,
                    "version": failure.version,
                    "code": failure.error,
                    "detail": failure.detail,
                    "attempts": failure.attempts,
                    "failed_at": failure.failed_at.isoformat(),
                }
                for failure in failures
            ],
        }
    )
