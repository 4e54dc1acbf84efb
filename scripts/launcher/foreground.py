"""Run a command in the caller's terminal: its input, its output, its exit code."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from scripts.launcher.processes import exit_code, leashed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def foreground(command: Sequence[str | Path], *, env: Mapping[str, str]) -> int:
    """Run it in our own process group; a signal for us is one for it."""
    process = subprocess.Popen(leashed(command), env=dict(env))
    with _forwarded_to(process):
        return exit_code(process.wait())


@contextmanager
def _forwarded_to(process: subprocess.Popen[bytes]) -> Iterator[None]:
    def forward(signal_number: int, _frame: FrameType | None) -> None:
        # Ctrl-C reaches everybody in the terminal's foreground: do not send it twice.
        if signal_number != signal.SIGINT or not _in_foreground():
            process.send_signal(signal_number)

    before = {number: signal.signal(number, forward) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _in_foreground() -> bool:
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False  # no terminal, so nobody pressed Ctrl-C in it
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    finally:
        os.close(terminal)
