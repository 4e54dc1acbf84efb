"""`manage.py partitions`: which have stopped, and the decision to read the others without one of them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser

from eventstore.clock import SystemClock
from eventstore.database import connect
from eventstore.events import Place
from eventstore.indexer.stops import SET_ASIDE, TAKEN_BACK, decide
from eventstore.management.orders import add_order, order_of
from eventstore.management.tables import table
from eventstore.management.troubles import reported_in_a_line
from eventstore.queries.stops import stopped
from eventstore.store import get_event_store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.queries.stops import Stopped

_ACTS: Final = {"set-aside": SET_ASIDE, "take-back": TAKEN_BACK}
_NOTHING: Final = {
    "set-aside": "has not stopped, or is set aside already. Only what has stopped is set aside",
    "take-back": "is not set aside",
}


class Command(BaseCommand):
    """Decides nothing about the log: a partition that is set aside goes on as soon as it can be folded."""

    # the rest says what is true of the installation, not of this command: ask `manage.py check`
    requires_system_checks = [Tags.compatibility]
    help = (
        "Show the partitions that have stopped (the fold cannot go on there), and why. After a crash of the database all reads wait"
        " until every partition is folded; `set-aside` lets reads of the other partitions go on, and refuses those of this"
        " one. `take-back` ends that; it ends by itself when the partition is folded again."
        " Examples: manage.py partitions list; manage.py partitions list --json;"
        " manage.py partitions set-aside eventstore.order/3 --reason planned;"
        " manage.py partitions take-back eventstore.order/3 --reason updated"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The options."""
        doing = parser.add_subparsers(dest="do", metavar="WHAT", required=True)
        listing = doing.add_parser("list", help="which have stopped, and why")
        listing.add_argument("--json", action="store_true", help="for programs")
        for act in _ACTS:
            one = doing.add_parser(act, help=f"{act} a partition")
            one.add_argument("place", metavar="TOPIC/PARTITION")
            add_order(one)
            one.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run it."""
        with reported_in_a_line():
            if options["do"] != "list":
                self._decide(options)
            stops = stopped()
        if options["json"]:
            self.stdout.write(json.dumps([_plain(one) for one in stops]))
        else:
            self.stdout.write(_shown(stops))

    def _decide(self, options: dict[str, Any]) -> None:
        try:
            order = order_of(options)
        except ValueError as error:
            raise CommandError(str(error)) from error
        partition = _partition_of(options["place"])
        with connect() as connection:
            is_done = decide(
                connection,
                partition,
                _ACTS[options["do"]],
                reason=order.reason,
                by=order.by,
                at=SystemClock().now(),
            )
        if not is_done:
            msg = f"{options['place']} {_NOTHING[options['do']]}: nothing was done."
            raise CommandError(msg)


def _partition_of(written: str) -> int:
    topics = get_event_store().topics
    topic, _, number = written.rpartition("/")
    place = Place(topic, int(number)) if number.isascii() and number.isdigit() else None
    if place not in topics.places:
        msg = f"There is no such partition. Write it as in {topics.places[0]}."
        raise CommandError(msg)
    return topics.partition_id(place)


def _shown(stops: Sequence[Stopped]) -> str:
    if not stops:
        return "No partition has stopped."
    rows = [
        (
            one.place,
            f"{one.since:%Y-%m-%d %H:%M}" if one.since else "-",
            one.code or "-",
            f"{one.done_by}: {one.reason}" if one.is_set_aside else "-",
        )
        for one in stops
    ]
    causes = [f"{one.place}: {one.cause}" for one in stops if one.cause]
    return "\n".join(
        [table(("partition", "since", "code", "set aside"), rows), *causes]
    )


def _plain(one: Stopped) -> dict[str, Any]:
    facts = {"place": one.place, "is_set_aside": one.is_set_aside, **asdict(one)}
    return {
        key: value.isoformat() if hasattr(value, "isoformat") else value
        for key, value in facts.items()
    }
