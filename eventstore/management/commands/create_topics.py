"""`manage.py create_topics`: the log's topics and their rows, the snapshots' topics and the feeds', once; a check ever after."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser

from eventstore.errors import LogMisconfigured
from eventstore.log import topics
from eventstore.management.topic_repair import confirm, repair, repairs
from eventstore.management.troubles import reported_in_a_line
from eventstore.publishing.topics import feed_topics
from eventstore.publishing.topics import wrong as wrong_with_feeds
from eventstore.snapshots.topics import snapshot_topics
from eventstore.snapshots.topics import wrong as wrong_with_snapshots
from eventstore.store import make_event_store
from eventstore.upkeep.activation import activate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.indexer.indexer import Indexer
    from eventstore.ports import Log

REPAIR = (
    "Or: `manage.py create_topics --repair`, which shows what it would set and asks."
)

NO_STREAM = "No events.* topics: the real-time stream needs Kafka, and not to be switched off (docs/guide/REAL_TIME_STREAM.md)."


class Command(BaseCommand):
    """Creates what is missing and changes nothing that is there, unless it is told to `--repair`."""

    # the rest says what is true of the installation, not of this command: ask `manage.py check`
    requires_system_checks = [Tags.compatibility]
    help = (
        "Create the topics of every registered stream type, with the settings that the log needs, and register"
        " their partitions; the topics of the snapshots; and on Kafka those of the real-time stream. Idempotent: run again it"
        " only checks. Example: manage.py create_topics"
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
        parser.add_argument(
            "--repair",
            action="store_true",
            help="set settings of topics that are not as they must be, after showing them and asking; no record is written",
        )
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument(
            "--go-on",
            action="store_true",
            help="with exit code 0 though a topic beside the log (snapshots.*, events.*) is not as it must be: it is told",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run it."""
        kept, feeds = snapshot_topics(), feed_topics()
        with reported_in_a_line(), make_event_store().indexer() as indexer:
            beside = (*kept.numbers, *feeds.numbers)
            names = [*indexer.topics.numbers, *beside]
            repaired = self._repair(indexer.log, names, options)
            made = _create(indexer)
            made += topics.make_auxiliary(kept, indexer.log)
            made += topics.make_auxiliary(feeds, indexer.log)
            wrong = [
                *wrong_with_snapshots(kept, indexer.log),
                *wrong_with_feeds(feeds, indexer.log),
            ]
            activated = _activate(indexer, options["activate"])
        answer = {
            "created": made,
            "topics": names,
            "partitions": indexer.topics.partitions,
            "activated": activated,
            "repaired": repaired,
            "wrong": [str(one) for one in wrong],
        }
        if options["json"]:
            self.stdout.write(json.dumps(answer))
        else:
            self._say(
                answer, has_feeds=bool(feeds.numbers), version=options["activate"]
            )
        self._report(wrong, go_on=options["go_on"])

    def _repair(self, log: Log, names: list[str], options: dict[str, Any]) -> list[str]:
        """The lines of what was changed."""
        wrong_settings = repairs(log, names) if options["repair"] else []
        if wrong_settings and not options["yes"]:
            confirm(wrong_settings, self.stderr.write)
        repair(log, wrong_settings)
        return [line for one in wrong_settings for line in one.lines()]

    def _say(
        self, answer: dict[str, Any], *, has_feeds: bool, version: int | None
    ) -> None:
        for line in answer["repaired"]:
            self.stdout.write(f"Changed: {line}")
        made = answer["created"]
        self.stdout.write(
            f"{len(answer['topics'])} topics of {answer['partitions']} partitions: "
            + (f"created {', '.join(made)}." if made else "all there, nothing to do.")
        )
        if not has_feeds:
            self.stdout.write(NO_STREAM)
        if answer["activated"] is not None:
            self.stdout.write(
                f"Rules {version} activated in {answer['activated']} partitions."
            )

    def _report(self, wrong: Sequence[LogMisconfigured], *, go_on: bool) -> None:
        """The log is in order, so that all else works; whoever needs these waits."""
        if wrong and not go_on:
            msg = " ".join(f"{one} {REPAIR}" for one in wrong)
            raise CommandError(msg)
        for one in wrong:
            self.stderr.write(f"{one} {REPAIR}")


def _create(indexer: Indexer) -> list[str]:
    """Those of the log, on which all else stands: nothing goes on with one that is not as it must be."""
    try:
        return topics.create(indexer.topics, indexer.log, indexer.connection())
    except LogMisconfigured as error:
        if repairs(indexer.log, [error.topic]):
            msg = f"{error} {REPAIR}"
            raise CommandError(msg) from error
        raise


def _activate(indexer: Indexer, version: int | None) -> int | None:
    if version is None:
        return None
    try:
        return activate(indexer, version)
    except ValueError as error:
        raise CommandError(str(error)) from error
