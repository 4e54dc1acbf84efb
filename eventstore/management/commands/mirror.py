"""`manage.py mirror`: folds the log into PostgreSQL for as long as it runs, and fills in snapshots that are missing."""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser

from eventstore.indexer.mirror import Mirror
from eventstore.management.progress import progress_bar
from eventstore.management.stopping import stop_on_signals
from eventstore.management.troubles import reported_in_a_line
from eventstore.snapshots.filling import make_filler
from eventstore.store import make_event_store

if TYPE_CHECKING:
    from eventstore.events import Place
    from eventstore.snapshots.filling import Filler


class Command(BaseCommand):
    """Several may run. SIGTERM and Ctrl-C stop it between two folds."""

    # the rest says what is true of the installation, not of this command: ask `manage.py check`
    requires_system_checks = [Tags.compatibility]
    help = (
        "Fold what others wrote to the log into mirror and index, and put in the snapshots that only their topics have,"
        " for as long as it runs; several may run."
        " Retries for ever what does not answer. Examples: manage.py mirror; manage.py mirror --once"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The options."""
        parser.add_argument(
            "--once",
            action="store_true",
            help="fold to the log's end as it is now, then stop",
        )
        parser.add_argument(
            "--json", action="store_true", help="with --once: for programs"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run it."""
        stop = stop_on_signals()
        mirror = Mirror(make_event_store().make_indexer, stop)
        filler = make_filler(stop)
        if options["once"]:
            with reported_in_a_line():
                self._once(mirror, filler, as_json=options["json"])
            return
        # a thread of its own: snapshots that cannot be read must not hold up the folding
        filling = threading.Thread(target=filler.run, name="fill snapshots")
        filling.start()
        try:
            mirror.run()
        finally:
            stop.set()
            filling.join()

    def _once(self, mirror: Mirror, filler: Filler, *, as_json: bool) -> None:
        started = time.monotonic()
        done = _folded(mirror, as_json=as_json)
        filled = filler.once()
        seconds = round(time.monotonic() - started, 3)
        stopped = {str(place): why for place, why in mirror.stopped.items()}
        if as_json:
            answer = {
                "offsets": done,
                "snapshots": filled,
                "seconds": seconds,
                "stopped": stopped,
            }
            self.stdout.write(json.dumps(answer))
        else:
            self.stdout.write(
                f"{done} offsets folded, {filled} snapshots filled in {seconds:.1f} s."
            )
        if stopped:
            msg = f"Stopped: {'; '.join(stopped.values())}"
            raise CommandError(msg)


def _folded(mirror: Mirror, *, as_json: bool) -> int:
    """Fold once; how many offsets that were."""
    done = 0
    with (
        make_event_store().indexer() as indexer,
        progress_bar(
            "folding", total=None, shown=sys.stderr.isatty(), as_json=as_json
        ) as show,
    ):

        def progress(place: Place, moved: int) -> None:
            nonlocal done
            done += moved
            show(done, str(place))

        mirror.round(indexer, progress)
    return done
