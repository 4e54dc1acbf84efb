"""What people do to a subscription: that it is done, written down with who and why, told to all followers, and to no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import OperationalError, connection, transaction

from eventstore import metrics
from eventstore.clock import SystemClock
from eventstore.database import Condition, condition_of, connect
from eventstore.errors import StreamNotParked, SubscriptionNotFound
from eventstore.events import Cut
from eventstore.indexer.statements import FOLDED
from eventstore.protocol.placement import place_of
from eventstore.queries.keyset import Wanted
from eventstore.queries.subscriptions import actions, parked_streams, status_of
from eventstore.subscriptions.checkpoint_rows import offset_of
from eventstore.subscriptions.operating import Operating, Order
from eventstore.subscriptions.subscription import Start
from tests.support.following import Orders, Totals, follow, follower, subscription

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("transactional_db", "table")

ANN = Order(by="ann", reason=" a look ")
# By name: what is done, what is written of it, and whether it is of the stream.
ACTS: dict[str, tuple[Callable[[Operating, str], object], str, bool]] = {
    "pause": (lambda o, _: o.pause("totals", ANN), "", False),
    "resume": (lambda o, _: o.resume("totals", ANN), "", False),
    "reset": (
        lambda o, _: o.reset("totals", Start.BEGINNING, ANN),
        "to beginning",
        False,
    ),
    "replay": (
        lambda o, s: o.replay("totals", s, ANN),
        "version 2, OrderChanged: ValueError",
        True,
    ),
    "skip": (
        lambda o, s: o.skip("totals", s, ANN),
        "version 2, OrderChanged: ValueError",
        True,
    ),
    "forget": (lambda o, _: o.forget("totals", ANN), "", False),
}


LEFT = """
SELECT (SELECT count(*) FROM eventstore_subscription), (SELECT count(*) FROM eventstore_checkpoint),
       (SELECT count(*) FROM eventstore_parkedstream)
"""


@pytest.fixture
def stream(orders: Orders) -> str:
    """A stream of three events, parked at the second."""
    orders.place("a", 3)
    poison: dict[tuple[str, int], Exception] = {("a", 2): ValueError()}
    follow(follower(subscription(Totals(poison=poison), retries=())))
    return orders.stream("a")


@pytest.fixture
def operating() -> Operating:
    return Operating(SystemClock())


@pytest.mark.parametrize("name", ACTS)
def test_each_act_is_written_down_with_who_and_why(
    stream: str, operating: Operating, name: str
) -> None:
    do, detail, is_of_stream = ACTS[name]
    counter = metrics.FOLLOW_ACTIONS.labels("totals", name)
    before = float(counter._value.get())

    do(operating, stream)

    assert float(counter._value.get()) == before + 1
    [row] = actions("totals")
    assert (row.action, row.done_by, row.reason) == (name, "ann", "a look")
    assert (row.detail, row.stream_id) == (detail, stream if is_of_stream else None)
    assert (row.position is not None) == (name == "skip")


@pytest.mark.parametrize("name", ACTS)
def test_each_act_wakes_all_followers(
    stream: str, operating: Operating, name: str
) -> None:
    with connect() as listening:
        listening.execute(f"LISTEN {FOLDED}")

        ACTS[name][0](operating, stream)

        told = [*listening.notifies(timeout=10, stop_after=1)]
    assert [(one.channel, one.payload) for one in told] == [(FOLDED, "")]


@pytest.mark.parametrize("name", ACTS)
def test_nothing_is_done_to_whom_there_is_not(
    orders: Orders, operating: Operating, name: str
) -> None:
    with pytest.raises(SubscriptionNotFound):
        ACTS[name][0](operating, orders.stream("a"))

    assert not actions("totals")


@pytest.mark.parametrize("name", ACTS)
def test_who_has_no_patience_left_does_nothing(stream: str, name: str) -> None:
    hasty = Operating(SystemClock(), patience_s=0.001)
    with connect() as other, other.transaction():
        other.execute("SELECT 1 FROM eventstore_checkpoint FOR UPDATE")

        with pytest.raises(OperationalError) as refused:
            ACTS[name][0](hasty, stream)

    assert condition_of(refused.value) is Condition.LOCKED
    assert not actions("totals")
    assert waits_at(stream) == 2


@pytest.mark.parametrize("name", ACTS)
def test_an_act_is_a_transaction_of_its_own(
    stream: str, operating: Operating, name: str
) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        ACTS[name][0](operating, stream)


def waits_at(stream: str) -> int:
    """The version of the event that this stream waits at."""
    [row] = [
        r for r in parked_streams(Wanted(), "totals").rows if r.stream_id == stream
    ]
    return row.version


def test_a_reset_forgets_what_was_parked(stream: str, operating: Operating) -> None:
    operating.reset("totals", Start.BEGINNING, ANN)

    how = status_of("totals", SystemClock().now())
    assert (how.parked, how.lag) == (0, 1)


@pytest.mark.parametrize(
    ("start", "next_offset"), [(Start.BEGINNING, 0), (Start.NOW, 2), (1, 1), (2, 2)]
)
def test_a_reset_sets_it_to_where_it_says(
    stream: str,
    orders: Orders,
    operating: Operating,
    start: Any,
    next_offset: int,
) -> None:
    orders.change("a")
    place = place_of(stream, 3)
    cut = Cut({place: start}) if isinstance(start, int) else start

    operating.reset("totals", cut, ANN)

    with connection.cursor() as cursor:
        partition = orders.store.topics.partition_id(place)
        assert offset_of(cursor, "totals", partition) == next_offset


def test_all_parked_streams_are_replayed_where_none_is_named(
    stream: str, operating: Operating
) -> None:
    assert operating.replay("totals", None, ANN) == 1

    [row] = actions("totals")
    assert (row.detail, row.stream_id) == ("all", None)


def test_a_skip_is_of_the_event_that_was_seen(
    stream: str, operating: Operating
) -> None:
    with pytest.raises(StreamNotParked):
        operating.skip("totals", stream, ANN, version=1)
    assert not actions("totals")

    operating.skip("totals", stream, ANN, version=2)

    assert waits_at(stream) == 3
    assert status_of("totals", SystemClock().now()).skipped == 1


def test_what_is_forgotten_leaves_only_what_was_done_to_it(
    stream: str, operating: Operating
) -> None:
    operating.forget("totals", ANN)

    with pytest.raises(SubscriptionNotFound):
        status_of("totals", SystemClock().now())
    with connection.cursor() as cursor:
        cursor.execute(LEFT)
        assert cursor.fetchone() == (0, 0, 0)
    assert [row.action for row in actions("totals")] == ["forget"]
