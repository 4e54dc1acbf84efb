"""`manage.py hold`: legal holds, which keep what an erasure or time would destroy."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser

from eventstore.management.erasure_text import hold_facts
from eventstore.management.troubles import reported_in_a_line
from eventstore.privacy.configured import holding
from eventstore.privacy.holding import KINDS
from eventstore.privacy.refusals import described


class Command(BaseCommand):
    """One person places a hold, two lift it."""

    requires_system_checks = [Tags.compatibility]
    help = (
        "Place a legal hold on a person's data, all of it or of some months: neither an erasure nor retention destroys its keys"
        " until the hold is lifted by two different people. A floor is a day before which nobody lifts it; when it is past, the"
        " hold binds all the same."
        " Examples: manage.py hold list person-1;"
        " manage.py hold place person-1 --hold h-1 --kind litigation --clause s.4 --all --floor 2031-12-31 --requested-by ada;"
        " manage.py hold place person-1 --hold h-2 --kind statutory --clause s.9 --months 2026-10,2026-11 --requested-by ada;"
        " manage.py hold lift person-1 --hold h-1 --requested-by ada --approved-by bo --json"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The options."""
        doing = parser.add_subparsers(dest="do", metavar="WHAT", required=True)
        listing = doing.add_parser("list", help="the holds that bind a person's data")
        placing = doing.add_parser("place", help="place one")
        lifting = doing.add_parser("lift", help="lift one, by two people")
        for one in (listing, placing, lifting):
            one.add_argument("subject", help="the person's id")
            one.add_argument("--json", action="store_true", help="for programs")
        for one in (placing, lifting):
            one.add_argument("--hold", metavar="ID", required=True, help="its id")
            one.add_argument("--requested-by", metavar="WHO", required=True)
        lifting.add_argument("--approved-by", metavar="WHO", required=True)
        _add_placing(placing)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run it."""
        subject: str = options["subject"]
        with reported_in_a_line():
            if options["do"] == "place":
                self._place(subject, options)
            elif options["do"] == "lift":
                holding().lift(
                    subject,
                    hold_id=options["hold"],
                    requested_by=options["requested_by"],
                    approved_by=options["approved_by"],
                )
            holds = holding().holds(subject)
        if options["json"]:
            self.stdout.write(json.dumps([hold_facts(one) for one in holds]))
        else:
            lines = [described(one) for one in holds] or ["No hold binds."]
            self.stdout.write("\n".join(lines))

    @staticmethod
    def _place(subject: str, options: dict[str, Any]) -> None:
        holding().place(
            subject,
            hold_id=options["hold"],
            scope="all" if options["all"] else _months(options["months"]),
            clause=options["clause"],
            kind=options["kind"],
            floor=_day(options["floor"]),
            requested_by=options["requested_by"],
        )


def _add_placing(placing: CommandParser) -> None:
    placing.add_argument("--kind", required=True, choices=KINDS)
    placing.add_argument("--clause", required=True, help="what demands it, as a code")
    scope = placing.add_mutually_exclusive_group(required=True)
    scope.add_argument("--all", action="store_true", help="all months")
    scope.add_argument("--months", metavar="YYYY-MM,…", help="these months")
    placing.add_argument("--floor", metavar="YYYY-MM-DD", help="not lifted before")


def _months(text: str) -> list[str]:
    months = [month.strip() for month in text.split(",")]
    for month in months:
        if len(month) != len("2026-11") or _day(f"{month}-01") is None:
            msg = "Months are written as in 2026-10,2026-11."
            raise CommandError(msg)
    return months


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        msg = "A day is written as in 2031-12-31, a month as in 2026-11."
        raise CommandError(msg) from None
