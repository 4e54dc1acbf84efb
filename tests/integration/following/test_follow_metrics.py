"""Every metric of those who follow moves when what it counts happens."""

from __future__ import annotations

import random
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from django.db import connection

from eventstore.clock import SystemClock
from eventstore.database import connect
from eventstore.subscriptions import Start, Subscription, TryLater, Unreadable
from eventstore.subscriptions.follower import Follower
from eventstore.subscriptions.operating import Operating, Order
from eventstore.subscriptions.worker import Worker
from tests.integration.project.test_metrics import Watched, told
from tests.plugins.kafka_logs import until
from tests.support.following import (
    Orders,
    Totals,
    follow,
    follower,
    subscription,
)
from tests.support.snapshotting import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


pytestmark = pytest.mark.usefixtures("transactional_db", "table")

TOTALS = {"subscription": "totals"}
WHY = Order("ann", "a good one")


@contextmanager
def at_work(made: Subscription) -> Iterator[None]:
    """A worker in a thread, for as long as the block runs."""
    clock, stop = SystemClock(), threading.Event()
    worker = Worker([Follower(made, clock, random.Random(1))], connect, clock)  # noqa: S311  (repeatable)

    def run() -> None:
        worker.run(stop)
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_events_that_are_handled_and_how_long_after_their_acceptance(
    orders: Orders,
) -> None:
    handled = Watched("followed_events_total", {**TOTALS, "result": "handled"})
    turns = Watched("follow_seconds_count", TOTALS)
    orders.place("a", 3)

    follow(follower(subscription(Totals())))

    handled.moves_by(3)
    turns.moves_by(1)


def test_events_that_nobody_can_read(orders: Orders) -> None:
    skipped = Watched("followed_events_total", {**TOTALS, "result": "skipped"})
    orders.place("a")
    World(orders.store).strange_event(orders.stream("a"))

    follow(follower(subscription(Totals(), unreadable=Unreadable.SKIP)))

    skipped.moves_by(1)


def test_streams_that_are_parked(orders: Orders) -> None:
    failed = Watched("follow_failures_total", {**TOTALS, "then": "park"})
    replays = Watched("subscription_actions_total", {**TOTALS, "action": "replay"})
    orders.place("a", 2)
    one = follower(subscription(Totals(poison={("a", 1): ValueError()}), retries=()))
    follow(one)
    failed.moves_by(1)

    Operating(SystemClock()).replay("totals", None, WHY)
    follow(one)

    replays.moves_by(1)
    failed.moves_by(2)


ACTS: dict[str, Callable[[Operating, str], object]] = {
    "pause": lambda operating, _: operating.pause("totals", WHY),
    "resume": lambda operating, _: operating.resume("totals", WHY),
    "replay": lambda operating, stream: operating.replay("totals", stream, WHY),
    "skip": lambda operating, stream: operating.skip("totals", stream, WHY),
    "reset": lambda operating, _: operating.reset("totals", Start.NOW, WHY),
    "forget": lambda operating, _: operating.forget("totals", WHY),
}


@pytest.mark.parametrize("act", ACTS)
def test_what_people_did(orders: Orders, act: str) -> None:
    acted = Watched("subscription_actions_total", {**TOTALS, "action": act})
    orders.place("a")
    follow(follower(subscription(Totals(poison={("a", 1): ValueError()}), retries=())))

    ACTS[act](Operating(SystemClock()), orders.stream("a"))

    acted.moves_by(1)


def test_an_attempt_that_is_repeated(orders: Orders) -> None:
    tried = Watched("follow_failures_total", {**TOTALS, "then": "retry"})
    orders.place("a")

    follow(
        follower(subscription(Totals(poison={("a", 1): ValueError()}), retries=(60,)))
    )

    tried.moves_by(1)


def test_a_turn_that_is_repeated_for_all(orders: Orders) -> None:
    waited = Watched("follow_failures_total", {**TOTALS, "then": "wait"})
    totals = Totals(poison={("a", 1): TryLater()})
    orders.place("a")

    with at_work(subscription(totals)):
        until(lambda: told(waited.name, **waited.labels) > waited.before)
        totals.poison.clear()
        until(lambda: told("followed_events_total", **TOTALS, result="handled") > 0)


def test_how_it_stands(orders: Orders) -> None:
    made = subscription(
        Totals(poison={("a", 1): ValueError(), ("b", 1): ValueError()}),
        retries=(0, 600),
    )
    for name in "abc":
        orders.place(name)
    follower(made)  # the rows
    Operating(SystemClock()).pause("totals", WHY)

    with at_work(made):
        until(lambda: told("follow_lag_records", **TOTALS) == 3)
        Operating(SystemClock()).resume("totals", WHY)
        until(lambda: told("follow_lag_records", **TOTALS) == 0)
        until(lambda: told("parked_streams", **TOTALS, state="retrying") == 2)
    with at_work(subscription(made.handler, retries=(), version=2)):
        Operating(SystemClock()).replay("totals", orders.stream("a"), WHY)
        until(lambda: told("parked_streams", **TOTALS, state="parked") == 1)
        until(lambda: told("parked_streams", **TOTALS, state="retrying") == 1)
