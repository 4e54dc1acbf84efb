"""`manage.py create_topics`: the log's topics and their rows, once; a check ever after."""

from __future__ import annotations

import json
from typing import Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser

from eventstore import topics
from eventstore.errors import EventStoreError
from eventstore.store import make_event_store


class Command(BaseCommand):
    """Creates what is missing and changes nothing that is there."""

    # the rest says what is true of the installation, not of this command: ask `manage.py check`
    requires_system_checks = [Tags.compatibility]
    help = (
        "Create the topics of every registered stream type, with the settings that the log needs, and register"
        " their partitions. Harmless when run again: then it only checks. Example: manage.py create_topics"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The options."""
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run it."""
        indexer = make_event_store().make_indexer()
        try:
            made = topics.create(indexer.topics, indexer.log, indexer.connection())
        except EventStoreError as error:
            raise CommandError(str(error)) from error
        finally:
            indexer.close()
            indexer.log.close()
        names = list(indexer.topics.numbers)
        if options["json"]:
            self.stdout.write(
                json.dumps(
                    {
                        "created": made,
                        "topics": names,
                        "partitions": indexer.topics.partitions,
                    }
                )
            )
            return
        self.stdout.write(
            f"{len(names)} topics of {indexer.topics.partitions} partitions: "
            + (f"created {', '.join(made)}." if made else "all there, nothing to do.")
        )
