#!/usr/bin/env python3
"""Django's command line for this project."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType


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

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"manage.py: {error}")


def _leave(signum: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + signum)


if __name__ == "__main__":
    main()
