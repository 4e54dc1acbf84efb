"""A process that follows, to be killed, to hang, and to be taken over from."""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eventstore.clock import SystemClock
from eventstore.database import connect
from eventstore.subscriptions import worker
from eventstore.subscriptions.follower import Follower
from tests.support.following import subscription, write
from tests.support.process_work import say

if TYPE_CHECKING:
    from eventstore.bus import Published


@dataclass
class Handler:
    """Writes a row an event. kill_at, hang_at: behind the row of the n-th event."""

    name: str
    kill_at: int = 0
    hang_at: int = 0
    tells: bool = False
    handed: int = 0
    go_on: threading.Event = field(default_factory=threading.Event)

    def __call__(self, event: Published) -> None:
        """Handle one."""
        self.handed += 1
        write(self.name, event)
        if self.handed == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.handed == self.hang_at:
            say(hangs=event.stream_id)
            self.go_on.wait()
        if self.tells:
            say(handled=event.version)


def follow(
    *,
    writes_as: str = "totals",
    seed: int = 1,
    version: int = 1,
    timeout_s: float = 60.0,
    slowly: float = 1.0,
    kill_at: int = 0,
    hang_at: int = 0,
    tells: bool = False,
) -> None:
    """Until the process is killed or its worker ends; a line of the input has a handler that hangs go on.

    slowly: seconds between two looks of who is not woken. tells: also of each event, and when the waker listens.
    """
    setattr(worker, "_SLOWLY", slowly)  # noqa: B010  (it is Final)
    handler = Handler(writes_as, kill_at, hang_at, tells)
    made = subscription(handler, version=version, timeout_s=timeout_s)
    follower = Follower(made, SystemClock(), random.Random(seed))  # noqa: S311  (repeatable)
    running = worker.Worker([follower], connect, SystemClock())
    stop = threading.Event()
    threading.Thread(target=_obey, args=[handler], daemon=True).start()
    if tells:
        threading.Thread(target=_tell, args=[running, stop], daemon=True).start()
    say(ended=running.run(stop))


def _obey(handler: Handler) -> None:
    for _ in sys.stdin:
        handler.go_on.set()


def _tell(running: worker.Worker, stop: threading.Event) -> None:
    """Each time that it listens anew."""
    listens = running.waker.listens
    while listens.wait():
        say(listens=True)
        while listens.is_set():
            stop.wait(0.01)
