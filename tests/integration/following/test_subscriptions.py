"""Subscriptions hand over every accepted event once and in order; what fails stops its stream alone."""

from __future__ import annotations

import sys
from itertools import islice
from typing import TYPE_CHECKING

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, transaction

from eventstore.clock import SystemClock
from eventstore.errors import (
    StreamNotParked,
    StreamParked,
    SubscriptionBehind,
    SubscriptionNotFound,
    SubscriptionSuperseded,
)
from eventstore.queries.keyset import Wanted
from eventstore.queries.subscriptions import actions, parked_streams, status_of
from eventstore.subscriptions import Start, TryLater, Unreadable, wait_for
from eventstore.subscriptions.operating import Operating, Order
from eventstore.testing.shop import OrderChanged
from eventstore.upkeep.rebuild import refold, reset
from tests.support.clocks import MovableClock
from tests.support.following import (
    Orders,
    Totals,
    follow,
    follower,
    seen,
    subscription,
    versions,
)
from tests.support.snapshotting import World

if TYPE_CHECKING:
    from eventstore.bus import Published
    from eventstore.events import Position

pytestmark = pytest.mark.usefixtures("transactional_db", "table")


def test_every_event_is_handed_over_once_and_in_order(orders: Orders) -> None:
    orders.place("a", 3)
    orders.place("b", 2)
    one = follower(subscription(Totals()))

    follow(one)
    orders.change("a")
    follow(one)

    assert seen() == {"a": [1, 2, 3, 4], "b": [1, 2]}


def test_a_follower_that_is_new_begins_where_it_says(orders: Orders) -> None:
    orders.place("a", 3)
    from_now = follower(subscription(Totals("now"), name="now", start=Start.NOW))
    orders.change("a")
    cut = orders.store.catch_up(orders.store.topics.places, timeout_s=5)
    from_cut = follower(subscription(Totals("cut"), name="cut", start=cut))
    orders.change("a")

    follow(from_now)
    follow(from_cut)

    assert seen("now") == {"a": [4, 5]}
    assert seen("cut") == {"a": [5]}


@pytest.mark.parametrize("most", [1, 2, 500])
def test_only_the_types_that_are_wanted_come(orders: Orders, most: int) -> None:
    orders.place("a", 3)
    orders.place("b", 1)
    orders.place("c", 2)
    one = follower(subscription(Totals(), types=[OrderChanged], most=most))

    follow(one)

    assert seen() == {"a": [2, 3], "c": [2]}
    assert status_of("totals", SystemClock().now()).lag == 0


def test_a_batch_handler_gets_what_stands_in_one_partition(orders: Orders) -> None:
    batches: list[list[int]] = []
    orders.place("a", 3)
    one = follower(
        subscription(None, batch_handler=lambda some: batches.append(versions(some)))
    )

    follow(one)

    assert batches == [[1, 2, 3]]


def test_coroutines_write_in_the_same_transaction(orders: Orders) -> None:
    totals = Totals(poison={("a", 2): ValueError()})

    async def handle(event: Published) -> None:
        await sync_to_async(totals)(event)

    orders.place("a", 3)
    follow(follower(subscription(handle)))

    assert seen() == {"a": [1]}


def test_what_fails_stops_its_stream_and_no_other(orders: Orders) -> None:
    clock = MovableClock()
    totals = Totals(poison={("a", 2): ValueError("a secret")})
    orders.place("a", 3)
    for name in ("b", "c", "d", "e"):
        orders.place(name, 2)
    one = follower(subscription(totals, retries=(1, 5)), clock)

    follow(one)
    orders.change("a")
    orders.change("b")
    follow(one)

    others = {name: [1, 2] for name in ("c", "d", "e")}
    assert seen() == {"a": [1], "b": [1, 2, 3], **others}
    [row] = parked_streams(Wanted(), "totals").rows
    assert (row.stream_id, row.version, row.attempts) == (orders.stream("a"), 2, 1)
    assert row.error == "ValueError"
    assert row.place.startswith("tests.support.following:")
    assert row.waiting == 3

    totals.poison.clear()
    clock.ahead += 1.1
    follow(one)

    assert seen()["a"] == [1, 2, 3, 4]
    assert not parked_streams(Wanted(), "totals").rows


def test_after_the_last_retry_a_person_must_look(orders: Orders) -> None:
    clock = MovableClock()
    totals = Totals(poison={("a", 2): ValueError()})
    orders.place("a", 3)
    one = follower(subscription(totals, retries=(1, 5)), clock)
    follow(one)
    for wait in (1.1, 5.1, 1_000):
        clock.ahead += wait
        follow(one)

    [row] = parked_streams(Wanted(), "totals").rows
    assert (row.attempts, row.retry_at) == (3, None)
    how = status_of("totals", clock.now())
    assert (how.retrying, how.parked, how.lag) == (0, 1, 0)


