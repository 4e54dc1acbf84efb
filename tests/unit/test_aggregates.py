"""Aggregates decide and evolve; a state is all that a snapshot may hold."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest

from eventstore.aggregates import Aggregate, DomainError, code_digest, replay
from eventstore.events import NewEvent
from eventstore.registry import Event
from eventstore.testing.shop import OrderChanged, OrderClosed, OrderPlaced
from eventstore.testing.shop_orders import Order, OrderIsClosed, OrderState


def test_a_command_records_what_happened_and_the_state_has_it() -> None:
    order = Order("1")

    order.place("c-1")
    order.change(3)

    assert order._domain_events == [
        NewEvent(OrderPlaced(customer_id="c-1")),
        NewEvent(OrderChanged(quantity=3)),
    ]
    assert (order.stream_id, order.version) == ("order.1", 2)
    assert order.state == OrderState(customer_id="c-1", quantity=3, changes=1)


def test_a_command_that_the_rules_refuse_records_nothing() -> None:
    order = Order("1")
    order.place("c-1")
    order.close("shipped")

    with pytest.raises(OrderIsClosed) as refused:
        order.change(4)

    assert refused.value.code == "order-is-closed"
    assert str(refused.value) == OrderIsClosed.__doc__
    assert order.version == len(order._domain_events) == 2


def test_replay_gives_the_state_and_records_nothing() -> None:
    order = Order("1")

    replay(order, [OrderPlaced(customer_id="c-1"), OrderClosed(reason="shipped")])

    assert order.version == 2
    assert order.state.is_closed
    assert order._domain_events == []


def test_replay_never_refuses_what_the_log_has_accepted() -> None:
    order = Order("1")

    replay(order, [OrderClosed(reason="shipped"), OrderChanged(quantity=9)])

    assert order.state.quantity == 9


def test_a_state_is_all_that_a_snapshot_needs() -> None:
    order = Order("1")
    order.place("c-1")
    order.change(5)

    stored = msgspec.json.encode(order.state)
    again = Order("1", state=msgspec.json.decode(stored, type=OrderState), version=2)

    assert again.state == order.state
    assert set(msgspec.json.decode(stored)) == set(OrderState.__struct_fields__)


def test_aggregates_of_one_class_share_no_state() -> None:
    one, other = Order("1"), Order("2")

    one.place("c-1")

    assert other.state == OrderState()


def test_the_code_has_one_digest_in_every_process() -> None:
    elsewhere = subprocess.run(
        [
            sys.executable,
            "-c",
            "from eventstore.aggregates import code_digest\n"
            "from eventstore.testing.shop_orders import Order\n"
            "import sys; sys.stdout.write(code_digest(Order))",
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout

    assert elsewhere == code_digest(Order)


def test_another_class_has_another_digest() -> None:
    class Other(Order):
        """As an order."""

    assert code_digest(Other) != code_digest(Order)


def test_an_aggregate_that_cannot_evolve_is_none() -> None:
    class Still(Aggregate[OrderState]):
        stream_type, state_type = "order", OrderState

    with pytest.raises(TypeError, match="apply"):
        Still("1")  # type: ignore[abstract]


def test_a_domain_error_tells_its_rule() -> None:
    class TooManyError(DomainError):
        """An order holds at most nine.

        Longer words, for readers of the code.
        """

        code = "too-many"

    assert str(TooManyError()) == "An order holds at most nine."
    assert str(TooManyError("Nine, not ten.")) == "Nine, not ten."


class Packed(Event, frozen=True, kw_only=True):
    """A parcel was packed."""

    items: list[str]


class ParcelState(msgspec.Struct):
    """What is in it now."""

    items: list[str] = []


class Parcel(Aggregate[ParcelState]):
    """Takes the event's own list as its state, and changes it."""

    stream_type, state_type = "parcel", ParcelState

    def add(self, item: str) -> None:
        """One more thing, which no event tells: as careless as code can be."""
        self.state.items.append(item)

    def apply(self, event: msgspec.Struct) -> None:
        """See `Aggregate`."""
        if isinstance(event, Packed):
            self.state.items = event.items


def test_what_was_recorded_is_changed_by_nobody() -> None:
    parcel, given = Parcel("1"), ["book"]
    parcel.record(Packed(items=given))

    parcel.add("lamp")
    given.append("chair")

    assert parcel.recorded == (Packed(items=["book"]),)
    assert parcel.state.items == ["book", "lamp"]
