"""`manage.py erasure_certificate`: what was destroyed under a request, and how it was verified."""

from __future__ import annotations

import json
from typing import Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser

from eventstore.management.erasure_text import certificate_text
from eventstore.management.troubles import reported_in_a_line
from eventstore.privacy.configured import certifying


class Command(BaseCommand):
    """Exit code 1 where the erasure is not at its end, or where something was found that must be gone."""

    requires_system_checks = [Tags.compatibility]
    help = (
        "Print what was erased under a request: the method, the keys by their ids as the log tells of them, who asked and who"
        " approved, where wrapped copies had been, when backups are gone, and what a look at the key store and at sealed events"
        " finds now."
        " Examples: manage.py erasure_certificate r-7; manage.py erasure_certificate r-7 --json"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The options."""
        parser.add_argument("request", help="the request's id")
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run it."""
        with reported_in_a_line():
            certificates = certifying().certificates(options["request"])
        facts = [one.facts() for one in certificates]
        if options["json"]:
            self.stdout.write(json.dumps(facts))
        else:
            self.stdout.write("\n\n".join(certificate_text(one) for one in facts))
        if not all(one["is_complete"] for one in facts):
            msg = "The erasure is not at its end: run erase_subject again, or wait for the job finish_erasures."
            raise CommandError(msg)
        if not all(one["verified"]["is_verified"] for one in facts):
            msg = "Something was found that must be gone: see docs/OPERATIONS.md, 'The key store was put back'."
            raise CommandError(msg)
