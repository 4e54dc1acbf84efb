"""A publisher that is killed when Kafka has acknowledged and nothing is committed yet."""

from __future__ import annotations

import os
import random
import signal

from eventstore.clock import SystemClock
from eventstore.publishing.subscription import publication
from eventstore.store import get_event_store
from eventstore.subscriptions.follower import Follower
from eventstore.subscriptions.registering import register
from eventstore.testing.faulty_log import FaultyLog, Network


def publish(writes: int) -> None:
    """Publish what there is, and be killed behind the n-th write."""
    left = iter(range(writes - 1, -1, -1))

    def kill() -> None:
        if next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    network = Network(after_write=kill)
    made = publication(lambda: FaultyLog(get_event_store().make_log(), network))
    assert made is not None
    register(made, SystemClock())
    follower = Follower(made, SystemClock(), random.Random(1))  # noqa: S311  (repeatable)
    while True:
        follower.round()
