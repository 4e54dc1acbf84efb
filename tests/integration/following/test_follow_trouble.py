"""What goes wrong under a follower's feet loses nothing, doubles nothing, and stops no more than its own stream."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import sync_to_async
from django.db import (
    NotSupportedError,
    OperationalError,
    connection,
    connections,
    transaction,
)

from eventstore.clock import SystemClock
from eventstore.database import connect
from eventstore.errors import IndexRebuilt, SubscriptionNotFound
from eventstore.events import Cut, Place, Position
from eventstore.queries import following, walking
from eventstore.queries.connection import reading_cursor
from eventstore.queries.keyset import Wanted
from eventstore.queries.subscriptions import parked_streams, status_of
from eventstore.queries.walking import walk_after
from eventstore.subscriptions import await_for, wait_for, waiting
from eventstore.subscriptions import follower as followers
from eventstore.subscriptions.delivery import deliveries
from eventstore.subscriptions.operating import Operating, Order
from eventstore.subscriptions.worker import Worker
from eventstore.testing.shop import OrderChanged
from eventstore.upkeep.rebuild import refold, reset
from tests.plugins.kafka_logs import until
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
    from collections.abc import Iterator

    from eventstore.bus import Published
    from eventstore.subscriptions.follower import Follower

pytestmark = pytest.mark.usefixtures("transactional_db", "table")

BY_ANN = Order("ann", "to see")


def parked() -> dict[str, str]:
    """The errors, by the stream's own name."""
    rows = parked_streams(Wanted(), "totals").rows
    return {row.stream_id.partition(".")[2]: row.error for row in rows}


def empty_the_index() -> None:
    with connect() as own:
        reset(own)


def the_partition() -> int:
    """That of all the events of a test."""
    with connection.cursor() as cursor:
        cursor.execute('SELECT id FROM eventstore_partition WHERE "cursor" > 0')
        [(found,)] = cursor.fetchall()
    return int(found)


@contextmanager
def working(one: Follower, **given: Any) -> Iterator[dict[str, str]]:
    """A worker with this follower; what its `run` answers is there in the end."""
    stop, answer = threading.Event(), dict[str, str]()
    worker = Worker([one], connect, SystemClock(), **given)
    thread = threading.Thread(target=lambda: answer.update(worker.run(stop)))
    thread.start()
    try:
        yield answer
    finally:
        stop.set()
        thread.join()


def test_a_parked_stream_is_not_forgotten_while_the_index_is_built_anew(
    orders: Orders,
) -> None:
    clock = MovableClock()
    totals = Totals(poison={("a", 2): ValueError()})
    orders.place("a", 3)
    one = follower(subscription(totals, retries=(1,)), clock)
    follow(one)
    totals.poison.clear()
    clock.ahead += 2

    with orders.store.indexer() as indexer:
        reset(indexer.connection())
        follow(one)
        assert parked() == {"a": "ValueError"}
        refold(indexer, progress=lambda *_: None)
    follow(one)

    assert (seen(), parked()) == ({"a": [1, 2, 3]}, {})


@pytest.mark.parametrize("read", ["next_records", "next_wanted", "waiting_records"])
def test_an_index_that_is_emptied_in_the_middle_of_a_turn_is_not_taken_for_its_end(
    orders: Orders, monkeypatch: pytest.MonkeyPatch, read: str
) -> None:
    totals = Totals(poison={("a", 2): ValueError()})
    orders.place("a", 3)
    types = [OrderChanged] if read == "next_wanted" else None
    one = follower(subscription(totals, retries=(0, 0), types=types))
    if read == "waiting_records":
        one.turn(the_partition())
    before = status_of("totals", SystemClock().now())

    def between(*args: Any, **given: Any) -> Any:
        empty_the_index()
        return getattr(following, read)(*args, **given)

    monkeypatch.setattr(followers, read, between)
    with pytest.raises(IndexRebuilt):
        one.turn(the_partition())

    now = status_of("totals", SystemClock().now())
    assert (now.retrying, now.handled) == (before.retrying, before.handled)


