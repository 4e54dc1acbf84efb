"""One round of a follower: how long it stays with a partition, when it stops, and what it does where another is at work."""

from __future__ import annotations

import random
from itertools import count, islice
from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction

from eventstore import metrics
from eventstore.clock import SystemClock
from eventstore.database import connect
from eventstore.errors import SubscriptionBehind
from eventstore.protocol.placement import place_of
from eventstore.queries.keyset import Wanted
from eventstore.queries.subscriptions import parked_streams
from eventstore.subscriptions import wait_for
from eventstore.subscriptions.follower import Follower
from eventstore.subscriptions.registering import register
from tests.support.clocks import MovableClock
from tests.support.following import (
    Orders,
    Totals,
    follow,
    follower,
    seen,
    subscription,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventstore.bus import Published

pytestmark = pytest.mark.usefixtures("transactional_db", "table")

TURNS = 20  # in one partition, before others are looked at


def written(orders: Orders, commits: int) -> None:
    orders.place("a")
    for _ in range(commits - 1):
        orders.change("a")


def test_it_stays_with_a_partition_for_so_many_turns(orders: Orders) -> None:
    one = follower(subscription(Totals(), most=1))
    written(orders, TURNS + 1)

    assert [one.round() for _ in range(3)] == [TURNS, 1, 0]
    assert seen() == {"a": [*range(1, TURNS + 2)]}


@pytest.mark.parametrize("turns", [0, 1, 2])
def test_it_stops_between_two_turns_when_it_is_told_to(
    orders: Orders, turns: int
) -> None:
    one = follower(subscription(Totals(), most=1))
    written(orders, 3)
    asked = count()

    assert one.round(lambda: next(asked) >= turns) == turns
    assert seen() == ({"a": [*range(1, turns + 1)]} if turns else {})


def test_where_another_is_at_work_it_finds_nothing_to_do(orders: Orders) -> None:
    one = follower(subscription(Totals()))
    written(orders, 1)

    with connect() as other, other.transaction():
        other.execute("SELECT 1 FROM eventstore_checkpoint FOR UPDATE")
        assert one.round() == 0

    assert one.round() == 1


def test_a_turn_is_a_transaction_of_its_own(orders: Orders) -> None:
    one = follower(subscription(Totals()))
    written(orders, 1)

    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        one.round()


def test_what_is_due_waits_while_the_index_is_behind(orders: Orders) -> None:
    clock = MovableClock()
    totals = Totals(poison={("a", 1): ValueError()})
    one = follower(subscription(totals, retries=(1,)), clock)
    written(orders, 1)
    follow(one)
    totals.poison.clear()
    clock.ahead = 2
    partition = orders.store.topics.partition_id(place_of(orders.stream("a"), 3))
    with connection.cursor() as cursor:
        cursor.execute('UPDATE eventstore_partition SET "cursor" = 0')

    assert not one.turn(partition).worked
    assert seen() == {}


def test_of_a_parked_stream_what_was_handled_holds_nobody_up(orders: Orders) -> None:
    clock = MovableClock()
    totals = Totals(poison={("a", 1): ValueError()})
    one = follower(subscription(totals, retries=(1,), most=1), clock)
    first, second = orders.place("a"), orders.change("a")
    follow(one)
    totals.poison.clear()
    clock.ahead = 2
    partition = orders.store.topics.partition_id(place_of(orders.stream("a"), 3))

    assert one.turn(partition).handled == 1

    wait_for("totals", first, 0.0)
    with pytest.raises(SubscriptionBehind):
        wait_for("totals", second, 0.0)


def test_what_is_committed_is_settled_with_the_culprits(
    orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = follower(subscription(Totals()))
    settled: list[dict[str, list[int]]] = []
    monkeypatch.setattr(one._culprits, "settled", lambda: settled.append(seen()))
    written(orders, 1)

    one.round()

    assert settled[0] == {"a": [1]}


@pytest.mark.parametrize("most", [1, 500])
def test_behind_a_batch_that_broke_each_commit_has_its_own_transaction(
    orders: Orders, most: int
) -> None:
    place = orders.store.topics.places[0]
    names = list(islice(orders.names(place.partition), 4))
    partition = orders.store.topics.partition_id(place)

    def breaks(event: Published) -> None:
        write("totals", event)
        if (event.stream_id, event.version) == (orders.stream(names[2]), 2):
            with connection.cursor() as cursor:
                cursor.execute("COMMIT")

    one = follower(subscription(breaks, retries=(), most=most))
    for name in names:
        orders.place(name, 2 if name == names[2] else 1)

    handled = [one.turn(partition).handled for _ in names]

    assert handled == [1, 1, 1, 1]
    found = parked_streams(Wanted(), "totals").rows
    assert [(row.stream_id, row.version) for row in found] == [
        (orders.stream(names[2]), 2)
    ]


def test_what_is_due_does_not_wait_for_the_end_of_what_is_new(orders: Orders) -> None:
    place = orders.store.topics.places[0]
    bad, new = islice(orders.names(place.partition), 2)
    partition = orders.store.topics.partition_id(place)
    clock = MovableClock()
    totals = Totals(poison={(bad, 1): ValueError()})
    one = follower(subscription(totals, retries=(1,), most=1), clock)
    orders.place(bad)
    follow(one)
    totals.poison.clear()
    clock.ahead = 2
    orders.place(new)
    for _ in range(2):
        orders.change(new)

    for _ in range(2):
        one.turn(partition)

    assert seen() == {bad: [1], new: [1]}


def limited(limit: Callable[[int], int | None]) -> Follower:
    made = subscription(Totals(), most=1)
    register(made, SystemClock())
    chance = random.Random(1)  # noqa: S311  (repeatable)
    return Follower(made, SystemClock(), chance, limit=limit)


@pytest.mark.parametrize("limit", [0, 1, 2, 3, 4, None])
def test_it_does_not_pass_its_limit(orders: Orders, limit: int | None) -> None:
    one = limited(lambda _: limit)
    written(orders, 3)

    handled = one.round()

    assert handled == min(3, 3 if limit is None else limit)
    assert seen() == ({"a": [*range(1, handled + 1)]} if handled else {})


def test_a_turn_is_ended_by_the_server_when_it_takes_as_long_as_it_may(
    orders: Orders,
) -> None:
    shown: list[str] = []

    def look(_event: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SHOW idle_in_transaction_session_timeout")
            shown.extend(row[0] for row in cursor.fetchall())

    one = follower(subscription(look, timeout_s=90.0))
    written(orders, 1)

    one.round()

    assert shown == ["90s"]


def test_what_a_handler_did_to_a_session_that_it_broke_is_counted_and_gone(
    orders: Orders,
) -> None:
    def broken() -> float:
        return float(metrics.FOLLOW_FAILURES.labels("totals", "broke")._value.get())

    names: list[str] = []

    def breaks(event: Published) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SHOW application_name")
            names.extend(row[0] for row in cursor.fetchall())
            if event.stream_id == orders.stream("a"):
                cursor.execute("SET application_name = 'mine'")
                cursor.execute("COMMIT")

    before = broken()
    one = follower(subscription(breaks, retries=()))
    for name in "ab":  # one after the other: in one partition they would come together
        orders.place(name)
        follow(one)

    assert len(names) == 2
    assert "mine" not in names
    assert broken() == before + 1
