"""How long one waits for a subscription, what for, and what is said at the end of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eventstore.conf import conf
from eventstore.errors import SubscriptionBehind
from eventstore.events import Cut, Place, Position
from eventstore.protocol.placement import place_of
from eventstore.subscriptions import wait_for
from tests.support.clocks import StillClock
from tests.support.following import Orders, Totals, follow, follower, subscription

if TYPE_CHECKING:
    from eventstore.events import AppendResult

pytestmark = pytest.mark.usefixtures("transactional_db", "table")


def waited(position: AppendResult | Position | Cut, timeout_s: float) -> list[float]:
    """The pauses of who waits in vain, by a clock that only they move."""
    clock, pauses = StillClock(), list[float]()

    def sleep(pause: float) -> None:
        pauses.append(pause)
        clock.ahead += pause

    with pytest.raises(SubscriptionBehind) as behind:
        wait_for("totals", position, timeout_s, clock=clock, sleep=sleep)
    assert behind.value.records == 1
    told = position if isinstance(position, Position | Cut) else position.positions[-1]
    assert behind.value.position == str(told)
    return pauses


def test_pauses_grow_and_end_with_the_time_that_was_given(orders: Orders) -> None:
    follower(subscription(Totals()))
    written = orders.place("a", 2)

    pauses = waited(written, 0.5)

    assert pauses[:3] == pytest.approx([0.002, 0.003, 0.0045])
    assert (max(pauses), sum(pauses)) == pytest.approx((0.05, 0.5))


@pytest.mark.parametrize("kind", ["result", "position", "cut"])
def test_who_gives_no_time_waits_for_nothing(orders: Orders, kind: str) -> None:
    follower(subscription(Totals()))
    written = orders.place("a")
    last = written.positions[-1]
    asked: dict[str, AppendResult | Position | Cut] = {
        "result": written,
        "position": last,
        "cut": Cut({Place(last.topic, last.partition): 1}),
    }

    assert waited(asked[kind], 0.0) == []


def test_a_parked_stream_holds_up_no_cut(orders: Orders) -> None:
    one = follower(subscription(Totals(poison={("a", 1): ValueError()}), retries=(9,)))
    orders.place("a")
    follow(one)
    place = place_of(orders.stream("a"), conf.PARTITIONS)

    wait_for("totals", Cut({place: 1}), 0.0, clock=StillClock())


@pytest.mark.parametrize("beyond", [0, 1])
def test_what_is_no_place_of_this_store_is_refused(orders: Orders, beyond: int) -> None:
    follower(subscription(Totals()))
    own = orders.store.topics.places[0].topic
    places = [(own, conf.PARTITIONS + beyond), (f"{own}_other", 0)]

    for topic, partition in places:
        with pytest.raises(ValueError, match="no partition of this store"):
            wait_for("totals", Position(topic, partition, 0, 0), 0.0)
