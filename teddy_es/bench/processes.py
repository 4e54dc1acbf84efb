"""Processes of a measurement: begun anew (not forked), so that nothing is shared but database and log."""

from __future__ import annotations

import signal
from multiprocessing import get_context
from multiprocessing.resource_tracker import ensure_running
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess


def begin(task: Callable[..., None], *args: Any) -> tuple[BaseProcess, Connection]:
    """A process at its task, a function of a module, and our end of the pipe that is the task's last argument.

    Ctrl-C is for whoever gives the orders: the process does not hear it, not even while it starts.
    """
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=task, args=(*args, theirs), daemon=True)
    ensure_running()  # the first start would do it, and let the signal through again
    heard = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()  # inherits what is blocked
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, heard)
    theirs.close()
    return process, ours
