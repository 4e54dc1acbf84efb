"""`manage.py database_roles`: what the database has to grant to the roles that work in it."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser

from eventstore.database import Condition, condition_of, connect
from eventstore.keys.router import ALIAS
from eventstore.management.troubles import reported_in_a_line
from eventstore.upkeep.roles import grant, statements, statements_of_keys

if TYPE_CHECKING:
    import psycopg
    from psycopg.sql import Composed


class Command(BaseCommand):
    """Prints; grants only if told to."""

    requires_system_checks = [Tags.compatibility]
    help = (
        "Say what each role has to be granted, or grant it: run it as the tables' owner, after each migrate. The roles must be there"
        " (CREATE ROLE store_app LOGIN PASSWORD ...). A writer is what web, worker, mirror and subscriptions connect as: it appends, and"
        " what is append only it cannot change. With --keys: in the key store's database, as its owner; there a writer deletes nothing."
        " Examples: manage.py database_roles --writer store_app; manage.py database_roles --writer store_app --keys --apply --json"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The options."""
        parser.add_argument("--writer", required=True, metavar="ROLE")
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--reader", metavar="ROLE", help="reads the store's tables")
        where.add_argument(
            "--keys", action="store_true", help="in the key store's database"
        )
        parser.add_argument("--apply", action="store_true", help="grant it")
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run it."""
        alias = ALIAS if options["keys"] else "default"
        with reported_in_a_line(), closing(connect(alias)) as connection:
            grants = _grants(connection, options)
            said = [one.as_string(connection) for one in grants]
            if options["apply"]:
                try:
                    grant(connection, grants)
                except Exception as error:
                    if condition_of(error) is not Condition.NO_OBJECT:
                        raise
                    msg = "There is no such role. Make it first, as in CREATE ROLE store_app LOGIN PASSWORD '...'."
                    raise CommandError(msg) from error
        if options["json"]:
            self.stdout.write(
                json.dumps({"applied": options["apply"], "statements": said})
            )
        else:
            self.stdout.write("\n".join(f"{one};" for one in said))


def _grants(
    connection: psycopg.Connection[Any], options: dict[str, Any]
) -> list[Composed]:
    writer = options["writer"]
    if options["keys"]:
        return list(statements_of_keys(connection, writer=writer))
    return list(statements(connection, writer=writer, reader=options["reader"]))
