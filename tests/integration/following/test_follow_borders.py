"""Where a follower's limits fall: inside a commit, at its last event, between two streams that are due."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import count, groupby, islice, permutations
from operator import itemgetter
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.db import connection, transaction

from eventstore.events import MAX_COMMIT_EVENTS
from eventstore.queries.keyset import Wanted
from eventstore.queries.limits import Stretch
from eventstore.queries.subscriptions import parked_streams
from eventstore.subscriptions import parking
from eventstore.subscriptions.delivery import Delivery
from eventstore.subscriptions.failures import Failure
from eventstore.subscriptions.follower import Follower
from eventstore.subscriptions.registering import register
from eventstore.testing.shop import OrderChanged, OrderPlaced
from tests.support.clocks import MovableClock, StillClock
from tests.support.connections import committing
from tests.support.following import (
    Orders,
    Totals,
    follow,
    follower,
    seen,
    subscription,
)

if TYPE_CHECKING:
    from eventstore.bus import Published

pytestmark = pytest.mark.usefixtures("transactional_db", "table")

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def parked() -> dict[str, int]:
    """The versions at which streams are parked, by the stream's own name."""
    rows = parked_streams(Wanted(), "totals").rows
    return {row.stream_id.partition(".")[2]: row.version for row in rows}


# ---- how far one statement looks


@pytest.mark.parametrize("most", [1, 2, 3, 500])
@pytest.mark.parametrize("rows", range(1, 9))
def test_a_stretch_that_ends_inside_a_commit_hands_over_each_event_once(
    orders: Orders, rows: int, most: int
) -> None:
    clock = MovableClock()
    made = subscription(Totals(), types=[OrderChanged], most=most)
    register(made, clock)
    for n in range(3):
        orders.place(f"o{n}", 1 + n)
        orders.change(f"o{n}")
    chance = random.Random(1)  # noqa: S311  (repeatable)

    follow(Follower(made, clock, chance, pages=Stretch(rows, 10**6)))

    assert seen() == {f"o{n}": list(range(2, 3 + n)) for n in range(3)}


# ---- a commit as long as commits may be


@pytest.mark.parametrize("version", [1, 2, MAX_COMMIT_EVENTS - 1, MAX_COMMIT_EVENTS])
def test_a_stream_that_is_parked_within_the_longest_commit_goes_on_there(
    orders: Orders, version: int
) -> None:
    clock = MovableClock()
    totals = Totals(poison={("a", version): ValueError()})
    orders.place("a", MAX_COMMIT_EVENTS)
    orders.change("a")
    one = follower(subscription(totals, retries=(1,)), clock)
    follow(one)
    assert parked() == {"a": version}
    totals.poison.clear()
    clock.ahead += 2

    follow(one)

    assert seen() == {"a": list(range(1, MAX_COMMIT_EVENTS + 2))}
    assert parked() == {}


# ---- what is written is kept


@pytest.mark.parametrize(
    ("what", "setting"), [("handled", "on"), ("failed", "on"), ("passed", "off")]
)
def test_a_checkpoint_is_durable_where_something_hangs_on_it(
    orders: Orders, what: str, setting: str
) -> None:
    poison: dict[tuple[str, int], Exception] = {("a", 1): ValueError()}
    totals = Totals(poison=poison if what == "failed" else {})
    types = [OrderChanged if what == "passed" else OrderPlaced]
    one = follower(subscription(totals, types=types))
    orders.place("a")

    with committing("eventstore_checkpoint", "UPDATE") as settings:
        follow(one)

    assert settings == [setting]
    assert (seen(), parked()) == {
        "handled": ({"a": [1]}, {}),
        "failed": ({}, {"a": 1}),
        "passed": ({}, {}),
    }[what]


# ---- of several streams that are due


