"""`manage.py create_service_account`: a name, what it may do, whose data it sees, and a token that is shown once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand

from eventstore.api import accounts
from eventstore.management.troubles import reported_in_a_line
from teddy_es.management.service_accounts import (
    account_name,
    add_expiry,
    add_what_it_may,
    minted_text,
    told_in_a_line,
)

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """Thin: arguments, and what is said."""

    requires_system_checks = [Tags.compatibility]
    help = (
        "Make an account for another service, and print its token once: only a digest of it is kept. What it may see and do is"
        " asked at each of its requests; `manage.py service_accounts` changes and ends it."
        " Examples: manage.py create_service_account backend --scopes streams:read,pii:read --household parent-1"
        " --purpose parent_request;"
        " manage.py create_service_account importer --scopes streams:append --all --purpose audit --expires 30 --json"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See --help."""
        parser.add_argument("name", type=account_name, help="of the account")
        add_what_it_may(parser, required=True)
        add_expiry(parser)
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run it."""
        with reported_in_a_line(), told_in_a_line():
            minted = accounts.create(
                options["name"],
                scopes=options["scopes"],
                purpose=options["purpose"],
                bound_to=options["household"],
                days=options["expires"],
            )
        self.stdout.write(minted_text(minted, as_json=options["json"]))
