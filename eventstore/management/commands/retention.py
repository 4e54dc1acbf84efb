"""`manage.py retention`: how long each class of data is kept, and what is past its time."""

from __future__ import annotations

import json
from typing import Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser

from eventstore.clock import SystemClock
from eventstore.management.erasure_text import (
    expiry_facts,
    expiry_text,
    policy_facts,
    policy_text,
)
from eventstore.management.troubles import reported_in_a_line
from eventstore.privacy.configured import configured_policies, retention
from eventstore.privacy.policy import PolicyError


class Command(BaseCommand):
    """Looks, unless it is told --yes. The job of the same name does so every day."""

    requires_system_checks = [Tags.compatibility]
    help = (
        "Show how many keys are past their time: of months that are over, and the period of their class behind them. With --yes,"
        " destroy them, but for those that a hold keeps; what is sealed under them can never be opened again. --policy prints how"
        " long each class is kept, and why, as a notice can quote it."
        " Examples: manage.py retention; manage.py retention --policy; manage.py retention --yes --json"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The options."""
        parser.add_argument("--policy", action="store_true", help="print the policy")
        parser.add_argument("--yes", action="store_true", help="destroy them")
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run it."""
        try:
            with reported_in_a_line():
                self._run(options)
        except PolicyError as error:
            raise CommandError(str(error)) from error

    def _run(self, options: dict[str, Any]) -> None:
        if options["policy"]:
            today = SystemClock().now().date()
            facts = policy_facts(configured_policies(), today)
            shown = policy_text
        else:
            expiring = retention()
            expiries = expiring.run() if options["yes"] else expiring.due()
            facts, shown = expiry_facts(expiries), expiry_text
        self.stdout.write(json.dumps(facts) if options["json"] else shown(facts))
