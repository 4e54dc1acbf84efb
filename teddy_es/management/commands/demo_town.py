"""`demo_town`: households to look at in the console, in the configured store. The work is done by `teddy_es.demo`."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError

from audit.access import actor_of
from audit.conf import conf
from eventstore.clock import SystemClock
from eventstore.management.progress import progress_bar
from eventstore.management.troubles import reported_in_a_line
from eventstore.store import make_event_store
from teddy_es.demo.filling import put
from teddy_es.demo.staff import Staff
from teddy_es.demo.talks import DatasetMissing
from teddy_es.demo.town import HOUSEHOLDS, town

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable
    from datetime import datetime

    from teddy_es.demo.filling import Put
    from teddy_es.demo.town import Town


class Command(BaseCommand):
    """Thin: arguments, progress, and what is said at the end."""

    requires_system_checks = [Tags.compatibility]
    help = (
        "Put made-up households into the store, whose children had real conversations: consents given and withdrawn, safety"
        " violations of every severity in every state (some are overdue), looks of the staff, a child that was erased, one whose data"
        " a hold keeps. Times are told from now. The same numbers give the same ids, so a second run changes nothing. What is"
        " written stays in the log for good."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        """Adds an example to the help."""
        kwargs["epilog"] = f"Example: {Path(prog_name).name} {subcommand}"
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See --help."""
        parser.add_argument("--households", type=int, default=HOUSEHOLDS, metavar="N")
        parser.add_argument(
            "--seed", type=int, default=1, metavar="N", help="another one, other people"
        )
        parser.add_argument("--json", action="store_true", help="print a JSON summary")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Exit code 0: all of it is in the log and folded."""
        if options["households"] < 1:
            msg = "--households is 1 or more."
            raise CommandError(msg)
        with reported_in_a_line():
            tell = partial(
                town,
                seed=options["seed"],
                households=options["households"],
                staff=_staff(),
                stands_for=timedelta(hours=conf.TEDDY_APPROVAL_HOURS),
            )
            try:
                done = self._put(tell)
            except DatasetMissing as missing:
                raise CommandError(str(missing)) from None
        if options["json"]:
            facts = {"commits": done.commits, "events": done.events}
            self.stdout.write(json.dumps(facts))
        else:
            self.stdout.write(f"{done.events:,} events in {done.commits:,} commits.")

    def _put(self, tell: Callable[[datetime], Town]) -> Put:
        with progress_bar("Demo", total=None, shown=self.stderr.isatty()) as bar:
            store, now = make_event_store(), SystemClock().now()
            return put(store, tell, now, lambda n: bar(n, f"{n:,} events"))


def _staff() -> Staff:
    """Those of the quickstart's accounts that there are, as the ledger calls them; else by their names."""
    known = [field.name for field in fields(Staff)]
    users = get_user_model().objects.filter(username__in=known)
    return Staff(**{user.get_username(): actor_of(user) for user in users})
