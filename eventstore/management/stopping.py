"""How a long-running command is told to stop."""

from __future__ import annotations

import signal
import threading
from queue import SimpleQueue


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and Ctrl-C set.

    Not in the signal's handler: that runs in the main thread, which may hold the event's own lock at that moment, and
    would wait for itself. A `SimpleQueue` may be put to from anywhere.
    """
    stop, heard = threading.Event(), SimpleQueue[int]()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda number, _: heard.put(number))

    def listen() -> None:
        heard.get()
        stop.set()

    threading.Thread(target=listen, name="signals", daemon=True).start()
    return stop