def test_a_replay_is_tried_at_once_and_its_reason_kept(orders: Orders) -> None:
    totals = Totals(poison={("a", 2): ValueError()})
    orders.place("a", 3)
    one = follower(subscription(totals, retries=()))
    follow(one)
    totals.poison.clear()

    told = Operating(SystemClock()).replay(
        "totals", orders.stream("a"), Order("ann", "mended")
    )
    follow(one)

    assert told == 1
    assert seen() == {"a": [1, 2, 3]}
    [row] = actions("totals")
    assert (row.action, row.done_by, row.reason) == ("replay", "ann", "mended")
    assert row.detail == "version 2, OrderChanged: ValueError"


def test_a_skip_leaves_one_event_out(orders: Orders) -> None:
    totals = Totals(poison={("a", 2): ValueError()})
    orders.place("a", 4)
    one = follower(subscription(totals, retries=()))
    follow(one)

    Operating(SystemClock()).skip("totals", orders.stream("a"), Order("ann", "no use"))
    follow(one)

    assert seen() == {"a": [1, 3, 4]}
    how = status_of("totals", SystemClock().now())
    assert (how.handled, how.skipped, how.parked) == (3, 1, 0)
    assert actions("totals")[0].position == orders_position(orders, "a", 2)


def orders_position(orders: Orders, name: str, version: int) -> Position:
    [event] = orders.store.read(orders.stream(name), version, version)
    return event.position


def test_only_what_is_parked_can_be_replayed_or_skipped(orders: Orders) -> None:
    orders.place("a")
    follow(follower(subscription(Totals())))
    operating = Operating(SystemClock())

    for name in ("skip", "replay"):
        with pytest.raises(StreamNotParked):
            getattr(operating, name)("totals", orders.stream("a"), Order("ann", "why"))
    assert not actions("totals")


@pytest.mark.parametrize(
    ("by", "reason"), [("", "x"), ("ann", " "), ("ann", "x" * 501)]
)
def test_an_order_says_who_and_why(by: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r"Name|reason"):
        Order(by, reason)


def test_a_paused_one_does_nothing_until_it_is_resumed(orders: Orders) -> None:
    operating, order = Operating(SystemClock()), Order("ann", "a look")
    one = follower(subscription(Totals()))
    operating.pause("totals", order)
    orders.place("a")
    follow(one)
    assert seen() == {}
    assert status_of("totals", SystemClock().now()).paused

    operating.resume("totals", order)
    follow(one)

    assert seen() == {"a": [1]}


def test_after_a_reset_nothing_happens_for_the_first_time(orders: Orders) -> None:
    totals = Totals()
    orders.place("a", 2)
    one = follower(subscription(totals))
    follow(one)
    Operating(SystemClock()).reset("totals", Start.BEGINNING, Order("ann", "new table"))
    orders.change("a")

    follow(one)

    assert seen() == {"a": [1, 2, 1, 2, 3]}
    assert [event.live for event in totals.handed] == [True, True, False, False, True]


def test_trying_later_parks_nobody(orders: Orders) -> None:
    totals = Totals(poison={("a", 2): TryLater()})
    orders.place("a", 3)
    one = follower(subscription(totals))
    for _ in range(3):
        with pytest.raises(TryLater):
            follow(one)
    assert seen() == {}
    totals.poison.clear()

    follow(one)

    assert seen() == {"a": [1, 2, 3]}


def test_what_a_handler_rolls_back_is_not_taken_for_handled(orders: Orders) -> None:
    def handle(event: Published) -> None:
        Totals()(event)
        transaction.set_rollback(True)

    orders.place("a")
    follow(follower(subscription(handle, retries=())))

    assert seen() == {}
    [row] = parked_streams(Wanted(), "totals").rows
    assert row.error == "HandlerRolledBack"


def test_a_broken_statement_is_the_events_fault(orders: Orders) -> None:
    def handle(event: Published) -> None:
        Totals()(event)
        if event.version == 2:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 / 0")

    orders.place("a", 2)
    orders.place("b", 1)
    follow(follower(subscription(handle, retries=())))

    assert seen() == {"a": [1], "b": [1]}


@pytest.mark.parametrize("unreadable", Unreadable)
def test_what_nobody_can_read_is_parked_or_counted(
    orders: Orders, unreadable: Unreadable
) -> None:
    orders.place("a", 1)
    World(orders.store).strange_event(orders.stream("a"))
    orders.change("a")
    one = follower(subscription(Totals(), unreadable=unreadable))

    follow(one)

    how = status_of("totals", SystemClock().now())
    if unreadable is Unreadable.SKIP:
        assert seen() == {"a": [1, 3]}
        assert (how.skipped, how.parked) == (1, 0)
    else:
        assert seen() == {"a": [1]}
        [row] = parked_streams(Wanted(), "totals").rows
        assert (row.error, row.retry_at) == ("unknown-type", None)


def test_newer_code_takes_over_and_older_is_refused(orders: Orders) -> None:
    older = follower(subscription(Totals("old")))
    orders.place("a")
    follow(older)

    newer = follower(subscription(Totals("new"), version=2))
    orders.change("a")
    follow(older)
    follow(newer)

    assert (seen("old"), seen("new")) == ({"a": [1]}, {"a": [2]})
    with pytest.raises(SubscriptionSuperseded):
        follower(subscription(Totals("old")))


