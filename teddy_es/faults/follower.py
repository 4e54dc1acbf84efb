"""A follower process: subscriptions whose handlers write a row an event, for the judge to count; several processes share them.

all        every event, one by one; who is silent for 5 s loses his session
batches    events of one type, in batches
troubled   every event; fails of some, a few times: some streams are parked and replayed meanwhile
"""

from __future__ import annotations

import random
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.db import DatabaseError, connection

from eventstore.clock import SystemClock
from eventstore.database import connect
from eventstore.errors import EventStoreError
from eventstore.queries.subscriptions import status_of
from eventstore.subscriptions import Subscription
from eventstore.subscriptions.follower import Follower
from eventstore.subscriptions.operating import Operating, Order
from eventstore.subscriptions.worker import Worker
from teddy_es.domain.conversation import TeddyReplied
from teddy_es.faults.followed import WANTED
from teddy_es.faults.journal import Journal
from teddy_es.faults.trouble import Trouble
from teddy_es.faults.work import TYPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.bus import Published

_INSERT: Final = """
INSERT INTO campaign_followed (subscription, stream_id, version, event_id, position) VALUES (%s, %s, %s, %s, %s)
"""
_REPLAY_EVERY_S: Final = 1.0
_LOOK_EVERY_S: Final = 0.2
_PATIENCE_S: Final = 600.0


def follow(
    stop: threading.Event, directory: str, slot: int, generation: int, seed: str
) -> None:
    """Follow until told to stop; meanwhile be the person who has parked streams tried again."""
    clock = SystemClock()
    chance = random.Random(f"{seed} follower {slot} {generation}")
    followers = [Follower(one, clock, chance) for one in _subscriptions(directory)]
    person = threading.Thread(target=_replay, args=[stop])
    person.start()
    ended = Worker(followers, connect, clock).run(stop)
    stop.set()
    person.join()
    if ended:
        sys.exit(f"not followed any more: {ended}")


def _subscriptions(directory: str) -> Sequence[Subscription]:
    trouble = Trouble(Path(directory) / "troubles")

    def fail_of_some(event: Published) -> None:
        _write_one("troubled", event)
        trouble.strike(event.event_id)  # behind the row, which must not stay

    return [
        Subscription(
            name="all",
            handler=partial(_write_one, "all"),
            streams=TYPES,
            timeout_s=5,
        ),
        Subscription(
            name="batches",
            batch_handler=partial(_write, "batches"),
            types=[TeddyReplied],
            most=100,
        ),
        Subscription(
            name="troubled", handler=fail_of_some, streams=TYPES, retries=(0.1, 0.5)
        ),
    ]


def _write_one(name: str, event: Published) -> None:
    _write(name, [event])


def _write(name: str, events: Sequence[Published]) -> None:
    rows = [
        (name, one.stream_id, one.version, one.event_id, str(one.position))
        for one in events
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_INSERT, rows)


def _replay(stop: threading.Event) -> None:
    clock = SystemClock()
    operating, order = Operating(clock), Order("the campaign", "it will not fail now")
    while not stop.wait(_REPLAY_EVERY_S):
        try:
            if status_of("troubled", clock.now()).parked:
                operating.replay("troubled", None, order)
        except (DatabaseError, EventStoreError):
            connection.close()  # it is not made yet, or under a fault
    connection.close()


def await_followers(stop: threading.Event, directory: str) -> None:
    """When all is healed: until they have handled everything and nothing is parked; for a bounded time."""
    clock, deadline = SystemClock(), time.monotonic() + _PATIENCE_S
    left = _left(clock)
    while left and time.monotonic() < deadline and not stop.wait(_LOOK_EVERY_S):
        left = _left(clock)
    journal = Journal(Path(directory) / "followers.ndjson")
    for what in left:
        journal.write({"t": "wrong", "kind": "missed", "what": what})
    journal.close()


def _left(clock: SystemClock) -> list[str]:
    """Who is not at the end, in words."""
    stands = {name: status_of(name, clock.now()) for name in WANTED}
    return [
        f"{name} stayed {status.lag} records behind, {status.retrying} streams retrying, {status.parked} parked"
        for name, status in stands.items()
        if status.lag or status.retrying or status.parked
    ]
