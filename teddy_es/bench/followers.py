"""Processes that follow: as workers that catch up, and as one that waits for what is accepted now."""

from __future__ import annotations

import random
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import django

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection

    from eventstore.bus import Published
    from eventstore.subscriptions import Subscription
    from teddy_es.bench.world import World

TABLE: Final = "CREATE TABLE bench_handled (n bigserial PRIMARY KEY, stream_id text NOT NULL, version int NOT NULL, at timestamptz NOT NULL)"
EMPTY: Final = "TRUNCATE bench_handled"
HANDLED: Final = "SELECT count(*) FROM bench_handled"
_ONE: Final = "INSERT INTO bench_handled (stream_id, version, at) VALUES (%s, %s, %s)"
_ALL: Final = """
INSERT INTO bench_handled (stream_id, version, at) SELECT * FROM unnest(%s::text[], %s::int[], %s::timestamptz[])
"""


def subscription(name: str, *, batches: bool) -> Subscription:
    """One whose handler writes a row an event: one by one, or those of a batch in one statement."""
    from eventstore.subscriptions import Subscription

    if batches:
        return Subscription(name=name, batch_handler=_write_all)
    return Subscription(name=name, handler=_write_one)


def catch_up(world: World, batches: bool, pipe: Connection) -> None:  # noqa: FBT001  (by `begin`, which takes no keywords)
    """Told a subscription's name, follow until there is nothing to do; say when that was, by the machine's clock."""
    django.setup()
    from eventstore.clock import SystemClock
    from eventstore.subscriptions.follower import Follower
    from eventstore.subscriptions.registering import register
    from teddy_es.bench.conf import elsewhere

    with elsewhere(world.database, world.eventstore), suppress(EOFError):
        pipe.send("ready")
        while True:
            made = subscription(pipe.recv(), batches=batches)
            clock = SystemClock()
            register(made, clock)
            follower = Follower(made, clock, random.Random())
            while follower.round():
                pass
            pipe.send(time.monotonic())


def follow_live(world: World, pipe: Connection) -> None:
    """Follow from now on, with a worker as it comes; asked, say when the transaction of each event was committed."""
    django.setup()
    from django.db import transaction

    from eventstore.clock import SystemClock
    from eventstore.database import connect
    from eventstore.subscriptions import Start, Subscription
    from eventstore.subscriptions.follower import Follower
    from eventstore.subscriptions.worker import Worker
    from teddy_es.bench.conf import elsewhere

    seen: dict[tuple[str, int], float] = {}

    def handle(event: Published) -> None:
        _write_one(event)
        key = event.stream_id, event.version
        transaction.on_commit(lambda: seen.update({key: time.monotonic()}))

    with elsewhere(world.database, world.eventstore):
        clock, stop = SystemClock(), threading.Event()
        made = Subscription(name="live", handler=handle, start=Start.NOW)
        worker = Worker([Follower(made, clock, random.Random())], connect, clock)
        thread = threading.Thread(target=worker.run, args=[stop])
        thread.start()
        worker.waker.listens.wait(30)
        pipe.send("ready")
        _answer(pipe, seen)
        stop.set()
        thread.join()


def _answer(pipe: Connection, seen: dict[tuple[str, int], float]) -> None:
    """Asked for so many, wait until they are there."""
    with suppress(EOFError):
        while True:
            wanted: int = pipe.recv()
            while len(seen) < wanted:
                time.sleep(0.01)
            pipe.send(dict(seen))
            seen.clear()


def _write_one(event: Published) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(_ONE, [event.stream_id, event.version, event.recorded_at])


def _write_all(events: Sequence[Published]) -> None:
    from django.db import connection

    columns: list[Any] = [
        [event.stream_id for event in events],
        [event.version for event in events],
        [event.recorded_at for event in events],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_ALL, columns)
