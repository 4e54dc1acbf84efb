"""Several of manage.py's commands in one process: Django's own start is most of each.

Run inside the environment, from the checkout: python -m scripts.launcher.prepare NAME…
"""

from __future__ import annotations

import sys

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

OPTIONS: dict[str, dict[str, object]] = {
    "migrate": {"verbosity": 0, "interactive": False},
    "collectstatic": {"verbosity": 0, "interactive": False},
}


def main(names: list[str]) -> None:
    """Run them in order; the first failure ends it, in one line."""
    try:
        django.setup()
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    for name in names:
        try:
            call_command(name, **OPTIONS.get(name, {}))
        except CommandError as error:
            sys.exit(f"{name}: error: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
