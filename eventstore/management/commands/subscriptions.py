"""`manage.py subscriptions`: runs those who follow the log, shows how they stand, and has them do what a person wants."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.core.checks import Tags
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from eventstore.clock import SystemClock
from eventstore.events import Cut
from eventstore.management.orders import add_order, order_of
from eventstore.management.roster import make_worker
from eventstore.management.stopping import stop_on_signals
from eventstore.management.subscriptions import as_json, lines_of, overview
from eventstore.management.troubles import reported_in_a_line
from eventstore.queries.subscriptions import statuses
from eventstore.subscriptions import Start
from eventstore.subscriptions.operating import Operating, Order

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_ACTS = {
    "pause": "have workers handle nothing until somebody resumes it",
    "resume": "have workers go on where it was paused",
    "reset": "have workers handle everything from --to on again; forgets parked streams",
    "replay": "retry a parked stream at once, or --all of them",
    "skip": "leave out for good the event for which a stream is parked, and go on with the next",
    "forget": "remove a subscription that no code has any more",
}


class Command(BaseCommand):
    """What people have it do is recorded with who and why."""

    # the rest says what is true of the installation, not of this command: ask `manage.py check`
    requires_system_checks = [Tags.compatibility]
    help = (
        "Run a worker for the subscriptions of this project (several may run), list their status, show one with its parked"
        " streams (its dead letters), and pause, resume, reset, replay, skip or forget, each with a reason that is kept."
        " Examples: manage.py subscriptions run; manage.py subscriptions list --json;"
        " manage.py subscriptions show totals; manage.py subscriptions replay totals order.order-1 --reason mended"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The options."""
        doing = parser.add_subparsers(dest="do", metavar="WHAT", required=True)
        run = doing.add_parser("run", help="start a worker; several may run")
        run.add_argument("names", nargs="*", metavar="NAME", help="only these")
        run.add_argument(
            "--json",
            action="store_true",
            help="say in JSON at the end which subscriptions could not go on",
        )
        listing = doing.add_parser("list", help="show the status of all")
        listing.add_argument("--json", action="store_true", help="for programs")
        show = doing.add_parser("show", help="show one, with its parked streams")
        show.add_argument("name", metavar="NAME")
        show.add_argument("--json", action="store_true", help="for programs")
        for name, text in _ACTS.items():
            _add_act(doing, name, text)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run it."""
        with reported_in_a_line():
            if options["do"] == "run":
                self._run(options)
            elif options["do"] == "list":
                listed = statuses(SystemClock().now())
                self.stdout.write(
                    json.dumps([as_json(status) for status in listed])
                    if options["json"]
                    else overview(listed)
                )
            elif options["do"] == "show":
                self.stdout.write(lines_of(options["name"], as_json=options["json"]))
            else:
                self._act(options)

    def _run(self, options: dict[str, Any]) -> None:
        stop = stop_on_signals()
        try:
            worker = make_worker(options["names"])
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        ended = worker.run(stop)
        if options["json"]:
            self.stdout.write(json.dumps({"ended": ended}))
        if ended:
            msg = f"Ended here: {', '.join(f'{name} ({code})' for name, code in ended.items())}."
            raise CommandError(msg)

    def _act(self, options: dict[str, Any]) -> None:
        name, do = options["name"], options["do"]
        operating = Operating(SystemClock())
        try:
            order = order_of(options)
            report = _ordered(operating, name, do, order, options)
        except (ImproperlyConfigured, ImportError, ValueError) as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps({"subscription": name, "done": do}))
        else:
            self.stdout.write(f"{name}: {report}.")


def _add_act(doing: _SubParsersAction[CommandParser], name: str, text: str) -> None:
    act = doing.add_parser(name, help=text, description=text)
    act.add_argument("name", metavar="NAME")
    if name == "skip":
        act.add_argument("stream", metavar="STREAM")
    if name == "replay":
        which = act.add_mutually_exclusive_group(required=True)
        which.add_argument("stream", metavar="STREAM", nargs="?")
        which.add_argument("--all", action="store_true", help="all parked streams")
    if name == "reset":
        act.add_argument(
            "--to",
            required=True,
            metavar="beginning|now|CUT",
            help="a cut is written eventstore.order/0:17,eventstore.order/1:4",
        )
    add_order(act)
    act.add_argument("--json", action="store_true", help="for programs")


def _ordered(
    operating: Operating, name: str, do: str, order: Order, options: dict[str, Any]
) -> str:
    """Have it done; what is said of it. Raises ValueError for a cut that is none."""
    if do == "replay":
        return f"{operating.replay(name, options['stream'], order)} streams are tried again"
    if do == "skip":
        operating.skip(name, options["stream"], order)
        return f"{options['stream']} goes on behind the event that failed"
    if do == "reset":
        operating.reset(name, _start(options["to"]), order)
        return f"begins anew, at {options['to']}"
    getattr(operating, do)(name, order)
    return {"pause": "is paused", "resume": "goes on", "forget": "is forgotten"}[do]


def _start(text: str) -> Start | Cut:
    """Raises ValueError for what is none."""
    if text in set(Start):
        return Start(text)
    try:
        return Cut.parse(text)
    except ValueError as error:
        msg = f"{text} is not where one can begin: beginning, now, or a cut as eventstore.order/0:17,eventstore.order/1:4"
        raise ValueError(msg) from error
