#!/usr/bin/env python3
"""Django's command line for this project."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType


LONG_RUNNING = ("mirror", "subscriptions")  # they begin as the web does


def main() -> None:
    """Run the command. SIGTERM ends it like an exit, so that what is queued for the log is drained; so does Ctrl-C."""
    signal.signal(signal.SIGTERM, _leave)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "teddy_es.settings")  # noqa: TID251
    try:
        _run()
    except KeyboardInterrupt:
        sys.stderr.write("manage.py: stopped.\n")
        sys.exit(128 + signal.SIGINT)


def _run() -> None:
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from eventstore.errors import EventStoreError

    try:
        if sys.argv[1:2] and sys.argv[1] in LONG_RUNNING:
            _refuse_unsafe_start()
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"manage.py: {error}")
    except EventStoreError as error:  # of a command of Django's own, as migrate
        sys.exit(f"manage.py: {error}")


def _refuse_unsafe_start() -> None:
    import django

    django.setup()
    from teddy_es.startup import refuse_unsafe_start

    refuse_unsafe_start()


def _leave(signum: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + signum)


if __name__ == "__main__":
    main()