def test_a_cut_does_not_pass_what_was_emptied_while_it_was_looked_for(
    orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders.place("a", 3)
    topics = list({place.topic for place in orders.store.topics.places})

    class Walk(walking._Walk):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            if self._end:
                empty_the_index()

    monkeypatch.setattr(walking, "_Walk", Walk)
    with reading_cursor() as cursor:
        events, cut = walk_after(cursor, Cut(), topics, 10)

    assert (list(events), cut) == ([], Cut())


def test_a_statement_that_postgresql_does_not_support_is_the_events_fault(
    orders: Orders,
) -> None:
    def handle(event: Published) -> None:
        write("totals", event)
        if event.stream_id == orders.stream("a"):
            with connection.cursor() as cursor:
                cursor.execute("SELECT DISTINCT n FROM follow_seen FOR UPDATE")

    orders.place("a")
    orders.place("b")
    follow(follower(subscription(handle)))

    assert (seen(), parked()) == ({"b": [1]}, {"a": "NotSupportedError"})


def test_a_migration_that_went_by_is_nobodys_fault(orders: Orders) -> None:
    def handle(_event: Published) -> None:
        with connection.cursor() as cursor:
            for _ in range(2):
                cursor.execute("EXECUTE columns_of_seen")
                cursor.execute("ALTER TABLE follow_seen ADD COLUMN more int")

    with connection.cursor() as cursor:
        cursor.execute("PREPARE columns_of_seen AS SELECT * FROM follow_seen")
    orders.place("a")

    with pytest.raises(NotSupportedError):
        follow(follower(subscription(handle)))

    connection.close()
    assert parked() == {}


def test_a_coroutine_that_was_cancelled_is_the_events_fault(orders: Orders) -> None:
    async def handle(event: Published) -> None:
        if event.stream_id == orders.stream("a"):
            raise asyncio.CancelledError
        await sync_to_async(write)("totals", event)

    orders.place("a")
    orders.place("b")
    follow(follower(subscription(handle)))

    assert (seen(), parked()) == ({"b": [1]}, {"a": "HandlerCancelled"})


def test_what_a_handler_has_done_at_the_commit_hides_no_parked_stream(
    orders: Orders, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ValueError

    def handle(event: Published) -> None:
        if event.stream_id == orders.stream("a"):
            raise KeyError
        write("totals", event)
        transaction.on_commit(fail)

    orders.place("a")
    for name in "bcdefgh":  # some in its partition
        orders.place(name)
    one = follower(subscription(handle, retries=()))
    for _ in range(9):
        with suppress(ValueError):
            follow(one)

    assert (len(seen()), parked()) == (7, {"a": "KeyError"})
    assert "a stream is parked" in caplog.text


def test_a_code_that_is_a_text_is_not_kept(orders: Orders) -> None:
    class ToldError(Exception):
        code = "Jane Doe is not known"

    orders.place("a")
    follow(follower(subscription(Totals(poison={("a", 1): ToldError()}), retries=())))

    assert parked() == {"a": "ToldError"}


def test_a_coroutine_that_waits_holds_nobody_up(
    orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower(subscription(Totals()))
    written = orders.place("a")
    looks: list[str] = []

    async def wait(name: str) -> None:
        looks.append(name)
        monkeypatch.setattr(
            waiting, "_lacking", lambda *_: 0 if {"a", "b"} <= {*looks} else 1
        )
        await await_for("totals", written, 120)

    async def both() -> None:
        first = asyncio.create_task(wait("a"))
        await sync_to_async(len)(looks)  # behind the first's look, in the same thread
        await asyncio.gather(first, wait("b"))
        await sync_to_async(connections.close_all)()

    asyncio.run(both())


def test_a_subscription_that_is_forgotten_under_its_worker_ends(
    orders: Orders,
) -> None:
    orders.place("a", 3)
    with working(follower(subscription(Totals()))) as ended:
        until(lambda: seen() == {"a": [1, 2, 3]})
        Operating(SystemClock()).forget("totals", BY_ANN)
        until(lambda: bool(ended))

    assert ended == {"totals": "subscription-not-found"}
    assert seen() == {"a": [1, 2, 3]}


def test_who_goes_on_is_asked_again_where_it_could_not_be_told(orders: Orders) -> None:
    older = follower(subscription(Totals()))
    newer = follower(subscription(Totals(), version=2))
    answers: list[Exception | Follower] = [OperationalError(), newer]

    def renewed(_older: Follower) -> Follower:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with working(older, renewed=renewed):
        orders.place("a")
        until(lambda: seen() == {"a": [1]})


def test_partitions_that_are_new_are_followed_without_a_restart(
    orders: Orders,
) -> None:
    one = follower(subscription(Totals()))
    with connection.cursor() as cursor:  # as if they had not been there
        cursor.execute(
            "DELETE FROM eventstore_checkpoint WHERE partition_id > (SELECT min(partition_id) FROM eventstore_checkpoint)"
        )
    orders.place("a")
    orders.place("b")
    with working(one):
        until(lambda: seen() == {"a": [1], "b": [1]})


def test_streams_that_newer_code_does_not_want_are_not_handed_over() -> None:
    made = subscription(Totals(), streams=["other"])
    event = b'{"event_id":"7f1d3a52-5b1f-4c55-9a11-0a6c6a4b1c01","type":"T","schema":1'
    event += b',"occurred_at":"2026-01-01T00:00:00Z","correlation_id":null,"causation_id":null,"data":{}}'
    value = b'{"commit_id":"0b0b8f3e-7c0f-4f1b-8a49-8d2f4b0c6d02","stream_id":"order.a","events":[%b]}'
    rows = [(1 << 57, SystemClock().now(), 1, value % event)]

    assert [*deliveries(rows, made, first_time_from=0)] == []


def test_cuts_of_other_stores_are_refused(orders: Orders) -> None:
    orders.place("a")
    follow(follower(subscription(Totals())))
    topic = orders.store.topics.places[0].topic
    operating = Operating(SystemClock())

    for place, offset in ((Place("eventstore.other", 0), 1), (Place(topic, 0), 99)):
        with pytest.raises(ValueError, match=r"eventstore|folded"):
            operating.reset("totals", Cut({place: offset}), BY_ANN)
    with pytest.raises(ValueError, match="no partition"):
        wait_for("totals", Position(topic, 400, 0, 0), 0.0)
    with pytest.raises(SubscriptionNotFound):
        wait_for("nobody", Cut(), 0.0)
    assert status_of("totals", SystemClock().now()).lag == 0
