"""`manage.py service_accounts`: looks at them, changes them, ends them. What it does counts from the next request on, everywhere."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError

from eventstore.api import accounts
from eventstore.management.troubles import reported_in_a_line
from teddy_es.management.service_accounts import (
    account_text,
    add_expiry,
    add_what_it_may,
    household_facts,
    minted_text,
    told_in_a_line,
    whole_up_to,
)

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from eventstore.api.accounts import Account

_MOST_HOURS: Final = 24 * 365
_ABOUT_ONE: Final = {
    "show": "what it may, whose data it sees, and its tokens by their beginnings",
    "rotate": "print a new token; the old ones end at once, or later",
    "change": "what it may, whose data it sees, or for what",
    "disable": "refuse all of its tokens",
    "enable": "take them again",
    "revoke": "end one token",
    "delete": "end all of it; what it appended, and what it looked at, stays recorded",
}


class Command(BaseCommand):
    """Thin: arguments, and what is said."""

    requires_system_checks = [Tags.compatibility]
    help = (
        "Look at, change and end the accounts of other services. What is done counts from the next request on, in every process."
        " Examples: manage.py service_accounts list;"
        " manage.py service_accounts rotate backend --expires 90;"
        " manage.py service_accounts change backend --scopes streams:read --household parent-1;"
        " manage.py service_accounts revoke backend teddy_0123;"
        " manage.py service_accounts disable backend --json"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See --help."""
        doing = parser.add_subparsers(dest="do", metavar="WHAT", required=True)
        made = {"list": doing.add_parser("list", help="all of them")}
        for name, what in _ABOUT_ONE.items():
            made[name] = doing.add_parser(name, help=what)
            made[name].add_argument("name", help="of the account")
        for one in made.values():
            one.add_argument("--json", action="store_true", help="for programs")
        add_what_it_may(made["change"], required=False)
        add_expiry(made["rotate"])
        made["rotate"].add_argument(
            "--keep-old-for",
            type=whole_up_to(_MOST_HOURS),
            default=0,
            metavar="HOURS",
            help="how long the old tokens are still taken",
        )
        made["revoke"].add_argument(
            "prefix", metavar="TOKEN_PREFIX", help="as `show` names it"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run it."""
        with reported_in_a_line(), told_in_a_line():
            said = _DOING[options["do"]](options)
        self.stdout.write(said)


def _list(options: dict[str, Any]) -> str:
    found = accounts.accounts()
    if options["json"]:
        return json.dumps([household_facts(one) for one in found])
    lines = [account_text(one) for one in found]
    return "\n".join(lines) or "There is no service account."


def _show(options: dict[str, Any]) -> str:
    return _told(accounts.show(options["name"]), options)


def _rotate(options: dict[str, Any]) -> str:
    keep_old = timedelta(hours=options["keep_old_for"])
    minted = accounts.rotate(
        options["name"], keep_old=keep_old, days=options["expires"]
    )
    return minted_text(minted, as_json=options["json"])


def _change(options: dict[str, Any]) -> str:
    to = {name: options[name] for name in ("scopes", "purpose") if options[name]}
    if options["household"] or options["all"]:
        to["bound_to"] = options["household"]
    if not to:
        msg = "Say what is to be another: --scopes, --household or --all, --purpose."
        raise CommandError(msg)
    return _told(accounts.change(options["name"], **to), options)


def _disable(options: dict[str, Any]) -> str:
    return _told(accounts.switch(options["name"], on=False), options)


def _enable(options: dict[str, Any]) -> str:
    return _told(accounts.switch(options["name"], on=True), options)


def _revoke(options: dict[str, Any]) -> str:
    return _told(accounts.revoke(options["name"], options["prefix"]), options)


def _delete(options: dict[str, Any]) -> str:
    name = options["name"]
    accounts.delete(name)
    if options["json"]:
        return json.dumps({"name": name, "deleted": True})
    return f"{name} is deleted, and its tokens with it."


def _told(account: Account, options: dict[str, Any]) -> str:
    if options["json"]:
        return json.dumps(household_facts(account))
    return account_text(account)


_DOING: Final = {
    "list": _list,
    "show": _show,
    "rotate": _rotate,
    "change": _change,
    "disable": _disable,
    "enable": _enable,
    "revoke": _revoke,
    "delete": _delete,
}
