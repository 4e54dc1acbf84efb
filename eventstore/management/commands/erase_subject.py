"""`manage.py erase_subject`: looks what there is of a person, and destroys its keys when two people want it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser

from eventstore.management.erasure_text import done, plan_facts, plan_text
from eventstore.management.troubles import reported_in_a_line
from eventstore.privacy.configured import erasing

if TYPE_CHECKING:
    from eventstore.privacy.erasing import Plan

_NEEDED = ("request", "requested_by", "approved_by")


class Command(BaseCommand):
    """Without a request it only looks. Exit code 1: refused, or not at its end; the same command goes on."""

    requires_system_checks = [Tags.compatibility]
    help = (
        "Show what exists of a person and where, by the register of places: counts of each kind, and holds in the way. Nothing is"
        " changed. With --request and two different people, destroy all keys of the person, for good: what is sealed under them"
        " can never be opened again, in the log, its mirror, exports and backups. Metadata stays. Interrupted, the same command"
        " goes on; asked twice, it is done once."
        " Examples: manage.py erase_subject person-1; manage.py erase_subject person-1 --json;"
        " manage.py erase_subject person-1 --request r-7 --requested-by ada --approved-by bo --yes"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The options."""
        parser.add_argument("subject", help="the person's id, without a stream's type")
        parser.add_argument("--request", metavar="ID", help="the request's id: do it")
        parser.add_argument("--requested-by", metavar="WHO", help="who asks for it")
        parser.add_argument(
            "--approved-by", metavar="WHO", help="who approves it, somebody else"
        )
        parser.add_argument("--yes", action="store_true", help="ask nothing")
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run it."""
        given = {name: options[name] for name in _NEEDED if options[name]}
        if given and len(given) < len(_NEEDED):
            lacking = [f"--{n.replace('_', '-')}" for n in _NEEDED if n not in given]
            msg = f"To erase takes {' and '.join(lacking)}, too. Without all three it only looks."
            raise CommandError(msg)
        subject: str = options["subject"]
        with reported_in_a_line():
            if not given:
                self._show(erasing().plan(subject), as_json=options["json"])
                return
            if not options["yes"]:
                self._ask(subject, erasing().plan(subject))
            erasure, lineage = erasing().erase(subject, **given)
        self.stdout.write(done(erasure, lineage, as_json=options["json"]))

    def _show(self, plan: Plan, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(plan_facts(plan)))
        else:
            self.stdout.write(plan_text(plan))

    def _ask(self, subject: str, plan: Plan) -> None:
        if not sys.stdin.isatty():
            msg = "Nobody can be asked here: say --yes."
            raise CommandError(msg)
        self.stdout.write(plan_text(plan))
        self.stdout.write("This cannot be undone. Type the person's id to erase it: ")
        self.stdout.flush()
        if sys.stdin.readline().strip() != subject:
            msg = "That is not the id: nothing was done."
            raise CommandError(msg)
