"""Several of manage.py's commands in one process: Django's own start is most of each.

Run inside the environment, from the checkout: python -m scripts.launcher.prepare NAME…
"""

from __future__ import annotations

import sys
from io import StringIO

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from scripts.launcher.console import TO_TELL

OPTIONS: dict[str, dict[str, object]] = {
    "migrate": {"verbosity": 0, "interactive": False},
    "migrate_keys": {"verbosity": 0, "interactive": False, "database": "keys"},
    "check_keys": {"databases": ["keys"], "tags": ["keys"]},
    "create_topics": {"go_on": True},
    "collectstatic": {"verbosity": 0, "interactive": False},
}

# Of steps that are not called as their command is.
COMMANDS = {"migrate_keys": "migrate", "check_keys": "check"}


def main(names: list[str]) -> None:
    """Run them in order; the first failure ends it, in one line."""
    try:
        django.setup()
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    for name in names:
        told = StringIO()
        try:
            call_command(COMMANDS.get(name, name), stderr=told, **OPTIONS.get(name, {}))
        except CommandError as error:
            sys.exit(f"{name}: error: {error}")
        for line in told.getvalue().splitlines():
            sys.stdout.write(f"{TO_TELL}{line}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
