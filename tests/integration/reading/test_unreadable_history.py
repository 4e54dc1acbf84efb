"""An event that this code cannot read stops the loading of its stream, says which it is, and stops nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from eventstore.errors import UnreadableEvent
from eventstore.repository import AggregateRepository
from eventstore.testing.shop import OrderPlaced
from eventstore.testing.shop_orders import Order
from tests.support.worlds import record

if TYPE_CHECKING:
    from tests.support.worlds import FaultyStore, World


def an_event(event_type: str, data: dict[str, object]) -> dict[str, object]:
    """As another producer writes it."""
    return {
        "event_id": str(uuid4()),
        "type": event_type,
        "schema": 1,
        "occurred_at": "2026-01-01T00:00:00.000000Z",
        "correlation_id": None,
        "causation_id": None,
        "data": data,
    }


@pytest.mark.parametrize(
    ("event_type", "data", "problem"),
    [
        ("OrderVanished", {"secret": "a name"}, "unknown_type"),
        ("OrderChanged", {"quantity": "a name"}, "ill_typed"),
    ],
)
def test_a_foreign_event_in_the_middle_of_history(
    audited: World,
    here: FaultyStore,
    event_type: str,
    data: dict[str, object],
    problem: str,
) -> None:
    order_class = type("Order", (Order,), {"stream_type": audited.stream_type})
    orders: AggregateRepository[Order] = AggregateRepository(order_class, here)
    stream = audited.stream()
    order = order_class(stream.partition(".")[2])
    order.place("customer-1")
    orders.save(order)
    foreign = record(stream, expected="any", events=[an_event(event_type, data)])
    audited.foreign(audited.place(stream), foreign, stream.encode())
    here.catch_up([audited.place(stream)], timeout_s=30)
    other = order_class(audited.stream(n=1).partition(".")[2])
    other.place("customer-2")
    orders.save(other)

    with pytest.raises(UnreadableEvent) as refused:
        AggregateRepository(order_class, here).load(order.aggregate_id)

    error, last = refused.value, list(here.read(stream))[-1]
    assert (error.version, error.event_type, error.problem) == (2, event_type, problem)
    assert error.position == str(last.position)
    assert "a name" not in str(error)
    is_known = problem != "unknown_type"  # else nobody knows whose its fields are
    assert (last.problem, last.data) == (problem, data if is_known else {})
    assert (last.withheld is None) == is_known
    assert orders.load(order.aggregate_id, version=1).state.customer_id == "customer-1"
    assert orders.load(other.aggregate_id).version == 1
    assert OrderPlaced.__name__ in {e.metadata.event_type for e in here.read(stream)}


def test_what_lies_behind_the_wanted_version_is_not_looked_at_though_in_one_commit(
    audited: World, here: FaultyStore
) -> None:
    order_class = type("Order", (Order,), {"stream_type": audited.stream_type})
    orders: AggregateRepository[Order] = AggregateRepository(order_class, here)
    stream = audited.stream()
    events = [
        an_event("OrderChanged", {"quantity": 7}),
        an_event("OrderVanished", {}),
        an_event("OrderChanged", {"quantity": 8}),
    ]
    foreign = record(stream, expected="any", events=events)
    audited.foreign(audited.place(stream), foreign, stream.encode())
    here.catch_up([audited.place(stream)], timeout_s=30)
    own_id = stream.partition(".")[2]

    assert orders.load(own_id, version=1).state.quantity == 7
    with pytest.raises(UnreadableEvent) as refused:
        orders.load(own_id)
    assert refused.value.position.endswith("/1")
    assert len(list(here.history(stream, 3))) == 1
