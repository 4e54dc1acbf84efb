"""Makes the quickstart's superuser: its password is new at every start, so it has to come from somewhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.roles import Role
from eventstore.conf import conf as eventstore_conf
from teddy_es.conf import conf
from teddy_es.demo.staff import ACCOUNTS
from teddy_es.management.role_accounts import renew_role_account

if TYPE_CHECKING:
    from collections.abc import Sequence

USERNAME = "admin"
# A superuser sees nothing of anybody by that alone.
_ROLES: Final = (Role.COMPLIANCE_OFFICER, Role.OPERATOR)


class Command(BaseCommand):
    """Thin: refusals, and what is said at the end."""

    help = (
        "Make or renew the quickstart's superuser `admin` with the password in TEDDY_ADMIN_PASSWORD; whoever"
        " was logged in as admin is logged out. With TEDDY_ROLE_PASSWORDS (name:password,…) also an account for each"
        " role. Example: TEDDY_ADMIN_PASSWORD=… manage.py quickstart_admin"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """See --help."""
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Refuse outside the quickstart, else make or renew the user."""
        if eventstore_conf.MODE != "quickstart":
            msg = "This is for TEDDY_MODE=quickstart. Elsewhere: manage.py createsuperuser."
            raise CommandError(msg)
        if not conf.TEDDY_ADMIN_PASSWORD:
            msg = "Set TEDDY_ADMIN_PASSWORD to the password that admin shall have."
            raise CommandError(msg)
        passwords = _role_passwords(conf.TEDDY_ROLE_PASSWORDS)
        made = _renew(conf.TEDDY_ADMIN_PASSWORD)
        for name, password in passwords.items():
            renew_role_account(name, password)
        if options["json"]:
            said = {"username": USERNAME, "made": made, "accounts": [*passwords]}
            self.stdout.write(json.dumps(said))
            return
        self.stdout.write(f"Superuser {USERNAME} {'made' if made else 'renewed'}.")


def _renew(password: str) -> bool:
    user, made = get_user_model().objects.get_or_create(username=USERNAME)
    user.is_active = user.is_staff = user.is_superuser = True
    # Every session carries a hash of the password's salted hash: the same password again ends them all too.
    user.set_password(password)
    user.save()
    user.groups.set(Group.objects.filter(name__in=_ROLES))
    return made


def _role_passwords(given: Sequence[str]) -> dict[str, str]:
    """Raises CommandError, which repeats no password."""
    passwords = dict(one.partition(":")[::2] for one in given)
    if not all(passwords.values()) or passwords.keys() - ACCOUNTS.keys():
        there_are = ", ".join(ACCOUNTS)
        msg = f"TEDDY_ROLE_PASSWORDS is name:password, …; the names are {there_are}."
        raise CommandError(msg)
    return passwords
