"""`manage.py restore_log`: the mirror's records, put back into a log that lost them."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser

from eventstore.management.progress import progress_bar
from eventstore.management.troubles import reported_in_a_line
from eventstore.ports import Restorable
from eventstore.store import make_event_store
from eventstore.upkeep.restore.run import Restorer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.events import Place
    from eventstore.upkeep.restore.run import TopicPlan


class Command(BaseCommand):
    """Plans for all topics before it writes to any; interrupted, it is run again."""

    # the rest says what is true of the installation, not of this command: ask `manage.py check`
    requires_system_checks = [Tags.compatibility]
    help = (
        "Put records that the log lost back from the mirror, each at its old offset with its old time. Stop web and"
        " mirror and back up PostgreSQL first; begin with --dry-run, which writes nothing. Refuses, naming the first"
        " offset and the way out, if the log holds something else or begins later. Interrupted: run it again."
        " Examples: manage.py restore_log --dry-run; manage.py restore_log"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The options."""
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="write nothing; say what is missing and whether it can be put back",
        )
        parser.add_argument(
            "--topic",
            action="append",
            metavar="NAME",
            help="only this topic; repeat it for several. Default: all",
        )
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run it."""
        started = time.monotonic()
        with reported_in_a_line(), make_event_store().indexer() as indexer:
            if not isinstance(indexer.log, Restorable):
                msg = f"Nothing can be put back into a log of the kind {indexer.log.kind}."
                raise CommandError(msg)
            restorer = Restorer(indexer.topics, indexer.log, indexer.connection())
            wanted = options["topic"] or ()
            if unknown := set(wanted) - set(indexer.topics.numbers):
                msg = f"No such topic: {', '.join(sorted(unknown))}."
                raise CommandError(msg)
            plans = [topic for topic in restorer.plan(wanted) if topic.needed]
            if not options["dry_run"]:
                _run(restorer, plans, as_json=options["json"])
        seconds = time.monotonic() - started
        if options["json"]:
            self.stdout.write(_as_json(plans, seconds, dry_run=options["dry_run"]))
        else:
            self._report(plans, seconds, dry_run=options["dry_run"])

    def _report(
        self, plans: Sequence[TopicPlan], seconds: float, *, dry_run: bool
    ) -> None:
        for topic in plans:
            for missing in filter(len, topic.missing):
                last = missing.end - 1
                self.stdout.write(f"{missing.place}: {missing.first} to {last}")
            if topic.create or topic.created_again:
                self.stdout.write(f"{topic.name}: it is another topic than it was.")
            if topic.unfinished:
                self.stdout.write(f"{topic.name}: an earlier restore was cut short.")
        records = sum(topic.records for topic in plans)
        if not plans:
            self.stdout.write("The log has all that was folded; nothing to do.")
        elif dry_run:
            self.stdout.write(f"{records} records can be put back; nothing written.")
        else:
            said = f"{records} records put back in {seconds:.1f} s and compared."
            self.stdout.write(f"{said} Now run `manage.py verify`.")


def _run(restorer: Restorer, plans: Sequence[TopicPlan], *, as_json: bool) -> None:
    done, total = 0, sum(topic.records for topic in plans)
    shown = sys.stderr.isatty()
    with progress_bar("restoring", total=total, shown=shown, as_json=as_json) as show:

        def progress(place: Place, moved: int) -> None:
            nonlocal done
            done += moved
            show(done, str(place))

        for topic in plans:
            restorer.run(topic, progress)


def _as_json(plans: Sequence[TopicPlan], seconds: float, *, dry_run: bool) -> str:
    return json.dumps(
        {
            "dry_run": dry_run,
            "records": sum(topic.records for topic in plans),
            "seconds": round(seconds, 3),
            "topics": [
                {
                    "topic": topic.name,
                    "created": topic.create,
                    "created_again": topic.created_again,
                    "unfinished": topic.unfinished,
                    "partitions": {
                        str(m.place): {"first": m.first, "end": m.end}
                        for m in topic.missing
                        if len(m)
                    },
                }
                for topic in plans
            ],
        }
    )