@pytest.mark.parametrize("by_the_index", [True, False])
@pytest.mark.parametrize("waits", list(permutations((1, 2, 3))))
def test_the_stream_that_is_due_for_the_longest_is_tried_first(
    waits: tuple[int, ...], *, by_the_index: bool
) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        if not by_the_index:  # which gives this order by itself
            cursor.execute("SET LOCAL enable_indexscan = off")
            cursor.execute("SET LOCAL enable_bitmapscan = off")
        for wait in waits:
            delivery = Delivery(
                wait, f"order.{wait}", 1, "OrderPlaced", uuid4(), None, NOW, None
            )
            parking.park(
                cursor,
                "totals",
                7,
                delivery,
                Failure("ValueError", ""),
                attempts=1,
                retries=[wait],
                now=NOW,
            )
        tried: list[str] = []
        while due := parking.due(cursor, "totals", 7, NOW + timedelta(seconds=2)):
            tried.append(due.stream_id)
            parking.done(cursor, "totals", due.stream_id)

    assert tried == ["order.1", "order.2"]


def test_a_stream_that_another_subscription_has_parked_is_handled(
    orders: Orders,
) -> None:
    poison: dict[tuple[str, int], Exception] = {("a", 1): ValueError()}
    orders.place("a", 2)
    follow(follower(subscription(Totals("other", poison), name="other", retries=())))

    follow(follower(subscription(Totals())))

    assert (seen("other"), seen()) == ({}, {"a": [1, 2]})


# ---- a handler that takes long

COMMITS = [(4, 1, 1), (1, 4, 1), (2, 3, 2), (5,)]  # events of each
SECONDS = [
    0.3,
    0.6,
    2.0,
]  # for each event; a transaction is brought to its end after one


@pytest.mark.parametrize("seconds", SECONDS)
@pytest.mark.parametrize("commits", COMMITS)
def test_a_slow_handler_has_its_commits_whole(
    orders: Orders, commits: tuple[int, ...], seconds: float
) -> None:
    totals = Slow(seconds)
    _write(orders, commits)

    follow(follower(subscription(totals), totals.clock))

    assert seen() == {"a": list(range(1, sum(commits) + 1))}
    assert totals.transactions() == _transactions(commits, seconds)


@pytest.mark.parametrize("seconds", SECONDS)
@pytest.mark.parametrize("commits", COMMITS)
def test_a_slow_handler_of_a_parked_stream_has_its_commits_whole(
    orders: Orders, commits: tuple[int, ...], seconds: float
) -> None:
    totals = Slow(seconds, poison={("a", 1): ValueError()})
    _write(orders, commits)
    one = follower(subscription(totals, retries=(1,)), totals.clock)
    follow(one)
    assert seen() == {}
    totals.poison.clear()
    totals.handled.clear()
    totals.clock.ahead += 9

    follow(one)

    assert seen() == {"a": list(range(1, sum(commits) + 1))}
    assert totals.transactions() == _transactions(commits, seconds)


class Slow(Totals):
    """Takes so long for each event by a clock that nothing else moves, and notes in which transaction that was."""

    def __init__(
        self, seconds: float, poison: dict[tuple[str, int], Exception] | None = None
    ) -> None:
        super().__init__(poison=poison or {})
        self.clock, self.seconds = StillClock(), seconds
        self.handled: list[tuple[str, int]] = []

    def __call__(self, event: Published) -> None:
        """Handle one."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()::text")
            [(found,)] = cursor.fetchall()
        self.handled.append((found, event.version))
        self.clock.ahead += self.seconds
        super().__call__(event)

    def transactions(self) -> list[list[int]]:
        """The versions that were handled in each."""
        found = groupby(self.handled, key=itemgetter(0))
        return [[version for _, version in some] for _, some in found]


def _write(orders: Orders, commits: tuple[int, ...]) -> None:
    orders.place("a", commits[0])
    for events in commits[1:]:
        orders.change_often("a", events)


def _transactions(commits: tuple[int, ...], seconds: float) -> list[list[int]]:
    """A commit is begun as long as the transaction has not lasted for a second."""
    found: list[list[int]] = [[]]
    versions = count(1)
    for events in commits:
        if len(found[-1]) * seconds > 1.0:
            found.append([])
        found[-1] += islice(versions, events)
    return found
