"""What the launcher says, and how it says that something expected went wrong."""

from __future__ import annotations

import sys

# What stands behind this in a step's log is told in the terminal too: the step did its work, and not all is right.
TO_TELL = "tell: "


class Trouble(Exception):
    """An expected failure. Its message is one line that says what to do."""

    def __init__(self, message: str, *, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class Stopped(BaseException):
    """Somebody asked us to stop; no `except Exception` may keep that from happening."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.exit_code = 128 + signal_number


def say(line: str = "") -> None:
    """Write what the caller asked for."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def note(line: str) -> None:
    """Write what happens meanwhile: to stderr, so that a pipe stays clean."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
