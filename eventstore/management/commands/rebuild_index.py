"""`manage.py rebuild_index`: mirror, index and heads anew from the log alone."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandParser

from eventstore.management.progress import progress_bar
from eventstore.management.troubles import reported_in_a_line
from eventstore.store import make_event_store
from eventstore.upkeep.rebuild import (
    analyze,
    refold,
    refuse_a_shortened_log,
    reset,
    to_fold,
)

if TYPE_CHECKING:
    from eventstore.events import Place
    from eventstore.indexer.indexer import Indexer


class Command(BaseCommand):
    """Empties what was folded and folds it again; interrupted, `--resume` goes on."""

    # the rest says what is true of the installation, not of this command: ask `manage.py check`
    requires_system_checks = [Tags.compatibility]
    help = (
        "Make mirror, index and heads anew from the log alone; they end in the same bytes. Does not touch the log."
        " Refuses if the log no longer holds what the mirror holds: the mirror would then be the only copy."
        " The store refuses reads on new connections until it has finished. Interrupted: run it with --resume, or let"
        " `mirror` finish. Examples: manage.py rebuild_index; manage.py rebuild_index --resume"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The options."""
        parser.add_argument(
            "--resume",
            action="store_true",
            help="do not empty the tables, only fold what is missing",
        )
        parser.add_argument(
            "--trust-log",
            action="store_true",
            help="empty the tables although the log differs from the mirror: whatever only the mirror holds is lost",
        )
        parser.add_argument(
            "--json",
            action="store_true",
            help="for programs: the result, and how far it is on the error output",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run it."""
        started = time.monotonic()
        with reported_in_a_line(), make_event_store().indexer() as indexer:
            if not options["resume"]:
                if not options["trust_log"]:
                    refuse_a_shortened_log(indexer)
                reset(indexer.connection())
                indexer.close()  # its views are of what is gone
            done = self._refold(indexer, as_json=options["json"])
            analyze(indexer.connection())
        seconds = time.monotonic() - started
        if options["json"]:
            answer = {"offsets": done, "seconds": round(seconds, 3)}
            self.stdout.write(json.dumps(answer))
        else:
            self.stdout.write(
                f"{done} offsets folded in {seconds:.1f} s ({done / seconds:,.0f}/s); the index is complete."
            )

    def _refold(self, indexer: Indexer, *, as_json: bool) -> int:
        total, done = sum(to_fold(indexer).values()), 0
        shown = sys.stderr.isatty()
        with progress_bar("folding", total=total, shown=shown, as_json=as_json) as show:

            def progress(place: Place, moved: int) -> None:
                nonlocal done
                done += moved
                show(done, str(place))

            refold(indexer, progress=progress)
        return done