def test_a_checkpoint_beyond_the_index_waits(orders: Orders) -> None:
    orders.place("a", 2)
    one = follower(subscription(Totals()))
    follow(one)
    with orders.store.indexer() as indexer:
        reset(indexer.connection())
        follow(one)
        assert status_of("totals", SystemClock().now()).beyond == 1
        refold(indexer, progress=lambda *_: None)
    orders.change("a")

    follow(one)

    assert seen() == {"a": [1, 2, 3]}
    assert status_of("totals", SystemClock().now()).beyond == 0


def test_waiting_ends_when_it_is_handled_or_says_why_not(orders: Orders) -> None:
    totals = Totals(poison={("b", 1): ValueError()})
    one = follower(subscription(totals, retries=()))
    written = orders.place("a")

    with pytest.raises(SubscriptionBehind) as behind:
        wait_for("totals", written, 0.0)
    assert behind.value.records == 1
    wait_for("totals", written, 5.0, sleep=lambda _: follow(one))
    stuck = orders.place("b")
    with pytest.raises(StreamParked):
        wait_for("totals", stuck, 5.0, sleep=lambda _: follow(one))
    with pytest.raises(SubscriptionNotFound):
        wait_for("nobody", written, 0.0)


def test_many_parked_events_are_handled_in_pieces(orders: Orders) -> None:
    totals = Totals(poison={("a", 1): ValueError()})
    orders.place("a", 7)
    for _ in range(5):
        orders.change("a")
    one = follower(subscription(totals, retries=(), most=2))
    follow(one)
    assert seen() == {}
    totals.poison.clear()

    Operating(SystemClock()).replay("totals", None, Order("ann", "mended"))
    follow(one)

    assert seen() == {"a": list(range(1, 13))}


def test_a_slow_handler_gets_its_work_committed_in_between(orders: Orders) -> None:
    clock = MovableClock()
    begun: list[int] = []
    orders.place("a", 2)
    World(orders.store).strange_event(orders.stream("a"))
    for _ in range(3):
        orders.change("a")
    totals = Totals()

    def handle(event: Published) -> None:
        begun.append(status_of("totals", SystemClock().now()).handled)
        totals(event)
        clock.ahead += 0.6

    made = subscription(handle, unreadable=Unreadable.SKIP)
    follow(follower(made, clock))

    assert seen() == {"a": [1, 2, 4, 5, 6]}
    assert begun == [0, 0, 2, 2, 4]  # committed after the second and the fourth
    assert status_of("totals", SystemClock().now()).skipped == 1


def test_what_is_tried_again_and_what_is_new_take_turns(orders: Orders) -> None:
    clock = MovableClock()
    place = orders.store.topics.places[0]
    bad = list(islice(orders.names(place.partition, "old"), 5))
    new = next(orders.names(place.partition, "new"))
    totals = Totals(poison={(name, 1): ValueError() for name in bad})
    for name in bad:
        orders.place(name)
    one = follower(subscription(totals, retries=(1,) * 9), clock)
    follow(one)
    clock.ahead += 1.1
    orders.place(new)
    totals.handed.clear()

    for _ in range(2):
        one.turn(orders.store.topics.partition_id(place))

    handed = {event.stream_id.partition(".")[2] for event in totals.handed}
    assert new in handed
    assert len(handed) == 2


def test_a_row_that_leads_nowhere_is_the_events_fault(orders: Orders) -> None:
    """Such a constraint is asked at the commit, as Django's foreign keys are."""

    def handle(event: Published) -> None:
        with connection.cursor() as cursor:
            wrong = event.version == 2
            cursor.execute("INSERT INTO follow_leads VALUES (%s)", [0 if wrong else 1])
        Totals()(event)

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE follow_targets (id int PRIMARY KEY)")
        cursor.execute("INSERT INTO follow_targets VALUES (1)")
        cursor.execute(
            "CREATE TABLE follow_leads (target int REFERENCES follow_targets DEFERRABLE INITIALLY DEFERRED)"
        )
    try:
        orders.place("a", 3)
        orders.place("b", 1)
        follow(follower(subscription(handle, retries=())))

        assert seen() == {"a": [1], "b": [1]}
        [row] = parked_streams(Wanted(), "totals").rows
        assert (row.version, row.error) == (2, "IntegrityError")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE follow_leads, follow_targets")


def test_a_handler_that_wants_to_exit_has_its_stream_parked(orders: Orders) -> None:
    def handle(event: Published) -> None:
        Totals()(event)
        if event.version == 2:
            sys.exit("a legacy library did this")

    orders.place("a", 3)
    orders.place("b", 1)
    follow(follower(subscription(handle, retries=())))

    assert seen() == {"a": [1], "b": [1]}
    [row] = parked_streams(Wanted(), "totals").rows
    assert (row.version, row.error) == (2, "HandlerExited")
