"""`manage.py create_topics`: the log's topics and their rows, the snapshots' topics and the feeds', once; a check ever after."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser

from eventstore import topics
from eventstore.activation import activate
from eventstore.management.troubles import told_in_a_line
from eventstore.publishing.topics import create as create_for_publishing
from eventstore.publishing.topics import feed_topics
from eventstore.snapshots.topics import create as create_for_snapshots
from eventstore.snapshots.topics import snapshot_topics
from eventstore.store import make_event_store

if TYPE_CHECKING:
    from eventstore.indexer.advance import Indexer


NO_STREAM = "No events.* topics: the real-time stream needs Kafka, and not to be switched off (docs/guide/REAL_TIME_STREAM.md)."


class Command(BaseCommand):
    """Creates what is missing and changes nothing that is there."""

    # the rest says what is true of the installation, not of this command: ask `manage.py check`
    requires_system_checks = [Tags.compatibility]
    help = (
        "Create the topics of every registered stream type, with the settings that the log needs, and register"
        " their partitions; those of the snapshots; and on Kafka those of the real-time stream. Harmless when run again:"
        " then it only checks. Example: manage.py create_topics"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The options."""
        parser.add_argument("--json", action="store_true", help="for programs")
        parser.add_argument(
            "--activate",
            type=int,
            metavar="N",
            help="switch rule version N on in every partition; cannot be taken back, and stops code that does not"
            " know it: update all processes first",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run it."""
        with told_in_a_line(), make_event_store().indexer() as indexer:
            made = topics.create(indexer.topics, indexer.log, indexer.connection())
            kept, feeds = snapshot_topics(), feed_topics()
            made += create_for_snapshots(kept, indexer.log)
            made += create_for_publishing(feeds, indexer.log)
            activated = _activate(indexer, options["activate"])
        names = [*indexer.topics.numbers, *kept.numbers, *feeds.numbers]
        if options["json"]:
            answer = {
                "created": made,
                "topics": names,
                "partitions": indexer.topics.partitions,
                "activated": activated,
            }
            self.stdout.write(json.dumps(answer))
            return
        self.stdout.write(
            f"{len(names)} topics of {indexer.topics.partitions} partitions: "
            + (f"created {', '.join(made)}." if made else "all there, nothing to do.")
        )
        if not feeds.numbers:
            self.stdout.write(NO_STREAM)
        if activated is not None:
            self.stdout.write(
                f"Rules {options['activate']} activated in {activated} partitions."
            )


def _activate(indexer: Indexer, version: int | None) -> int | None:
    if version is None:
        return None
    try:
        return activate(indexer, version)
    except ValueError as error:
        raise CommandError(str(error)) from error
