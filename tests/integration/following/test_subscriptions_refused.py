"""What cannot be meant is refused where it is said, and never read as its opposite."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from eventstore.bus import EventBus, called
from eventstore.clock import SystemClock
from eventstore.database import connect
from eventstore.errors import SubscriptionNotFound
from eventstore.events import Cut, Place
from eventstore.projections.configured import configured as projections_configured
from eventstore.queries.feed import marks
from eventstore.queries.subscriptions import status_of
from eventstore.subscriptions import Subscription, wait_for
from eventstore.subscriptions.configured import configured
from eventstore.subscriptions.operating import Operating, Order
from eventstore.subscriptions.registering import CutRefused, register
from eventstore.testing.shop import OrderPlaced
from tests.integration.following.test_follow_trouble import working
from tests.plugins.kafka_logs import until
from tests.support.following import Orders, Totals, follow, follower, subscription
from tests.support.projecting import Totals as Projected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from pytest_django.fixtures import Settings


def yields(event: Any) -> Iterator[None]:
    yield event


async def yields_later(event: Any) -> AsyncIterator[None]:
    yield event


class Yields:
    def __call__(self, event: Any) -> Iterator[None]:
        yield event


@pytest.mark.parametrize("kind", ["handler", "batch_handler", "raw_handler"])
@pytest.mark.parametrize(
    "handler", [yields, yields_later, Yields(), partial(partial(yields))]
)
def test_a_generator_function_is_no_handler(kind: str, handler: Any) -> None:
    with pytest.raises(ValueError, match="would do nothing"):
        Subscription(**{"name": "totals", kind: handler})
    with pytest.raises(ValueError, match="would do nothing"):
        EventBus().subscribe(handler)


@pytest.mark.parametrize("made", [yields, yields_later])
def test_a_handler_that_gives_a_generator_fails(made: Any) -> None:
    with pytest.raises(TypeError, match="generator"):
        called(lambda event: made(event), 1)


@pytest.mark.parametrize(
    "given",
    [
        {"types": []},
        {"types": ()},
        {"types": OrderPlaced},
        {"streams": []},
        {"streams": frozenset()},
        {"streams": "order"},
        {"types": [OrderPlaced], "streams": ["order"]},
        {"timeout_s": 0},
        {"timeout_s": -1},
        {"timeout_s": math.nan},
        {"timeout_s": math.inf},
        {"most": 0},
        {"most": 2.5},
        {"version": 0},
        {"version": 2**31},
        {"retries": -1},
        {"retries": [-1]},
        {"retries": [math.nan]},
        {"retries": [math.inf]},
        {"retries": "15"},
        {"name": ""},
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"totals|name"):
        subscription(Totals(), **given)


@pytest.mark.parametrize("setting", ["SUBSCRIPTIONS", "PROJECTIONS"])
def test_one_path_is_no_list_of_paths(settings: Settings, setting: str) -> None:
    settings.EVENTSTORE = {**settings.EVENTSTORE, setting: "shop.totals"}
    look = configured if setting == "SUBSCRIPTIONS" else projections_configured

    with pytest.raises(ImproperlyConfigured, match="list of dotted paths, not a str"):
        look()


def test_a_projection_that_follows_nothing_or_never_runs_says_so() -> None:
    class Nothing(Projected):
        types = ()

    assert [*Nothing.problems()] == [
        "its types name none; leave them out to follow everything"
    ]
    for name in ("handle", "effects"):
        with pytest.raises(TypeError, match="nobody would run a generator"):
            type("Yielding", (Projected,), {name: _yields})


def _yields(_self: Any, given: Any) -> Iterator[None]:
    yield given


@pytest.mark.usefixtures("transactional_db")
class TestBeginning:
    """Where a subscription that is new begins."""

    @pytest.mark.parametrize(
        "which", ["beyond", "before", "other topic", "no partition"]
    )
    def test_a_cut_that_this_store_has_not_come_to_is_refused(
        self, orders: Orders, which: str
    ) -> None:
        orders.place("a")
        topic = orders.store.topics.places[0].topic
        cut = {
            "beyond": {Place(topic, 0): 1_000},
            "before": {Place(topic, 0): -1},
            "other topic": {Place("eventstore.other", 0): 0},
            "no partition": {Place(topic, 400): 0},
        }[which]
        made = subscription(Totals(), start=Cut(cut))

        with pytest.raises(CutRefused):
            register(made, SystemClock())
        with pytest.raises(SubscriptionNotFound):  # nothing is left of it
            status_of("totals", SystemClock().now())

    @pytest.mark.usefixtures("table")
    def test_a_worker_of_such_a_one_ends_and_says_so(
        self, orders: Orders, caplog: pytest.LogCaptureFixture
    ) -> None:
        topic = orders.store.topics.places[0].topic
        one = follower(subscription(Totals(), name="others"))
        one.subscription = subscription(Totals(), start=Cut({Place(topic, 0): 1_000}))

        with working(one) as ended:
            until(lambda: bool(ended))

        assert ended == {"totals": "cut-refused"}
        assert "is folded up to" in caplog.text

    @pytest.mark.usefixtures("table")
    def test_one_that_is_there_goes_on_while_the_index_is_built_anew(
        self, orders: Orders
    ) -> None:
        orders.place("a", 2)
        [place] = [place for place, mark in marks().items() if mark.cursor]
        made = subscription(Totals(), start=Cut({place: 1}))
        follow(follower(made))
        with connect() as own:
            own.execute('UPDATE eventstore_partition SET "cursor" = 0')

        register(made, SystemClock())


@pytest.mark.usefixtures("transactional_db", "table")
def test_no_patience_at_all_is_not_patience_for_ever(orders: Orders) -> None:
    orders.place("a")
    follow(follower(subscription(Totals())))
    with pytest.raises(ValueError, match="timeout_s"):
        wait_for("totals", Cut(), math.nan)
    Operating(SystemClock(), patience_s=0.0001).pause("totals", Order("ann", "to see"))
